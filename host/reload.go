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
)

// Reload puts new guests in the place of those in use, as many as there are,
// while the pipeline runs. The new ones are compiled and checked, and have to
// do at least as well as the old ones on the last logs that came by; then they
// take over between two batches, so each batch passes through one chain whole.
// On an error the old ones stay.
func (p *Pipeline) Reload(ctx context.Context, guests []guest.Config) error {
	p.reloading.Lock()
	defer p.reloading.Unlock()
	if len(guests) != len(p.guests) {
		return fmt.Errorf("%d guests in the place of %d: their number cannot change", len(guests), len(p.guests))
	}
	fresh, err := compile(ctx, guests, p.logger)
	if err != nil {
		return err
	}
	if err := p.rehearse(ctx, fresh); err != nil {
		return errors.Join(err, fresh.close(ctx))
	}
	p.swap.Lock()
	old := p.guests
	p.guests = fresh
	p.swap.Unlock()
	for _, m := range fresh {
		p.logger.Info("guest replaced", "guest", m.file, "sha256", m.sha256)
	}
	return old.close(ctx)
}

// rehearse refuses guests that fail logs which the guests in use can
// transform. A log that both fail is no reason: the new guest may be the one
// that mends most of them.
func (p *Pipeline) rehearse(ctx context.Context, fresh chain) error {
	logs := p.last.logs()
	failed, first, err := fresh.failures(ctx, logs)
	if err != nil || len(failed) == 0 {
		return err
	}
	before, _, err := p.guests.failures(ctx, logs)
	if err != nil {
		return err
	}
	worse := slices.DeleteFunc(failed, func(log int) bool { return slices.Contains(before, log) })
	if len(worse) == 0 {
		return nil
	}
	return fmt.Errorf("of the last %d logs it fails %d that the guest in use can transform; the first error: %w", len(logs), len(worse), first)
}

// failures passes logs through the chain and returns which of them failed in
// it, by their index, and why the first one did.
func (c chain) failures(ctx context.Context, logs []abi.Event) (failed []int, first, err error) {
	for _, m := range c {
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
	c := abi.Log{Time: l.Time, Group: l.Group, Fields: make([]abi.Field, len(l.Fields))}
	n := 0
	for i, f := range l.Fields {
		c.Fields[i] = abi.Field{Key: bytes.Clone(f.Key), Value: bytes.Clone(f.Value), JSON: f.JSON}
		n += len(f.Key) + len(f.Value)
	}
	return c, n
}
