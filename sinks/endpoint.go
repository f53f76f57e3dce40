package sinks

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// An endpoint is the health of one of a Failover's sinks. The Failover's lock
// is held around each call.
type endpoint struct {
	Endpoint
	cfg    RetryConfig
	logger *slog.Logger

	fault  error     // why it is aside; nil: it is healthy
	since  time.Time // aside, or healthy again
	due    time.Time // aside: when it may be tried
	probed bool      // aside: a Send is trying it
	pause  time.Duration
	pauses *backoff.ExponentialBackOff
	epoch  int // grows with each change: who began before it knows nothing new
}

func newEndpoint(e Endpoint, cfg RetryConfig, logger *slog.Logger) *endpoint {
	return &endpoint{Endpoint: e, cfg: cfg, logger: logger, pauses: cfg.backoff()}
}

// ready says whether a Send may try it.
func (e *endpoint) ready() bool {
	return e.fault == nil || !e.probed && !time.Now().Before(e.due)
}

// A turn is one Send at an endpoint.
type turn struct {
	*endpoint
	epoch int
	began time.Time
}

func (e *endpoint) begin() turn {
	if e.fault != nil {
		e.probed = true
		e.epoch++
	}
	return turn{e, e.epoch, time.Now()}
}

// end takes the outcome of a turn. What neither passes nor is a verdict on an
// event says nothing about the endpoint.
func (t turn) end(err error) {
	e := t.endpoint
	if t.epoch != e.epoch {
		return
	}
	e.probed = false
	_, rejected := errors.AsType[*Rejected](err)
	switch {
	case err == nil || rejected:
		e.recover()
	case passes(err):
		e.fail(err, time.Since(t.began))
	}
}

func (e *endpoint) recover() {
	if e.fault == nil {
		return
	}
	e.logger.Info("the endpoint is back", "after", since(e.since))
	e.fault, e.since = nil, time.Now()
	e.epoch++
}

// fail puts the endpoint aside: for a growing time, until it has been healthy
// for as long as it was last put aside; for what the receiver asks for; and no
// shorter than what it takes to find out, or one that answers nothing would
// always have a Send waiting for it.
func (e *endpoint) fail(err error, took time.Duration) {
	now := time.Now()
	if e.fault == nil && now.Sub(e.since) > e.pause {
		e.pauses.Reset()
	}
	e.pause = e.cfg.grant(err, max(e.pauses.NextBackOff(), took))
	if holds(err) {
		e.pause = e.cfg.Hold / 2 // over when a Retrier comes back
	}
	e.tell(err)
	if e.fault == nil {
		e.since = now
	}
	e.fault, e.due = err, now.Add(e.pause)
	e.epoch++
}

// tell logs what changes.
func (e *endpoint) tell(err error) {
	if e.fault != nil && holds(e.fault) == holds(err) {
		return
	}
	if holds(err) {
		e.logger.Error("the endpoint is put aside until a setting is changed", "error", err)
		return
	}
	e.logger.Warn("the endpoint is put aside and tried again later", "error", err, "next", e.pause.Round(time.Millisecond))
}

// name puts the endpoint's name before an error, unless that has it.
func (e *endpoint) name(err error) error {
	if err == nil || strings.Contains(err.Error(), e.Name) {
		return err
	}
	return fmt.Errorf("%s: %w", e.Name, err)
}
