package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/sinks"
)

// Reload puts new guests in the place of those in use, as many as there are,
// while the pipeline runs. The new ones are compiled and checked, and have to
// do at least as well as the old ones on the last logs that came by; then
// every batch that begins passes through them, while those under way finish
// with the old ones. On an error the old ones stay. Reload returns when the
// old ones are closed.
func (p *Pipeline) Reload(ctx context.Context, guests []guest.Config) error {
	p.reloading.Lock()
	defer p.reloading.Unlock()
	if n := len(p.guests.modules); len(guests) != n {
		return fmt.Errorf("%d guests in the place of %d: their number cannot change", len(guests), n)
	}
	fresh, err := compile(ctx, guests, p.logger)
	if err != nil {
		return err
	}
	if fresh.same(p.guests) {
		p.logger.Info("the guests are still the same; nothing is replaced")
		return fresh.close(ctx)
	}
	if err := p.rehearse(ctx, fresh); err != nil {
		return errors.Join(err, fresh.close(ctx))
	}
	p.swap.Lock()
	old := p.guests
	p.guests = fresh
	p.swap.Unlock()
	for _, m := range fresh.modules {
		p.logger.Info("guest replaced", "guest", m.file, "sha256", m.sha256)
	}
	return old.close(ctx)
}

// ReloadSinks makes the sinks read again what they read from files while they
// work. After an error, which names the setting, a sink goes on with what it
// had.
func (p *Pipeline) ReloadSinks() error {
	var errs []error
	for _, s := range p.named {
		r, ok := s.Sink.(sinks.Reloader)
		if !ok {
			continue
		}
		if err := r.Reload(); err != nil {
			errs = append(errs, fmt.Errorf("sink %s: %w", s.Name, err))
		}
	}
	return errors.Join(errs...)
}

// rehearse refuses guests that fail logs which the guests in use can
// transform. A log that both fail is no reason: the new guest may be the one
// that mends most of them.
func (p *Pipeline) rehearse(ctx context.Context, fresh *chain) error {
	ctx, cancel := context.WithTimeoutCause(ctx, rehearseLimit,
		fmt.Errorf("the last logs take it longer than %v", rehearseLimit))
	defer cancel()
	logs := p.last.logs()
	failed, first, err := fresh.failures(ctx, logs)
	if err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	if len(failed) == 0 {
		return nil
	}
	before, _, err := p.guests.failures(ctx, logs)
	if err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	worse := slices.DeleteFunc(failed, func(log int) bool { return slices.Contains(before, log) })
	if len(worse) == 0 {
		return nil
	}
	return fmt.Errorf("of the last %d logs it fails %d that the guest in use can transform; the first error: %w", len(logs), len(worse), first)
}

// failures passes logs through the chain and returns which of them failed in
// it, by their index, and why the first one did.
func (c *chain) failures(ctx context.Context, logs []abi.Event) (failed []int, first, err error) {
	for _, m := range c.modules {
		var out guest.Output
		if err := m.Transform(ctx, logs, &out); err != nil {
			return nil, nil, err
		}
		for _, f := range out.Failures {
			if first == nil {
				first = f.Err
			}
			failed = append(failed, logs[f.Index].Origin)
		}
		logs = out.Events
	}
	return failed, first, nil
}

// rehearseLimit is the longest time that a new guest may take for the last
// logs.
const rehearseLimit = 30 * time.Second

// Of the logs that came by last, so many are kept for a rehearsal, and not
// more often than this.
const (
	keepLogs  = 200
	keepBytes = 1 << 20
	keepEvery = time.Second
)

// lastBatch is a copy of some of the logs that came by last.
type lastBatch struct {
	mu     sync.Mutex
	at     time.Time
	events []abi.Event
}

func (l *lastBatch) keep(logs []abi.Log) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(logs) == 0 || time.Since(l.at) < keepEvery {
		return
	}
	l.at = time.Now()
	l.events = nil
	bytes := 0
	for i := range min(len(logs), keepLogs) {
		log, n := cloneLog(&logs[i])
		if bytes += n; bytes > keepBytes && i > 0 {
			break
		}
		l.events = append(l.events, abi.Event{Log: log, Origin: i})
	}
}

func (l *lastBatch) logs() []abi.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events)
}

// cloneLog copies a log out of the memory of its pull.
func cloneLog(l *abi.Log) (abi.Log, int) {
	c := abi.Log{Time: l.Time, Group: l.Group, Index: l.Index, Fields: make([]abi.Field, len(l.Fields))}
	n := 0
	for i, f := range l.Fields {
		c.Fields[i] = abi.Field{Key: bytes.Clone(f.Key), Value: bytes.Clone(f.Value), JSON: f.JSON}
		n += len(f.Key) + len(f.Value)
	}
	return c, n
}
