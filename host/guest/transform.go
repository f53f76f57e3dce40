package guest

import (
	"context"
	"fmt"

	"github.com/slswasm/slswasm/abi"
)

// Transform runs the logs through the guest and replaces what is in out by
// what becomes of them: every log ends as events, as dropped, or as a
// failure. Its own error is never a log's fault: ctx ended, or no instance
// can be started; out then holds the logs up to somewhere and is of no use.
//
// The events share memory with in and with out.
func (m *Module) Transform(ctx context.Context, in []abi.Event, out *Output) error {
	out.Reset()
	ins, err := m.pool.get(ctx)
	if err != nil {
		return err
	}
	r := run{m: m, ins: ins, in: in, out: out, most: m.desc.BatchMax, size: m.desc.BatchMax, suspect: -1, trust: true}
	defer func() { m.pool.put(r.ins) }()
	for r.pos < len(in) {
		if err := r.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// A run brings the logs of one Transform through a guest that may fault.
//
// Only a log that faults alone fails. After a fault the run suspects the
// record that the guest had in hand, as far as it is known: it runs those
// before it, then it alone, then the rest. When that suspicion proves wrong
// it trusts no other, and halves the batches until a log is alone. Batches
// grow again with success; so n logs cost at most about 2n calls and n
// instances, whatever the guest does.
type run struct {
	m   *Module
	ins *instance // nil: to be started
	in  []abi.Event
	out *Output

	pos     int  // logs before it are done
	most    int  // records in a batch, at best
	size    int  // records in the next batch
	suspect int  // log that is to run alone; -1: none
	trust   bool // in the guest's word for which record it has in hand
}

// step runs one batch.
func (r *run) step(ctx context.Context) error {
	if r.ins == nil {
		ins, err := r.m.newInstance(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("guest %s: cannot be started again: %w", r.m.cfg.Name, err)
		}
		r.ins = ins
	}
	n, size := r.ins.batch.Plan(r.in[r.pos:], r.next(), uint64(min(batchBytes, r.m.cfg.MemoryLimit/4)))
	if limit := r.m.cfg.MemoryLimit; size > uint64(limit) {
		r.fault(ctx, n, &Fault{
			Guest: r.m.cfg.Name, Kind: Memory, suspect: -1,
			Err: fmt.Errorf("a log of %d bytes does not fit into a memory of %d MiB", size, limit>>20),
		})
		return nil
	}
	f := r.ins.call(ctx, r.in[r.pos:r.pos+n], r.pos, int(size), r.out)
	if f == nil {
		r.done(n)
		return nil
	}
	r.ins.close(ctx)
	r.ins = nil
	if ctx.Err() != nil {
		return ctx.Err() // the host stopped it: nobody's fault
	}
	r.fault(ctx, n, f)
	return nil
}

// next returns how many records the next batch may have.
func (r *run) next() int {
	switch {
	case r.suspect < 0:
		return r.size
	case r.pos == r.suspect:
		return 1
	}
	return r.suspect - r.pos
}

// done takes note of a batch that went well.
func (r *run) done(n int) {
	if r.pos == r.suspect {
		r.trust, r.suspect = false, -1 // it was innocent
	} else if n == r.size {
		r.size = min(2*r.size, r.most)
	}
	r.pos += n
}

// fault takes note of a batch that did not.
func (r *run) fault(ctx context.Context, n int, f *Fault) {
	if n == 1 {
		r.out.Fail(r.pos, f)
		r.pos++
		r.suspect = -1
		return
	}
	r.m.replays(ctx, f)
	r.size = max(1, n/2)
	if f.shrink {
		r.most = r.size
	}
	if r.suspect >= 0 { // those before the suspect faulted without it
		r.trust, r.suspect = false, -1
	} else if r.trust && f.suspect >= 0 {
		r.suspect = r.pos + f.suspect
	}
}

// replays tells of a fault that may yet come to nothing.
func (m *Module) replays(ctx context.Context, f *Fault) {
	m.cfg.Logger.DebugContext(ctx, "the guest faulted; its logs run again on a fresh instance", "guest", m.cfg.Name, "error", f)
}
