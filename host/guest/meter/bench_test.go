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
	"github.com/slswasm/slswasm/testdata/logs"
)

// What metering costs: go test ./host/guest/meter -run '^$' -bench .
// The guests are those of make guests; without them nothing is measured.
func BenchmarkGuests(b *testing.B) {
	for _, name := range []string{"audit.wasm", "audit.tinygo.wasm", "audit.rust.wasm", "k8s-cef.wasm", "k8s-cef.tinygo.wasm", "k8s-cef.rust.wasm"} {
		wasm, err := os.ReadFile(filepath.Join("../../../bin/guests", name))
		if err != nil {
			b.Skipf("SKIPPED: %v; make guests builds it", err)
		}
		kind := "actiontrail"
		if strings.HasPrefix(name, "k8s") {
			kind = "k8s-audit"
		}
		b.Run(name, func(b *testing.B) { benchGuest(b, wasm, events(b, kind, 256)) })
	}
}

// A way is how a guest is kept from running for ever.
type way struct {
	name                 string
	metered, interrupted bool
}

var ways = []way{{name: "unbounded"}, {name: "interrupted", interrupted: true}, {name: "metered", metered: true}}

func (w way) start(b *testing.B, wasm []byte) (api.Module, *tank) {
	b.Helper()
	ctx := b.Context()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCloseOnContextDone(w.interrupted))
	b.Cleanup(func() { _ = rt.Close(context.Background()) })
	fuel := &tank{limit: 1 << 62}
	offer(b, rt, fuel)
	if w.metered {
		var err error
		if wasm, _, err = Rewrite(wasm); err != nil {
			b.Fatal(err)
		}
	}
	mod, err := rt.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().WithStartFunctions().WithSysNanotime().WithSysWalltime())
	if err != nil {
		b.Fatal(err)
	}
	return mod, fuel
}

// benchGuest runs the ways in turn, so that a busy machine meets all of them,
// and reports the quickest batch of each.
func benchGuest(b *testing.B, wasm []byte, in []abi.Event) {
	ctx, cancel := context.WithCancel(b.Context()) // what ends never costs nothing to look at
	defer cancel()
	var batches []func()
	var n int
	var fuel *tank
	var metered api.Module
	for _, w := range ways {
		mod, t := w.start(b, wasm)
		run, records := batchOf(ctx, b, mod, in)
		batches, n = append(batches, run), records
		if w.metered {
			metered, fuel = mod, t
		}
	}
	least := make([]time.Duration, len(ways))
	before := fuel.total(metered)
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
	for i, w := range ways {
		b.ReportMetric(float64(least[i])/float64(n), w.name+"-ns/log")
	}
	b.ReportMetric(float64(fuel.total(metered)-before)/float64(b.N*n), "fuel/log")
	b.ReportMetric(float64(least[2])/float64(least[0]), "metered/unbounded")
}

// batchOf starts a guest and returns what passes it a batch of so many logs.
func batchOf(ctx context.Context, b *testing.B, mod api.Module, in []abi.Event) (run func(), n int) {
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
	call(abi.ExportInitialize)
	desc := abi.DefaultDescriptor()
	if at := call(abi.ExportInit, 0, 0); at != 0 {
		view, _ := mod.Memory().Read(uint32(at>>32), uint32(at))
		var err error
		if desc, err = abi.ParseDescriptor(bytes.Clone(view)); err != nil || desc.Error != "" {
			b.Fatal(err, desc.Error)
		}
	}
	batch := abi.NewBatch(desc)
	n, size := batch.Plan(in, len(in), 1<<20)
	return func() {
		ptr := call(abi.ExportAlloc, size)
		view, _ := mod.Memory().Read(uint32(ptr), uint32(size))
		batch.Plan(in, len(in), 1<<20)
		batch.Write(view)
		call(abi.ExportTransform, ptr, size)
	}, n
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
