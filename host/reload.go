package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/sinks"
)

func (f *flow) reload(ctx context.Context, guests []guest.Config, logger *slog.Logger) error {
	f.reloading.Lock()
	defer f.reloading.Unlock()
	if n := len(f.chain.modules); len(guests) != n {
		return fmt.Errorf("%d guests in the place of %d: their number cannot change", len(guests), n)
	}
	fresh, err := compile(ctx, guests, logger)
	if err != nil {
		return err
	}
	if fresh.same(f.chain) {
		logger.Info("the guests are still the same; nothing is replaced", "flow", f.name)
		return fresh.close(ctx)
	}
	if err := f.rehearse(ctx, fresh); err != nil {
		return errors.Join(err, fresh.close(ctx))
	}
	for _, m := range fresh.modules {
		logger.Info("guest replaced", "flow", f.name, "guest", m.file, "sha256", m.sha256)
	}
	return f.replace(ctx, fresh)
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
func (f *flow) rehearse(ctx context.Context, fresh *chain) error {
	ctx, cancel := context.WithTimeoutCause(ctx, rehearseLimit,
		fmt.Errorf("the last logs take it longer than %v", rehearseLimit))
	defer cancel()
	logs := f.last.logs()
	failed, first, err := fresh.failures(ctx, logs)
	if err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	if len(failed) == 0 {
		return nil
	}
	before, _, err := f.chain.failures(ctx, logs)
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
		if err := m.Rehearse(ctx, logs, &out); err != nil {
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
	n, fields, size := 0, 0, 0
	for n < min(len(logs), keepLogs) {
		more := 0
		for _, f := range logs[n].Fields {
			more += len(f.Key) + len(f.Value)
		}
		if n > 0 && size+more > keepBytes {
			break
		}
		n, fields, size = n+1, fields+len(logs[n].Fields), size+more
	}
	l.events = cloneLogs(logs[:n], fields, size)
}

func (l *lastBatch) logs() []abi.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events)
}

// cloneLogs copies logs out of the memory of their pull, with so many fields
// and bytes of keys and values in all: a few large allocations, for a busy
// pipeline does this each second.
func cloneLogs(logs []abi.Log, fields, size int) []abi.Event {
	events, table, text := make([]abi.Event, 0, len(logs)), make([]abi.Field, 0, fields), make([]byte, 0, size)
	clone := func(b []byte) []byte {
		start := len(text)
		text = append(text, b...)
		return text[start:len(text):len(text)]
	}
	for i := range logs {
		first := len(table)
		for _, f := range logs[i].Fields {
			table = append(table, abi.Field{Key: clone(f.Key), Value: clone(f.Value), JSON: f.JSON})
		}
		log := logs[i]
		log.Fields = table[first:len(table):len(table)]
		events = append(events, abi.Event{Log: log, Origin: i})
	}
	return events
}
