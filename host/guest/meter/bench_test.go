package meter

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest/guesttest"
	"github.com/slswasm/slswasm/host/perf/cpu"
	"github.com/slswasm/slswasm/testdata/logs"
)

// What metering costs: go test ./host/guest/meter -run '^$' -bench .
// The guests are those of make guests; one that is not there is skipped.
func BenchmarkGuests(b *testing.B) {
	for _, name := range []string{
		"audit", "audit.tinygo", "audit.rust", "k8s-cef", "k8s-cef.tinygo", "k8s-cef.rust", "redact", "redact.tinygo", "redact.rust",
	} {
		kind := "actiontrail"
		if strings.HasPrefix(name, "k8s") {
			kind = "k8s-audit"
		}
		b.Run(name, func(b *testing.B) { compileWays(b, built(b, name), true).bench(b, "", events(b, kind, 256)) })
	}
}

// built is a module of make guests.
func built(b *testing.B, name string) []byte {
	b.Helper()
	wasm, err := os.ReadFile(filepath.Join("../../../bin/guests", name+".wasm"))
	if err != nil {
		b.Skipf("SKIPPED: %v; make guests builds it where its toolchain is installed", err)
	}
	return wasm
}

// What metering costs guests that work hard on 2 KB of nested JSON.
func BenchmarkWork(b *testing.B) {
	in := messages(b, 64)
	for _, by := range toolchains {
		b.Run(by.name, func(b *testing.B) {
			compiled := compileWays(b, by.build(b), true)
			for _, config := range works {
				b.Run(config, func(b *testing.B) { compiled.bench(b, config, in) })
			}
		})
	}
}

// The guest that works hard, what it can be told to do, and what it is built
// by. It is no example and not among the modules of make guests.
const work = "internal/work"

var works = []string{"json", "regexp", "mask", "cef"}

var toolchains = []struct {
	name  string
	build func(testing.TB) []byte
}{
	{"work", func(tb testing.TB) []byte { return guesttest.Build(tb, work) }},
	{"work.tinygo", func(tb testing.TB) []byte { return guesttest.BuildTinyGo(tb, work) }},
	{"work.rust", func(tb testing.TB) []byte {
		if _, err := os.Stat(filepath.Join(examples, work, "rust")); err != nil {
			tb.Skipf("SKIPPED: there is no %s in Rust: %v", work, err)
		}
		return guesttest.BuildRust(tb, "work")
	}},
}

const examples = "../../../guests/examples"

// messages are what the guest works on, so many times.
func messages(tb testing.TB, n int) []abi.Event {
	tb.Helper()
	message, err := os.ReadFile(filepath.Join(examples, work, "message.json"))
	if err != nil {
		tb.Fatal(err)
	}
	in := make([]abi.Event, n)
	for i := range in {
		in[i] = abi.Event{Origin: i, Log: abi.Log{Fields: []abi.Field{{Key: []byte("message"), Value: bytes.TrimSpace(message)}}}}
	}
	return in
}

// A way is how a guest is kept from running for ever, and a guest so kept.
type way struct {
	name                 string
	metered, interrupted bool

	rt       wazero.Runtime
	compiled wazero.CompiledModule
	fuel     *tank
}

// ways are the unmetered one, the metered one and, if it is wanted, the old one.
type ways []way

func compileWays(b *testing.B, wasm []byte, interrupted bool) ways {
	b.Helper()
	list := ways{{name: "unmetered"}, {name: "metered", metered: true}}
	if interrupted {
		list = append(list, way{name: "interrupted", interrupted: true})
	}
	metered, _, err := Rewrite(wasm)
	if err != nil {
		b.Fatal(err)
	}
	for i := range list {
		w, wasm := &list[i], wasm
		w.rt = wazero.NewRuntimeWithConfig(b.Context(), wazero.NewRuntimeConfig().WithCloseOnContextDone(w.interrupted).WithCompilationCache(cache(b)))
		b.Cleanup(func() { _ = w.rt.Close(context.Background()) })
		w.fuel = &tank{limit: 1 << 62}
		offerAll(b, w.rt, w.fuel)
		if w.metered {
			wasm = metered
		}
		if w.compiled, err = w.rt.CompileModule(b.Context(), wasm); err != nil {
			b.Fatal(err)
		}
	}
	return list
}

