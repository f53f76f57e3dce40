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
	return m.transform(ctx, in, out, true)
}

// Rehearse is Transform, but what the guest counts meanwhile does not count.
func (m *Module) Rehearse(ctx context.Context, in []abi.Event, out *Output) error {
	return m.transform(ctx, in, out, false)
}

func (m *Module) transform(ctx context.Context, in []abi.Event, out *Output, counts bool) error {
	out.Reset()
	ins, err := m.pool.get(ctx)
	if err != nil {
		return err
	}
	r := newRun(m, ins, in, out)
	r.counts = counts
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
// Only a log fails that faults alone on an instance which served nothing
// before: a used one may have been spoilt by the logs before it. After a
// fault the run tries the record that the guest had in hand, as far as it is
// known, alone on a fresh instance. If that record faults there it fails, and
// the logs around it go on; if it does not, the batch is repeated. When it
// faults again the run trusts no other such hint and halves the batches until
// a log is alone. Batches grow again with success; so n logs cost O(n) calls
// and instances, whatever the guest does.
type run struct {
	m   *Module
	ins *instance // nil: to be started
	in  []abi.Event
	out *Output

	counts  bool   // what the guest counts
	pos     int    // logs before it are done
	most    int    // records in a batch, at best
	size    int    // records in the next batch
	suspect int    // log to be tried alone on a fresh instance; -1: none
	guilty  int    // log that was tried and fails when pos is there; -1: none
	verdict *Fault // of guilty
	trust   bool   // in the guest's word for which record it has in hand
	cleared bool   // the last batch's suspect is innocent
}

func newRun(m *Module, ins *instance, in []abi.Event, out *Output) *run {
	most := m.desc.BatchMax
	return &run{m: m, ins: ins, in: in, out: out, most: most, size: most, suspect: -1, guilty: -1, trust: true}
}

// step runs one batch, or tries the suspect.
func (r *run) step(ctx context.Context) error {
	if r.pos == r.guilty {
		r.fail(r.verdict)
		return nil
	}
	if err := r.start(ctx); err != nil {
		return err
	}
	first, most := r.next()
	n, size := r.ins.batch.Plan(r.in[first:], most, uint64(min(batchBytes, r.m.cfg.MemoryLimit/4)))
	if limit := r.m.cfg.MemoryLimit; size > uint64(limit) { // then it is of one log
		r.convict(first, &Fault{
			Guest: r.m.cfg.Name, Kind: Memory, suspect: -1,
			Err: fmt.Errorf("a log of %d bytes does not fit into a memory of %d MiB", size, limit>>20),
		})
		return nil
	}
	fresh, before := !r.ins.used, r.out.Mark()
	f := r.ins.call(ctx, r.in[first:first+n], first, int(size), r.out)
	switch {
	case f == nil && first == r.pos:
		if r.counts {
			r.ins.ctx.tally.commit()
		}
		r.done(n)
		return nil
	case f == nil: // it was out of turn, and runs again with its neighbours
		r.out.Rewind(before)
		r.suspect, r.cleared = -1, true
		return nil
	}
	r.ins.close(ctx)
	r.ins = nil
	if ctx.Err() != nil {
		return ctx.Err() // the host stopped it: nobody's fault
	}
	if n == 1 && fresh {
		r.convict(first, f)
		return nil
	}
	r.m.replays(ctx, f)
	r.fault(n, f, fresh)
	return nil
}

// start makes sure that there is an instance.
func (r *run) start(ctx context.Context) error {
	if r.ins != nil {
		return nil
	}
	ins, err := r.m.newInstance(ctx)
	if err == nil {
		r.ins = ins
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("guest %s: cannot be started again: %w", r.m.cfg.Name, err)
}

// next returns where the next batch begins, and how many records it may have.
func (r *run) next() (first, most int) {
	switch {
	case r.suspect >= 0:
		return r.suspect, 1
	case r.guilty >= 0:
		return r.pos, min(r.size, r.guilty-r.pos)
	}
	return r.pos, r.size
}

// done takes note of a batch that went well.
func (r *run) done(n int) {
	r.pos += n
	if r.suspect >= 0 {
		r.suspect, r.cleared = -1, true
		return
	}
	r.cleared = false
	if n == r.size {
		r.size = min(2*r.size, r.most)
	}
}

// fault takes note of a batch that did not, and may on a fresh instance.
func (r *run) fault(n int, f *Fault, fresh bool) {
	hint := r.trust && !r.cleared && r.guilty < 0 && f.suspect >= 0
	switch {
	case n == 1:
		r.suspect = r.pos
	case hint:
		r.suspect = r.pos + f.suspect
	case fresh || r.cleared: // it is the batch, not what the instance did before
		r.trust = r.trust && !r.cleared && r.guilty < 0
		r.size = max(1, n/2)
		if f.shrink {
			r.most = r.size
		}
	}
	r.cleared = false
}

// convict takes note that a log fails, in its turn.
func (r *run) convict(at int, f *Fault) {
	if at == r.pos {
		r.fail(f)
		return
	}
	r.suspect, r.guilty, r.verdict = -1, at, f
}

// fail fails the log whose turn it is. The batches get smaller: when every
// log faults, so that each is alone.
func (r *run) fail(f *Fault) {
	r.out.Fail(r.pos, f)
	r.pos++
	r.suspect, r.guilty, r.verdict = -1, -1, nil
	r.size = max(1, r.size/2)
}

// replays tells of a fault that may yet come to nothing.
func (m *Module) replays(ctx context.Context, f *Fault) {
	m.cfg.Logger.DebugContext(ctx, "the guest faulted; its logs run again on a fresh instance", "guest", m.cfg.Name, "error", f)
}
