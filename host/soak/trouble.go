package soak

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// trouble puts logs, and lets happen what is planned, until ctx ends.
func (w *world) trouble(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return w.service.feed(ctx, w.account, w.cfg.PerSecond) })
	work.Go(func() error { w.tell(ctx); return nil })
	work.Go(func() error { w.follow(ctx); return nil })
	for _, list := range w.mortals {
		for _, m := range list {
			work.Go(func() error { return m.run(ctx) })
		}
	}
	return work.Wait()
}

// follow hands each step of the plan to what it happens to. Steps that come
// while that is busy wait for their turn.
func (w *world) follow(ctx context.Context) {
	start := time.Now()
	for _, step := range plan(w.cfg.Seed, w.cfg.Length) {
		if wait(ctx, time.Until(start.Add(step.at))) != nil {
			return
		}
		switch step.do {
		case doSplit, doMerge:
			w.service.reshape(step.do, step.pick)
		case doHECDown, doSyslogDown, doRELPDown:
			list := w.mortals[step.do]
			list[step.pick%len(list)].steps <- step
		default:
			w.slots[step.pick%len(w.slots)].steps <- step
		}
	}
}

// A site is where a receiver listens, or does not.
type site interface {
	Up() error
	Down()
}

// A mortal is a receiver that goes down now and then.
type mortal struct {
	site    site
	name    string
	steps   chan step
	faults  *tally
	history *history
}

func (w *world) mortal(do, name string, s site) {
	w.mortals[do] = append(w.mortals[do], &mortal{site: s, name: name, steps: make(chan step, queue), faults: w.faults, history: w.history})
}

// run lets the receiver go down and come up until ctx ends; it is up then.
func (m *mortal) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case step := <-m.steps:
			m.faults.add(step.do)
			m.history.died(m.name)
			m.site.Down()
			_ = wait(ctx, step.length) // when all is over it comes up sooner
			if err := m.revive(context.WithoutCancel(ctx)); err != nil {
				return fmt.Errorf("a receiver cannot listen again: %w", err)
			}
		}
	}
}

// revive tries for a while: a connection that was just tried may have taken
// the port, and passes.
func (m *mortal) revive(ctx context.Context) (err error) {
	for range 100 {
		if err = m.site.Up(); err == nil {
			return nil
		}
		_ = wait(ctx, 20*time.Millisecond)
	}
	return err
}

// tell writes a line every ten seconds.
func (w *world) tell(ctx context.Context) {
	start := time.Now()
	for wait(ctx, 10*time.Second) == nil {
		put, arrived := w.account.progress()
		fmt.Fprintf(w.cfg.Progress, "%3.0f s: %d logs put, %d arrived, %d faults\n",
			time.Since(start).Seconds(), put, arrived, sum(w.faults.counts()))
	}
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
