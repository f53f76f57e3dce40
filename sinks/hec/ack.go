package hec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/slswasm/slswasm/sinks"
)

const (
	ackPath = "/services/collector/ack"

	// mostOpen bounds the bodies of a Send that wait for acknowledgement.
	mostOpen = 64

	// mostMoves is how many new channels in a row may see their cookie change
	// before a change counts for nothing.
	mostMoves = 3
)

// polling is how acknowledgements are asked for: less and less often. Once an
// answer was lost, it is no use to wait for long: what was true in it is never
// told again.
type polling struct{ first, longest, lost time.Duration }

var defaultPolling = polling{first: 50 * time.Millisecond, longest: 10 * time.Second, lost: 30 * time.Second}

// A receipt is the promise of an acknowledgement for a body.
type receipt struct {
	id   uint64
	upto int // the events of the run that are sure once this and all before it are told
	told bool
}

// ackCode is that of what goes wrong with acknowledgements.
const ackCode = "ack"

// pend notes a body of n events that was answered with success: they are not
// delivered until its acknowledgement is told.
func (r *run) pend(ctx context.Context, v verdict, n int) error {
	id, err := strconv.ParseUint(string(v.ackID), 10, 63)
	if err != nil {
		r.ackless.Store(true)
		r.doubt()
		return &sinks.Hold{Err: sinks.Coded(errors.New("the receiver took events and promised no acknowledgement (no ackId)"+ackHint), ackCode)}
	}
	if r.channel.moved && len(r.open) > 0 {
		if err := r.moved(); err != nil {
			return err
		}
	}
	r.channel.moved = false // nothing that is open was at the other receiver
	for _, open := range r.open {
		if open.id == id {
			r.doubt()
			return &sinks.Retry{Err: sinks.Coded(fmt.Errorf("the receiver gave acknowledgement %d twice: it has restarted, or several answer behind one address", id), ackCode)}
		}
	}
	r.sent += n
	r.open = append(r.open, receipt{id: id, upto: r.sent})
	if len(r.open) < mostOpen {
		return nil
	}
	return r.await(ctx)
}

// doubt gives up what is open: its acknowledgements can no longer be told
// from others, so that the events count as not delivered.
func (r *run) doubt() {
	if r.channel == nil {
		return
	}
	r.open, r.sent = nil, r.sure
	r.channel = r.channels.take()
}

// moved is the outcome of a changed cookie while something is open. Load
// balancers that change theirs with every answer are found out by new
// channels to which it happens, too.
func (r *run) moved() error {
	if r.restless.Load() {
		r.channel.moved = false
		return nil
	}
	if !r.channel.proven && r.moves.Add(1) == mostMoves {
		r.restless.Store(true)
		r.logger.Warn("the load balancer changes its cookie all the time: a change is no longer taken for another receiver")
	}
	r.doubt()
	return &sinks.Retry{Err: sinks.Coded(errors.New("the load balancer's cookie changed, so another receiver may answer now: what is not acknowledged is sent again"), ackCode)}
}

// await asks until everything that is open is acknowledged. When that fails,
// what was not confirmed is no longer counted as sent.
func (r *run) await(ctx context.Context) error {
	deadline, wait := time.Now().Add(r.cfg.AckTimeout), r.polling.first
	for len(r.open) > 0 {
		if err := sinks.Sleep(ctx, min(wait, time.Until(deadline))); err != nil {
			r.doubt()
			return err
		}
		p := r.poll(ctx)
		switch {
		case len(r.open) == 0:
			return nil
		case p.final:
			r.doubt()
			return p.err
		case !time.Now().Before(deadline):
			return r.late(p.err)
		case p.lost:
			deadline = earlier(deadline, time.Now().Add(r.polling.lost))
		}
		if r.channel.moved {
			if err := r.moved(); err != nil {
				return err
			}
		}
		wait = max(min(2*wait, r.polling.longest), p.after)
	}
	return nil
}

// late gives up at the end of patience; err is what the last poll came to.
func (r *run) late(err error) error {
	text := fmt.Sprintf("%d requests were not acknowledged within --hec-ack-timeout (%v), or after an answer was lost", len(r.open), r.cfg.AckTimeout)
	r.doubt()
	if err == nil {
		return &sinks.Retry{Err: sinks.Coded(errors.New(text), ackCode)}
	}
	return &sinks.Retry{Err: sinks.Coded(fmt.Errorf("%s: %w", text, err), ackCode)}
}

// A poll is one question for acknowledgements, and what came of it.
type poll struct {
	err   error         // nil: an answer, though all of it may be false
	final bool          // no use asking again: err is the run's outcome
	lost  bool          // what was true in the answer will not be told again
	after time.Duration // the receiver's wish
}

// poll asks once for all that is open and settles what is told.
func (r *run) poll(ctx context.Context) poll {
	asked := []uint64{}
	for _, open := range r.open {
		if !open.told {
			asked = append(asked, open.id)
		}
	}
	a, err := r.askAcks(ctx, r.channel, asked)
	if err != nil {
		if ctx.Err() != nil {
			return poll{err: ctx.Err(), final: true}
		}
		err = outcomeOf(err)
		_, held := errors.AsType[*sinks.Hold](err)
		return poll{err: err, final: held, lost: true}
	}
	told, after, err := a.acks(time.Now())
	_, held := errors.AsType[*sinks.Hold](err)
	r.settle(told)
	return poll{err: err, final: held, after: after}
}

// settle counts what is told. Answers about what was not asked mean nothing.
func (r *run) settle(told map[string]bool) {
	for i := range r.open {
		open := &r.open[i]
		open.told = open.told || told[strconv.FormatUint(open.id, 10)]
	}
	for len(r.open) > 0 && r.open[0].told {
		r.sure = r.open[0].upto
		r.open = r.open[1:]
		r.channel.proven = true
		r.moves.Store(0)
	}
}

// askAcks asks for acknowledgements on a channel. Splunk takes the channel as
// a parameter or a header; what stands in between may keep only one of them.
func (s *Sink) askAcks(ctx context.Context, ch *channel, ids []uint64) (answer, error) {
	text, err := json.Marshal(map[string][]uint64{"acks": ids})
	if err != nil {
		return answer{}, err
	}
	return s.exchange(ctx, request{method: http.MethodPost, path: ackPath + "?channel=" + ch.id, body: text, channel: ch})
}

// acks reads the answer {"acks":{"0":true}}. The error for anything else is
// an outcome; after is the wish that goes with a Retry.
func (a answer) acks(now time.Time) (told map[string]bool, after time.Duration, err error) {
	var r struct{ Acks map[string]bool }
	if a.status == http.StatusOK && json.Unmarshal(a.body, &r) == nil && r.Acks != nil {
		return r.Acks, 0, nil
	}
	v := a.judge(0, now)
	if v.kind == delivered || v.kind == invalid || v.kind == tooLarge { // of what? No event was sent
		v.kind, v.err = stopped, errors.New(a.describe(reply{}, false)+ackHint)
	}
	v.err = fmt.Errorf("asked for acknowledgements: %w", v.err)
	return nil, v.after, v.outcome()
}

// acknowledges says whether the receiver answers about acknowledgements at
// all; its error is an outcome, or ctx's. No event is sent for it.
func (s *Sink) acknowledges(ctx context.Context, ch *channel) error {
	a, err := s.askAcks(ctx, ch, []uint64{0})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return outcomeOf(err)
	}
	_, _, err = a.acks(time.Now())
	if err == nil {
		s.ackless.Store(false)
	}
	return err
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
