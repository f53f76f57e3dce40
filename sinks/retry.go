package sinks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/slswasm/slswasm/abi"
)

// A Deliverer sees to it that events end somewhere: a Retrier, or a Router in
// front of several. Its method may be called from several goroutines at once.
type Deliverer interface {
	// Deliver returns nil once every event is delivered or rejected. It calls
	// reject for each event that can never be delivered, in order and never
	// twice at a time; the event is valid during the call only. An error of
	// reject ends Deliver, which returns it. So does the end of ctx, and a
	// fault in the sink: then it is not known which events were delivered.
	Deliver(ctx context.Context, events []abi.Event, reject func(e *abi.Event, reason string) error) error
}

// RetryConfig says how patient a Retrier is; a zero value means the default.
type RetryConfig struct {
	Initial  time.Duration // before the first retry, give or take half; 500 ms
	Max      time.Duration // the most between two retries; 30 s
	MaxAfter time.Duration // the longest wish of a receiver that is granted; 5 min
	Hold     time.Duration // between two tries while held, give or take a fifth; 30 s
	Alarm    time.Duration // at most one alarm in this time while held; 1 min
}

func (c RetryConfig) withDefaults() RetryConfig {
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{
		{&c.Initial, 500 * time.Millisecond},
		{&c.Max, 30 * time.Second},
		{&c.MaxAfter, 5 * time.Minute},
		{&c.Hold, 30 * time.Second},
		{&c.Alarm, time.Minute},
	} {
		if *d.value <= 0 {
			*d.value = d.def
		}
	}
	return c
}

// backoff is the growing time between two retries, give or take half. It stops
// growing at two thirds of Max: cut off there, half of the longest waits would
// be the same, and many would come back at once.
func (c RetryConfig) backoff() *backoff.ExponentialBackOff {
	most := c.Max * 2 / 3
	return &backoff.ExponentialBackOff{
		InitialInterval: min(c.Initial, most), MaxInterval: most, Multiplier: 2, RandomizationFactor: 0.5,
	}
}

// grant is the receiver's wish, within limits, or otherwise. It is never less
// than Initial, so that a receiver cannot make us spin.
func (c RetryConfig) grant(err error, otherwise time.Duration) time.Duration {
	if retry, ok := errors.AsType[*Retry](err); ok && retry.After > 0 {
		return max(min(retry.After, c.MaxAfter), c.Initial)
	}
	return otherwise
}

// Stats is what a Retrier has counted since it was made.
type Stats struct {
	Delivered, Rejected uint64 // events
	Retries, Holds      uint64 // sends that are tried again: soon, and after a change
}

// A Retrier delivers to one Sink and does not give up: only the end of the
// context, a dead letter that cannot be written or a fault in the sink ends a
// Deliver early. It starts no goroutines and does not close the sink.
type Retrier struct {
	sink    Sink
	cfg     RetryConfig
	trouble trouble
	codes   codes

	delivered, rejected, retries, holds atomic.Uint64
}

// NewRetry puts a Retrier around a sink. The logger should carry the sink's
// name.
func NewRetry(sink Sink, cfg RetryConfig, logger *slog.Logger) *Retrier {
	cfg = cfg.withDefaults()
	return &Retrier{sink: sink, cfg: cfg, trouble: trouble{logger: logger, alarm: cfg.Alarm}}
}

// Stats returns the counts so far.
func (r *Retrier) Stats() Stats {
	return Stats{
		Delivered: r.delivered.Load(), Rejected: r.rejected.Load(),
		Retries: r.retries.Load(), Holds: r.holds.Load(),
	}
}

// Codes returns how often sends were tried again and events rejected, by
// their codes.
func (r *Retrier) Codes() []CodeCount { return r.codes.snapshot() }

// Waiting says what stands in the way of delivery now; false: nothing does, as
// far as is known.
func (r *Retrier) Waiting() (Waiting, bool) { return r.trouble.waiting() }

// Deliver implements Deliverer.
func (r *Retrier) Deliver(ctx context.Context, events []abi.Event, reject func(*abi.Event, string) error) error {
	wait := r.newWait()
	defer r.trouble.leave(wait)
	for len(events) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		began := time.Now()
		n, err := r.sink.Send(ctx, events)
		if err := honest(n, len(events), err); err != nil {
			return err
		}
		if n > 0 {
			r.delivered.Add(uint64(n))
			r.over(began, wait)
			events = events[n:]
		}
		if err == nil {
			return nil
		}
		if rejected, ok := errors.AsType[*Rejected](err); ok {
			if err := reject(&events[0], rejected.Reason); err != nil {
				return err
			}
			r.rejected.Add(1)
			r.codes.count(KindRejected, CodeOf(err))
			r.over(began, wait)
			events = events[1:]
			continue
		}
		if !passes(err) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err // the sink may have failed for this alone: no alarm
		}
		d := r.delay(err, wait)
		tellWait(ctx, err, d)
		if err := Sleep(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// honest checks what a sink returned against its contract: a loop built on a
// broken promise would spin, or lose events.
func honest(n, all int, err error) error {
	switch {
	case n < 0 || n > all:
		return fmt.Errorf("host fault: the sink says that it delivered %d of %d events", n, all)
	case n < all && err == nil:
		return fmt.Errorf("host fault: the sink delivered %d of %d events and does not say why it stopped", n, all)
	case n == all && err != nil:
		return fmt.Errorf("host fault: the sink delivered all of %d events and still failed: %w", all, err)
	}
	return nil
}

// passes says whether the same events may be sent again later.
func passes(err error) bool {
	_, retry := errors.AsType[*Retry](err)
	return retry || holds(err)
}

func holds(err error) bool {
	_, hold := errors.AsType[*Hold](err)
	return hold
}

// over notes that a Send that began then got somewhere.
func (r *Retrier) over(began time.Time, wait *wait) {
	r.trouble.leave(wait)
	r.trouble.over(began)
	wait.retry.Reset()
}

// delay says how long to wait before the next try, and records why.
func (r *Retrier) delay(err error, wait *wait) time.Duration {
	r.trouble.enter(wait, err)
	if holds(err) {
		r.holds.Add(1)
		r.codes.count(KindHold, CodeOf(err))
		d := wait.hold.NextBackOff()
		r.trouble.held(err, d)
		return d
	}
	r.retries.Add(1)
	r.codes.count(KindRetry, CodeOf(err))
	d := r.cfg.grant(err, wait.retry.NextBackOff())
	r.trouble.retried(err, d)
	return d
}

// A wait is the state of one Deliver's patience.
type wait struct {
	retry, hold *backoff.ExponentialBackOff
	waits       bool // its last Send failed
}

func (r *Retrier) newWait() *wait {
	return &wait{
		retry: r.cfg.backoff(),
		hold: &backoff.ExponentialBackOff{
			InitialInterval: r.cfg.Hold, MaxInterval: r.cfg.Hold, Multiplier: 1, RandomizationFactor: 0.2,
		},
	}
}

// Sleep waits for so long, or until ctx ends: then its error is ctx's.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
