package hec

import (
	"context"
	"fmt"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

// A run is one Send under way.
type run struct {
	*Sink
	events []abi.Event // to be sent
	last   error       // what ends the run when all of these are sent
	body   *body

	sent    int // events that were taken
	most    int // events that a body may hold
	suspect int // size of the body that may have been too large; 0: none

	// With acknowledgement.
	channel *channel  // nil without
	open    []receipt // for events[sure:sent]
	sure    int       // events that are acknowledged
}

// Send implements sinks.Sink. The events go out as several bodies, one after
// the other, when they do not fit into one. With --hec-ack it returns once
// all of them are acknowledged.
//
// When the receiver refuses an event but does not say which, halves are tried
// until one is left alone. It may then have indexed some of them already:
// those arrive twice, and none is lost.
func (s *Sink) Send(ctx context.Context, events []abi.Event) (int, error) {
	end, err := s.begin()
	if err != nil {
		return 0, err
	}
	defer end()
	r := &run{Sink: s, events: events, body: s.bodies.Get().(*body), most: len(events)}
	defer s.putBack(r.body)
	if s.cfg.Ack {
		r.channel = s.channels.take()
		defer func() { s.channels.put(r.channel) }()
	}
	err = r.all(ctx)
	if unsure := r.await(ctx); unsure != nil {
		err = unsure
	}
	return r.sent, err
}

// all sends body after body, and says what stopped it before the last event.
func (r *run) all(ctx context.Context) error {
	if r.ackless.Load() && len(r.events) > 0 { // found out by events that then arrive again and again
		if err := r.acknowledges(ctx, r.channel); err != nil {
			return err
		}
	}
	for r.sent < len(r.events) {
		if err := r.one(ctx); err != nil {
			return err
		}
	}
	return r.last
}

// one sends one body.
func (r *run) one(ctx context.Context) error {
	rest := r.events[r.sent:]
	n := r.body.fill(r.enc, rest[:min(r.most, len(rest))], r.size.limit())
	if n == 0 {
		return &sinks.Rejected{Reason: blankReason}
	}
	v, err := r.post(ctx, r.body, n, r.channel)
	if err != nil || v.lost {
		r.doubt() // it may have been given the number of one that is open
	}
	if err != nil {
		return err
	}
	switch {
	case v.kind == delivered:
		r.size.took(r.body)
		r.shrink(r.suspect) // the event that was blamed went through: it was the size
		r.suspect = 0
		return r.took(ctx, v, n)
	case v.kind == tooLarge && n > 1:
		r.shrink(r.body.size())
		if r.body.size() <= r.size.floor {
			r.most = n / 2 // for this Send only
		}
	case v.blamesFirst() && n > 1 && r.body.size() > cloudBody:
		r.suspect, r.most = r.body.size(), n/2
	case v.kind == invalid && v.bad < 0 && n > 1:
		r.most = n / 2
	default:
		good := max(v.bad, 0)
		return r.upTo(good, r.refused(v, r.body, &rest[good]))
	}
	return nil
}

// took counts n events that were answered with success.
func (r *run) took(ctx context.Context, v verdict, n int) error {
	if r.channel != nil {
		return r.pend(ctx, v, n)
	}
	r.sent += n
	return nil
}

// upTo ends the run behind so many good events of a body that was refused.
// They were indexed, but got no acknowledgement: where one is wanted, they
// are sent again.
func (r *run) upTo(good int, outcome error) error {
	if r.channel == nil {
		r.sent += good
		return outcome
	}
	r.events, r.last = r.events[:r.sent+good], outcome
	if good == 0 {
		return outcome
	}
	return nil
}

// refused is the outcome for the event that an answer leaves to blame.
func (s *Sink) refused(v verdict, b *body, e *abi.Event) error {
	switch {
	case v.kind == tooLarge && !s.size.excessive(b):
		return &sinks.Retry{Err: sinks.Coded(fmt.Errorf("%w, to a body of %d bytes that should pass: check the limits of proxies in between", v.err, b.size()), v.name())}
	case v.kind == invalid && v.code == wrongIndex:
		v = v.forIndex(e, s.cfg.Index)
	}
	return v.outcome()
}

// blamesFirst says whether this is the answer of Splunk Cloud to a body that
// is too large. It is also that of any Splunk to a bad first event.
func (v verdict) blamesFirst() bool { return v.kind == invalid && v.code == 6 && v.bad == 0 }

// shrink learns from a body that was refused for its size; 0: there was none.
func (s *Sink) shrink(refused int) {
	if refused == 0 {
		return
	}
	if limit, lowered := s.size.refused(refused); lowered {
		s.shrunk.Do(func() {
			s.logger.Warn("the receiver takes only smaller bodies than --hec-max-body says: smaller ones for a while",
				"refused", refused, "limit", limit)
		})
	}
}

// slowDown passes the receiver's hint on.
func (s *Sink) slowDown(text string) {
	s.slowed.Do(func() {
		s.logger.Warn("the receiver takes the events but is near its capacity", "answer", text)
	})
}
