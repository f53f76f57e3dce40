package sinks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slswasm/slswasm/abi"
)

// An Endpoint is one of several places that take the same events, and what
// messages call it.
type Endpoint struct {
	Name string
	Sink Sink
}

// A Preference says which of the healthy endpoints gets the next events.
type Preference int

// The preferences.
const (
	Spread Preference = iota // all of them, in turn
	First                    // the first one in the order given; the others stand by
)

// A Failover is a Sink over several: what one of them does not take goes to
// the next one at once. One that failed is put aside for a while and then
// tried by one Send at a time, so that it keeps the others waiting as little
// as it can. A verdict on an event is that of the endpoint that gave it.
//
// The events of one Send may end at several endpoints, in their order. Those
// that were under way when an endpoint failed may arrive at two of them. It
// starts no goroutines that outlive a call.
type Failover struct {
	prefer Preference
	cfg    RetryConfig
	logger *slog.Logger

	mu        sync.Mutex
	endpoints []*endpoint
	next      int // of Spread
}

var (
	_ Sink     = (*Failover)(nil)
	_ Reloader = (*Failover)(nil)
)

// NewFailover makes one sink of several, which it closes with itself. A
// failed endpoint is left alone for as long as a Retrier with cfg would wait.
// The logger should carry the sink's name.
func NewFailover(endpoints []Endpoint, prefer Preference, cfg RetryConfig, logger *slog.Logger) *Failover {
	f := &Failover{prefer: prefer, cfg: cfg.withDefaults(), logger: logger}
	for _, e := range endpoints {
		f.endpoints = append(f.endpoints, newEndpoint(e, f.cfg, logger.With("endpoint", e.Name)))
	}
	return f
}

// Check implements Sink. It passes when one endpoint does; the others are put
// aside with a warning.
func (f *Failover) Check(ctx context.Context) error {
	errs := make([]error, len(f.endpoints))
	var wg sync.WaitGroup
	for i, e := range f.endpoints {
		wg.Go(func() { errs[i] = e.Sink.Check(ctx) })
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	if !slices.Contains(errs, nil) {
		for i, e := range f.endpoints {
			errs[i] = e.name(errs[i])
		}
		return errors.Join(errs...)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, e := range f.endpoints {
		switch {
		case errs[i] == nil:
		case passes(errs[i]):
			e.fail(errs[i], 0)
		default:
			e.fail(&Retry{Err: errs[i]}, 0)
		}
	}
	return nil
}

// Send implements Sink. It tries each endpoint once at most. Its error is a
// Hold when all endpoints hold, and else a Retry that ends when the first of
// them may be tried again.
func (f *Failover) Send(ctx context.Context, events []abi.Event) (sent int, err error) {
	var tried []*endpoint
	for sent < len(events) {
		if err := ctx.Err(); err != nil {
			return sent, err
		}
		t := f.take(tried)
		if t.endpoint == nil {
			return sent, f.exhausted()
		}
		var n int
		n, err = t.Sink.Send(ctx, events[sent:])
		if err := honest(n, len(events)-sent, err); err != nil {
			f.settle(t, err)
			return sent, t.name(err)
		}
		sent += n
		outcome := err
		if err != nil && ctx.Err() != nil {
			outcome = ctx.Err() // that may be all that failed
		}
		f.settle(t, outcome)
		if !passes(outcome) {
			return sent, err
		}
		tried = append(tried, t.endpoint)
	}
	return sent, nil
}

// Reload implements Reloader for those that do. Whoever asks for it may have
// mended something: all that are aside may be tried at once.
func (f *Failover) Reload() error {
	errs := make([]error, len(f.endpoints))
	for i, e := range f.endpoints {
		if r, ok := e.Sink.(Reloader); ok {
			errs[i] = e.name(r.Reload())
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.endpoints {
		e.due = time.Now()
	}
	return errors.Join(errs...)
}

// Close implements Sink: it closes all.
func (f *Failover) Close() error {
	errs := make([]error, len(f.endpoints))
	for i, e := range f.endpoints {
		errs[i] = e.name(e.Sink.Close())
	}
	return errors.Join(errs...)
}

// take chooses an endpoint for a Send; it has none when all others than those
// tried are aside.
func (f *Failover) take(tried []*endpoint) turn {
	f.mu.Lock()
	defer f.mu.Unlock()
	start := 0
	if f.prefer == Spread {
		start = f.next
	}
	for i := range f.endpoints {
		at := (start + i) % len(f.endpoints)
		if e := f.endpoints[at]; !slices.Contains(tried, e) && e.ready() {
			f.next = at + 1
			return e.begin()
		}
	}
	return turn{}
}

// exhausted is the outcome when no endpoint is left to try. Its causes are
// text alone: nobody must take one endpoint's Hold for that of all.
func (f *Failover) exhausted() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var why []string
	hold, after, same := true, time.Duration(0), ""
	for _, e := range f.endpoints {
		if e.fault == nil { // healthy again since this Send has tried it
			hold = false
			continue
		}
		why = append(why, e.name(errors.Unwrap(e.fault)).Error())
		if c := CodeOf(e.fault); len(why) == 1 {
			same = c
		} else if c != same {
			same = "several"
		}
		hold = hold && holds(e.fault)
		if wait := time.Until(e.due); !e.probed && (after == 0 || wait < after) {
			after = max(wait, 1)
		}
	}
	if len(why) == 0 {
		return &Retry{Err: errors.New("all endpoints were put aside a moment ago and are back"), After: 1}
	}
	err := Coded(fmt.Errorf("none of %d endpoints takes events: %s", len(f.endpoints), strings.Join(why, "; ")), same)
	if hold {
		return &Hold{Err: err}
	}
	return &Retry{Err: err, After: after}
}

// settle notes how a Send's turn at an endpoint ended.
func (f *Failover) settle(t turn, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t.end(err)
}
