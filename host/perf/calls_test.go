package perf_test

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/perf"
	"github.com/slswasm/slswasm/host/perf/input"
	"github.com/slswasm/slswasm/host/shard"
)

// calls counts what crosses the border to a guest.
type calls struct{ allocs, transforms, asked int }

func (c *calls) NewFunctionListener(f api.FunctionDefinition) experimental.FunctionListener {
	for _, name := range f.ExportNames() {
		switch name {
		case abi.ExportAlloc:
			return experimental.FunctionListenerFunc(func(_ context.Context, _ api.Module, _ api.FunctionDefinition, params []uint64, _ experimental.StackIterator) {
				c.allocs++
				c.asked += int(uint32(params[0]))
			})
		case abi.ExportTransform:
			return experimental.FunctionListenerFunc(func(context.Context, api.Module, api.FunctionDefinition, []uint64, experimental.StackIterator) {
				c.transforms++
			})
		}
	}
	return nil
}

// TestCalls is the guard of the border: one request for memory and one call
// a batch, batches as large as may be, and each byte copied in once.
func TestCalls(t *testing.T) {
	dir := t.TempDir()
	if err := perf.WriteHand("../../testdata/wat", dir); err != nil {
		t.Fatal(err)
	}
	raw, err := input.Pull(input.Mixed, 3e6)
	if err != nil {
		t.Fatal(err)
	}
	logs, err := shard.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	in, size, fields := make([]abi.Event, len(logs)), 0, 0
	for i, l := range logs {
		in[i] = abi.Event{Log: l, Origin: i}
		fields += len(l.Fields)
		for _, f := range l.Fields {
			size += len(f.Key) + len(f.Value)
		}
	}
	tables := len(in)*(abi.RecordSize+abi.SlotSize) + fields*abi.FieldSize
	for name, most := range map[string]int{"keep": len(in) * (abi.RecordSize + abi.SlotSize), "keep-table": size + tables} {
		c := &calls{}
		ctx := experimental.WithFunctionListenerFactory(t.Context(), c)
		cfg, err := perf.ReadGuest(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		m, err := guest.Compile(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		*c = calls{} // what the start took
		var out guest.Output
		if err := m.Transform(ctx, in, &out); err != nil || len(out.Events) != len(in) {
			t.Fatal(len(out.Events), err)
		}
		// Full but for the last: a batch has 1 MiB or as many logs as the guest takes.
		batches := max(most/(900<<10), len(in)/m.Info().BatchMax) + 1
		t.Logf("%s: %d logs of %d bytes: %+v", name, len(in), size, *c)
		if c.allocs != c.transforms || c.transforms == 0 || c.transforms > batches {
			t.Errorf("%s: %d requests for memory and %d calls, want at most %d", name, c.allocs, c.transforms, batches)
		}
		if c.asked > most+c.allocs*abi.HeaderSize {
			t.Errorf("%s: %d bytes asked of the guest for %d and tables of %d", name, c.asked, size, tables)
		}
		if err := m.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}
