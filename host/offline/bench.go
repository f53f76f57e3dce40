package offline

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/perf/cpu"
)

const (
	benchBatch  = 2048 // logs in one call, at least: about a pull
	benchRounds = 5    // both modules in turn, so that a machine's moods meet both
	benchStarts = 5
)

// A Comparison is a module measured beside one that keeps every log, which
// costs what the host costs. Both ran with the same logs, in turn, in one
// instance.
type Comparison struct {
	Records     int     `json:"records"`          // of each module
	RecordBytes float64 `json:"bytes_per_record"` // keys and values
	Module      Measure `json:"module"`
	KeepAll     Measure `json:"keep_all"`
}

// A Measure is what a module took for the logs. CPU time is the whole
// process's: the module, the host around it, and garbage collection.
type Measure struct {
	RecordsPerSecond float64 `json:"records_per_second"`
	MBPerCPUSecond   float64 `json:"mb_per_cpu_second"` // 10^6 bytes of keys and values
	NsPerRecord      float64 `json:"cpu_ns_per_record"`
	FuelPerRecord    float64 `json:"fuel_per_record"`   // units of package meter; 0: it is not metered
	StartMs          float64 `json:"instance_start_ms"` // the median of several
	MemoryBefore     int     `json:"memory_before"`     // bytes of linear memory, after the first call
	MemoryAfter      int     `json:"memory_after"`
	MemoryGrewUntil  int     `json:"memory_grew_until"` // records after which it no longer grew; 0 if it never did
	Events           int     `json:"events"`
	Dropped          int     `json:"dropped"`
	Failed           int     `json:"failed"`

	wall, cpu time.Duration
	records   int // passed through so far
	fuel      int64
}

// Bench measures a compiled module over so many records: the logs again and
// again. The limits are those that keep-all runs in.
func Bench(ctx context.Context, m *guest.Module, limits Limits, logs []abi.Event, records int) (*Comparison, error) {
	wasm, err := hex.DecodeString(keepAll)
	if err != nil {
		return nil, err
	}
	keep, err := (&Module{Name: "keep all", Wasm: wasm, Limits: limits}).Compile(ctx)
	if err != nil {
		return nil, err
	}
	c := &Comparison{}
	err = c.run(ctx, [2]*bench{{Module: m, m: &c.Module}, {Module: keep, m: &c.KeepAll}}, logs, records)
	return c, errors.Join(err, keep.Close(context.WithoutCancel(ctx)))
}

// A bench is one module being measured.
type bench struct {
	*guest.Module
	m   *Measure
	out guest.Output
}

func (c *Comparison) run(ctx context.Context, both [2]*bench, logs []abi.Event, records int) error {
	batch := repeated(logs)
	for _, b := range both {
		if err := b.begin(ctx, batch); err != nil {
			return err
		}
	}
	calls := max(1, (records+benchRounds*len(batch)-1)/(benchRounds*len(batch)))
	for range benchRounds {
		for _, b := range both {
			if err := b.round(ctx, batch, calls); err != nil {
				return err
			}
		}
	}
	c.Records = benchRounds * calls * len(batch)
	c.RecordBytes = bytesPerRecord(logs)
	for _, b := range both {
		b.m.rate(c.Records, c.RecordBytes)
	}
	return nil
}

// begin starts instances, and passes the logs once: a guest grows to its
// size with its first batch.
func (b *bench) begin(ctx context.Context, batch []abi.Event) error {
	var starts []time.Duration
	for range benchStarts {
		took, err := b.StartInstance(ctx)
		if err != nil {
			return err
		}
		starts = append(starts, took)
	}
	slices.Sort(starts)
	b.m.StartMs = starts[len(starts)/2].Seconds() * 1e3
	err := b.Transform(ctx, batch, &b.out)
	if err == nil {
		b.m.MemoryBefore, err = b.Memory(ctx)
		b.m.MemoryAfter = b.m.MemoryBefore
	}
	return err
}

func (b *bench) round(ctx context.Context, batch []abi.Event, calls int) error {
	wall, used, fuel := time.Now(), cpu.Time(), b.Fuel()
	for range calls {
		if err := b.Transform(ctx, batch, &b.out); err != nil {
			return err
		}
		b.m.Events += len(b.out.Events)
		b.m.Dropped += b.out.Dropped
		b.m.Failed += len(b.out.Failures)
		b.m.records += len(batch)
		memory, err := b.Memory(ctx)
		if err != nil {
			return err
		}
		if memory > b.m.MemoryAfter {
			b.m.MemoryAfter, b.m.MemoryGrewUntil = memory, b.m.records
		}
	}
	b.m.cpu += cpu.Time() - used
	b.m.wall += time.Since(wall)
	b.m.fuel += b.Fuel() - fuel
	return nil
}

func (m *Measure) rate(records int, bytes float64) {
	used := m.cpu
	if used <= 0 { // it is not known, or too little for the kernel's clock
		used = m.wall
	}
	m.RecordsPerSecond = float64(records) / m.wall.Seconds()
	m.FuelPerRecord = float64(m.fuel) / float64(records)
	m.NsPerRecord = float64(used) / float64(records)
	m.MBPerCPUSecond = float64(records) * bytes / 1e6 / used.Seconds()
}

// repeated returns the logs as often as make a batch.
func repeated(logs []abi.Event) []abi.Event {
	batch := slices.Repeat(logs, (benchBatch+len(logs)-1)/len(logs))
	for i := range batch {
		batch[i].Origin = i
	}
	return batch
}

func bytesPerRecord(logs []abi.Event) float64 {
	total := 0
	for _, l := range logs {
		for _, f := range l.Fields {
			total += len(f.Key) + len(f.Value)
		}
	}
	return float64(total) / float64(len(logs))
}
