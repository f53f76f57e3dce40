// Package hec delivers events to a Splunk HTTP Event Collector: the envelope,
// its JSON, the requests, and what Splunk's answers mean for each event.
//
// Patience belongs to sinks.Retrier, and the choice of what is sent to the
// guests. Splunk documents the endpoint as "services/collector/event"; where
// Splunk was seen to differ from its documentation, a comment says so.
package hec

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

// cloudBody is the size up to which a body cannot be what Splunk Cloud minds
// when it answers code 6 for event 0.
const cloudBody = 1_000_000

// A Sink delivers to one collector. It implements sinks.Sink.
type Sink struct {
	cfg    Config
	base   string
	client *http.Client
	enc    *encoder
	logger *slog.Logger
	bodies sync.Pool // of *body
	size   sizes
	slowed throttle // of the receiver's wish to slow down

	sending sync.RWMutex // held for reading by each Send and Check
	closed  bool
}

var errClosed = errors.New("host fault: the HEC sink is closed")

// New makes a sink. Its errors name the flags; nothing is sent.
func New(cfg Config, logger *slog.Logger) (*Sink, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	base, err := cfg.base()
	if err != nil {
		return nil, err
	}
	tls, err := cfg.tls(base)
	if err != nil {
		return nil, err
	}
	s := &Sink{cfg: cfg, base: base.String(), client: newClient(cfg, tls), enc: newEncoder(cfg), logger: logger}
	s.bodies.New = func() any { return new(body) }
	s.size.start(cfg.MaxBody)
	return s, nil
}

// Close implements sinks.Sink: it waits for the requests under way.
func (s *Sink) Close() error {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.closed = true
	s.client.CloseIdleConnections()
	return nil
}

// begin keeps Close waiting until the returned function is called.
func (s *Sink) begin() (end func(), err error) {
	s.sending.RLock()
	if s.closed {
		s.sending.RUnlock()
		return nil, errClosed
	}
	return s.sending.RUnlock, nil
}

// Send implements sinks.Sink. The events go out as several bodies, one after
// the other, when they do not fit into one.
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
	b := s.bodies.Get().(*body)
	defer s.putBack(b)

	sent, most, suspect := 0, len(events), 0
	for sent < len(events) {
		rest := events[sent:]
		n := b.fill(s.enc, rest[:min(most, len(rest))], s.size.limit())
		if n == 0 {
			return sent, &sinks.Rejected{Reason: blankReason}
		}
		v, err := s.post(ctx, b, n)
		if err != nil {
			return sent, err
		}
		switch {
		case v.kind == delivered:
			sent += n
			s.size.took(b)
			s.shrink(suspect) // the event that was blamed went through: it was the size
			suspect = 0
		case v.kind == tooLarge && n > 1:
			s.shrink(b.size())
			if b.size() <= s.size.floor {
				most = n / 2 // for this Send only
			}
		case v.blamesFirst() && n > 1 && b.size() > cloudBody:
			suspect, most = b.size(), n/2
		case v.kind == invalid && v.bad < 0 && n > 1:
			most = n / 2
		default:
			good := max(v.bad, 0)
			return sent + good, s.refused(v, b, &rest[good])
		}
	}
	return sent, nil
}

// refused is the outcome for the event that an answer leaves to blame.
func (s *Sink) refused(v verdict, b *body, e *abi.Event) error {
	switch {
	case v.kind == tooLarge && !s.size.excessive(b):
		return &sinks.Retry{Err: fmt.Errorf("%w, to a body of %d bytes that should pass: check the limits of proxies in between", v.err, b.size())}
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
	if limit, told := s.size.refused(refused); told {
		s.logger.Warn("the receiver takes only smaller bodies than --hec-max-body says: smaller ones for a while",
			"refused", refused, "limit", limit)
	}
}

// slowDown passes the receiver's hint on.
func (s *Sink) slowDown(text string) {
	if s.slowed.pass() {
		s.logger.Warn("the receiver takes the events but is near its capacity", "answer", text)
	}
}
