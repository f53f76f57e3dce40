// Package hec delivers events to a Splunk HTTP Event Collector: the envelope,
// its JSON, the requests, and what Splunk's answers mean for each event.
//
// Patience belongs to sinks.Retrier, and the choice of what is sent to the
// guests. Splunk documents the endpoint as "services/collector/event"; where
// Splunk was seen to differ from its documentation, a comment says so.
package hec

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/slswasm/slswasm/sinks"
)

// cloudBody is the size up to which a body cannot be what Splunk Cloud minds
// when it answers code 6 for event 0.
const cloudBody = 1_000_000

// A Sink delivers to one collector. It implements sinks.Sink and
// sinks.Reloader.
type Sink struct {
	cfg     Config
	base    string
	client  *http.Client
	proxy   findProxy
	enc     *encoder
	logger  *slog.Logger
	token   currentToken
	bodies  sync.Pool // of *body
	size    sizes
	limiter limiter

	shrunk, slowed rate.Sometimes // their log lines: of smaller bodies, and of the receiver's wish to slow down

	// With acknowledgement.
	channels channels
	polling  polling
	ackless  atomic.Bool  // the receiver took events and promised nothing
	moves    atomic.Int32 // cookies that changed in a row, each on a new channel
	restless atomic.Bool  // cookies change all the time

	sending sync.RWMutex // held for reading by each Send and Check
	closed  bool
}

var (
	_ sinks.Sink     = (*Sink)(nil)
	_ sinks.Reloader = (*Sink)(nil)
)

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
	proxy, err := cfg.findProxy()
	if err != nil {
		return nil, err
	}
	s := &Sink{
		cfg: cfg, base: base.String(), client: newClient(cfg, tls, proxy), proxy: proxy, enc: newEncoder(cfg),
		shrunk: rate.Sometimes{Interval: time.Minute}, slowed: rate.Sometimes{Interval: time.Minute},
		logger: logger, polling: defaultPolling, channels: channels{id: cfg.Channel},
	}
	if err := s.token.start(cfg, logger); err != nil {
		return nil, err
	}
	if base.Scheme == "http" && !isLocal(base.Hostname()) {
		logger.Warn("the token and the events travel unencrypted: use https in --hec-url", "url", s.base)
	}
	s.bodies.New = func() any { return new(body) }
	s.size.start(cfg.MaxBody)
	s.limiter.start(cfg.Concurrency)
	return s, nil
}

// Reload implements sinks.Reloader: it reads the token's file again.
func (s *Sink) Reload() error { return s.token.reload() }

// isLocal says whether what is sent to this host stays on this one.
func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Close implements sinks.Sink: it waits for the Sends under way.
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
