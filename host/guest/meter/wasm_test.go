package meter

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/slswasm/slswasm/abi"
)

var errGone = errors.New("the fuel is gone")

// A tank gives fuel in portions until it is empty.
type tank struct {
	limit int64
	used  int64 // when it was asked last
	given int64
}

const portion = 1 << 16

func (t *tank) more(_ context.Context, _ api.Module, stack []uint64) {
	t.used = t.given - int64(stack[0])
	if t.used > t.limit {
		panic(errGone)
	}
	now := min(t.limit-t.used, portion)
	t.given = t.used + now
	stack[0] = uint64(now)
}

// total is what was used so far.
func (t *tank) total(mod api.Module) int64 {
	return t.given - int64(mod.ExportedGlobal(ImportModule).Get())
}

// offer instantiates what guests may import.
func offer(tb testing.TB, rt wazero.Runtime, t *tank) {
	tb.Helper()
	ctx := context.Background()
	wasi_snapshot_preview1.MustInstantiate(ctx, rt)
	log := func(context.Context, api.Module, []uint64) {}
	const i32 = api.ValueTypeI32
	_, err := rt.NewHostModuleBuilder(abi.ImportModule).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(log), []api.ValueType{i32, i32, i32}, nil).Export(abi.ImportLog).Instantiate(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	offerMore(tb, rt, t)
}

// offerMore instantiates what metered modules import.
func offerMore(tb testing.TB, rt wazero.Runtime, t *tank) {
	tb.Helper()
	_, err := rt.NewHostModuleBuilder(ImportModule).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(t.more), []api.ValueType{api.ValueTypeI64}, []api.ValueType{api.ValueTypeI64}).Export(ImportMore).Instantiate(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
}

var engines = map[string]func() wazero.RuntimeConfig{
	"compiler": wazero.NewRuntimeConfigCompiler, "interpreter": wazero.NewRuntimeConfigInterpreter,
}

// samples returns the assembled modules of testdata/wat, by name.
func samples(tb testing.TB) map[string][]byte {
	tb.Helper()
	files, err := filepath.Glob("../../../testdata/wat/*.hex")
	if err != nil || len(files) == 0 {
		tb.Fatal("no files in testdata/wat", err)
	}
	list := map[string][]byte{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		wasm, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
		if err != nil {
			tb.Fatal(err)
		}
		list[strings.TrimSuffix(filepath.Base(file), ".hex")] = wasm
	}
	return list
}
