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

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest/guesttest"
	"github.com/slswasm/slswasm/testdata/logs"
)

// What metering costs: go test ./host/guest/meter -run '^$' -bench .
// The guests are those of make guests; without them nothing is measured.
func BenchmarkGuests(b *testing.B) {
	for _, name := range []string{
		"audit", "audit.tinygo", "audit.rust", "k8s-cef", "k8s-cef.tinygo", "k8s-cef.rust", "redact", "redact.tinygo", "redact.rust",
	} {
		wasm, err := os.ReadFile(filepath.Join("../../../bin/guests", name+".wasm"))
		if err != nil {
			b.Skipf("SKIPPED: %v; make guests builds it", err)
		}
		kind := "actiontrail"
		if strings.HasPrefix(name, "k8s") {
			kind = "k8s-audit"
		}
		b.Run(name, func(b *testing.B) { compileWays(b, wasm).bench(b, "", events(b, kind, 256)) })
	}
}

// What metering costs guests that work hard on 2 KB of nested JSON.
func BenchmarkWork(b *testing.B) {
	const work = "internal/work"
	message, err := os.ReadFile(filepath.Join("../../../guests/examples", work, "message.json"))
	if err != nil {
		b.Fatal(err)
	}
	in := make([]abi.Event, 64)
	for i := range in {
		in[i] = abi.Event{Origin: i, Log: abi.Log{Fields: []abi.Field{{Key: []byte("message"), Value: bytes.TrimSpace(message)}}}}
	}
	for _, by := range []struct {
		name  string
		build func(testing.TB, string) []byte
	}{{"go", guesttest.Build}, {"tinygo", guesttest.BuildTinyGo}} {
		b.Run(by.name, func(b *testing.B) {
			compiled := compileWays(b, by.build(b, work))
			for _, config := range []string{"json", "regexp", "mask", "cef"} {
				b.Run(config, func(b *testing.B) { compiled.bench(b, config, in) })
			}
		})
	}
}

// A way is how a guest is kept from running for ever, and a guest so kept.
type way struct {
	name                 string
	metered, interrupted bool

	rt       wazero.Runtime
	compiled wazero.CompiledModule
	fuel     *tank
}

type ways [3]way

func compileWays(b *testing.B, wasm []byte) *ways {
	b.Helper()
	list := &ways{{name: "unmetered"}, {name: "interrupted", interrupted: true}, {name: "metered", metered: true}}
	metered, _, err := Rewrite(wasm)
	if err != nil {
		b.Fatal(err)
	}
	for i := range list {
		w, wasm := &list[i], wasm
		w.rt = wazero.NewRuntimeWithConfig(b.Context(), wazero.NewRuntimeConfig().WithCloseOnContextDone(w.interrupted))
		b.Cleanup(func() { _ = w.rt.Close(context.Background()) })
		w.fuel = &tank{limit: 1 << 62}
		offer(b, w.rt, w.fuel)
		if w.metered {
			wasm = metered
		}
		if w.compiled, err = w.rt.CompileModule(b.Context(), wasm); err != nil {
			b.Fatal(err)
		}
	}
	return list
}

// bench runs the ways in turn, so that a busy machine meets all of them, and
// reports the quickest batch of each.
func (list *ways) bench(b *testing.B, config string, in []abi.Event) {
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
	fuel := list[2].fuel
	least, before := make([]time.Duration, len(list)), fuel.total(metered)
	for b.Loop() {
		for i, run := range batches {
			begin := time.Now()
			run()
			if took := time.Since(begin); least[i] == 0 || took < least[i] {
				least[i] = took
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	for i := range list {
		b.ReportMetric(float64(least[i])/float64(len(in)), list[i].name+"-ns/log")
	}
	b.ReportMetric(float64(fuel.total(metered)-before)/float64(b.N*len(in)), "fuel/log")
	b.ReportMetric(float64(least[2])/float64(least[0]), "metered/unmetered")
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