// cache keeps what is compiled for the next time.
func cache(b *testing.B) wazero.CompilationCache {
	b.Helper()
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil // it takes longer
	}
	c, err := wazero.NewCompilationCacheWithDir(filepath.Join(dir, "slswasm", "wazero"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// offerAll instantiates what the guests here import: offer knows nothing of JSON.
func offerAll(b *testing.B, rt wazero.Runtime, t *tank) {
	b.Helper()
	wasi_snapshot_preview1.MustInstantiate(context.Background(), rt)
	const i32 = api.ValueTypeI32
	tape := func(_ context.Context, mod api.Module, stack []uint64) {
		ptr, n, out, most := uint32(stack[0]), uint32(stack[1]), uint32(stack[2]), uint32(stack[3])
		text, _ := mod.Memory().Read(ptr, n)
		dst, _ := mod.Memory().Read(out, min(most, n)*abi.TapeEntry)
		stack[0] = api.EncodeI32(int32(abi.WriteTape(dst, text)))
		if left, ok := mod.ExportedGlobal(ImportModule).(api.MutableGlobal); ok {
			left.Set(left.Get() - uint64(n))
		}
	}
	none := func(context.Context, api.Module, []uint64) {}
	own := rt.NewHostModuleBuilder(abi.ImportModule)
	own.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(none), []api.ValueType{i32, i32, i32}, nil).Export(abi.ImportLog)
	own.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(tape), []api.ValueType{i32, i32, i32, i32}, []api.ValueType{i32}).Export(abi.ImportJSON)
	if _, err := own.Instantiate(context.Background()); err != nil {
		b.Fatal(err)
	}
	offerMore(b, rt, t)
}

// A cost is what a log takes.
type cost struct {
	least []time.Duration // of a batch, each way
	fuel  float64
}

// bench runs the ways in turn, so that a busy machine meets all of them, and
// reports the quickest batch of each.
func (list ways) bench(b *testing.B, config string, in []abi.Event) {
	c := list.measure(b, config, in)
	b.ReportMetric(0, "ns/op")
	for i := range list {
		b.ReportMetric(float64(c.least[i])/float64(len(in)), list[i].name+"-ns/log")
	}
	b.ReportMetric(c.fuel, "fuel/log")
	b.ReportMetric(float64(c.least[1])/float64(c.least[0]), cpu.Metered)
}

func (list ways) measure(b *testing.B, config string, in []abi.Event) cost {
	ctx, cancel := context.WithCancel(b.Context()) // what ends never costs nothing to look at
	defer cancel()
	var batches []func()
	var metered api.Module
	for i := range list {
		w := &list[i]
		mod, err := w.rt.InstantiateModule(ctx, w.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions().WithSysNanotime().WithSysWalltime())
		if err != nil {
			b.Fatal(err)
		}
		defer mod.Close(context.Background()) //nolint:errcheck // of a benchmark
		batches = append(batches, batchOf(ctx, b, mod, config, in))
		if w.metered {
			metered = mod
		}
	}
	fuel := list[1].fuel
	least, before := make([]time.Duration, len(list)), fuel.total(metered)
	for turn := 0; b.Loop(); turn++ {
		for n := range batches {
			i := (turn + n) % len(batches) // the first one warms the caches
			begin := time.Now()
			batches[i]()
			if took := time.Since(begin); least[i] == 0 || took < least[i] {
				least[i] = took
			}
		}
	}
	return cost{least, float64(fuel.total(metered)-before) / float64(b.N*len(in))}
}

// batchOf starts a guest and returns what passes it a batch of the logs.
func batchOf(ctx context.Context, b *testing.B, mod api.Module, config string, in []abi.Event) (run func()) {
	call := func(name string, args ...uint64) uint64 {
		f := mod.ExportedFunction(name)
		if f == nil {
			return 0
		}
		r, err := f.Call(ctx, args...)
		if err != nil {
			b.Fatal(name, err)
		}
		if len(r) == 0 {
			return 0
		}
		return r[0]
	}
	view := func(at uint64) []byte {
		v, _ := mod.Memory().Read(uint32(at>>32), uint32(at))
		return v
	}
	call(abi.ExportInitialize)
	var settings uint64
	if config != "" {
		settings = call(abi.ExportAlloc, uint64(len(config)))
		mod.Memory().WriteString(uint32(settings), config)
	}
	desc := abi.DefaultDescriptor()
	if at := call(abi.ExportInit, settings, uint64(len(config))); at != 0 {
		var err error
		if desc, err = abi.ParseDescriptor(bytes.Clone(view(at))); err != nil || desc.Error != "" {
			b.Fatal(err, desc.Error)
		}
	}
	batch := abi.NewBatch(desc)
	plan := func() uint64 {
		n, size := batch.Plan(in, len(in), 1<<20)
		if n != len(in) {
			b.Fatalf("%d logs fit into a batch, not %d", n, len(in))
		}
		return size
	}
	return func() {
		size := plan()
		ptr := call(abi.ExportAlloc, size)
		batch.Write(view(ptr<<32 | size))
		call(abi.ExportTransform, ptr, size)
	}
}

// events are the sample logs of a kind, again and again.
func events(tb testing.TB, kind string, n int) []abi.Event {
	tb.Helper()
	text, err := logs.Files.ReadFile(kind + ".jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	in := make([]abi.Event, n)
	for i := range in {
		var fields map[string]string
		if err := json.Unmarshal(lines[i%len(lines)], &fields); err != nil {
			tb.Fatal(err)
		}
		in[i].Origin = i
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			in[i].Fields = append(in[i].Fields, abi.Field{Key: []byte(key), Value: []byte(fields[key])})
		}
	}
	return in
}
