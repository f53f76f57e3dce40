// Package syslog is the sink that delivers events to a syslog receiver: RFC
// 5424 or 3164 messages over UDP, TCP, TLS or RELP, and, where the transport
// allows it, the proof that the receiver has read them (RATIONALE.md).
//
// The writers of a message, its framing, the connections and the settings are
// here; RELP by itself is in the folder relp. Retrying, choosing among sinks and what becomes of a rejected event
// are not.
package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/syslog/relp"
)

// chunk is how much is written at once. A larger window goes out in several
// writes, so that memory does not grow with it.
const chunk = 256 << 10

// usualMax is the longest message that a receiver should take (RFC 5425,
// section 4.3.1); it is also what rsyslog takes at first.
const usualMax = 8 << 10

// A Sink delivers to one syslog receiver. See sinks.Sink for its contract.
type Sink struct {
	cfg    Config
	addr   string
	tls    *tls.Config // nil unless the protocol is one over TLS
	format *format
	log    *slog.Logger

	slots    chan *link // one per connection that may be open; nil: none yet
	encoders sync.Pool
	cut      atomic.Int64 // messages, to --syslog-max-size
	warned   atomic.Bool  // of a long message
	datagram atomic.Int64 // bytes that one holds, once a larger one was refused
	window   window
	refused  atomic.Int64 // when RELP last refused an event, in Unix ns

	closed    context.Context //nolint:containedctx // the sink's own life
	closeNow  context.CancelCauseFunc
	closeOnce sync.Once
}

// A link is a connection that outlives a Send: all but those that their end
// confirms.
type link struct {
	stream  *conn         // tcp and tls
	session *relp.Session // relp and relp+tls
	udp     net.Conn      // udp
	since   time.Time
}

var _ sinks.Sink = (*Sink)(nil)

var errClosed = errors.New("syslog: the sink is closed")

// New returns a sink with these settings, or everything that is wrong with
// them. It opens no connection. Close ends it. The logger should carry the
// sink's name.
func New(cfg Config, log *slog.Logger) (*Sink, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	f, err := newFormat(cfg)
	if err != nil {
		return nil, err
	}
	t, err := cfg.tls()
	if err != nil {
		return nil, err
	}
	s := &Sink{
		cfg:    cfg,
		addr:   net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.Port)),
		tls:    t,
		format: f,
		log:    log.With("receiver", cfg.Protocol+"://"+net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.Port))),
		slots:  make(chan *link, cfg.Conns),
	}
	for range cfg.Conns {
		s.slots <- nil
	}
	s.encoders.New = func() any { return newEncoder(f) }
	s.closed, s.closeNow = context.WithCancelCause(context.Background())
	return s, nil
}

// Send delivers the events: see sinks.Sink. With RELP an event is delivered
// once it and all before it are acknowledged. With the half-close barrier a
// window is confirmed as a whole or not at all. With both, a Retry may mean
// that the receiver has some of the other events. Without, an event counts as
// delivered when the kernel took it, which is not at-least-once.
func (s *Sink) Send(ctx context.Context, events []abi.Event) (int, error) {
	if len(events) == 0 {
		return 0, nil
	}
	ctx, done := s.bind(ctx)
	defer done()
	slot, err := s.take(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { s.slots <- slot }() // also in a panic: Close waits for it
	enc := s.encoder()
	defer s.release(enc)
	var n int
	switch {
	case s.cfg.Protocol == UDP:
		slot, n, err = s.datagrams(ctx, slot, enc, events)
	case s.cfg.acknowledges():
		slot, n, err = s.acknowledged(ctx, slot, enc, events)
	case s.cfg.Confirm == ConfirmNone:
		slot, n, err = s.unconfirmed(ctx, slot, enc, events)
	default:
		n, err = s.windows(ctx, enc, events)
	}
	return n, s.outcome(ctx, err)
}

// Check connects, shakes hands and opens a RELP session or, where that
// confirms, passes one empty barrier. It warns of what cannot be confirmed.
func (s *Sink) Check(ctx context.Context) error {
	ctx, done := s.bind(ctx)
	defer done()
	if s.cfg.Confirm == ConfirmNone {
		s.log.Warn("delivery cannot be confirmed: messages may be lost without a trace (not at-least-once)",
			"protocol", s.cfg.Protocol, "instead", "--syslog-protocol relp, or tcp or tls with --syslog-confirm close")
	}
	slot, err := s.take(ctx)
	if err != nil {
		return err
	}
	defer func() { s.slots <- slot }()
	return s.outcome(ctx, s.check(ctx))
}

// How long a check waits for the connection and the TLS handshake, for the
// receiver to answer the barrier, and for a receiver that need not answer it to
// refuse a certificate.
const (
	checkDial    = 10 * time.Second
	checkBarrier = 10 * time.Second
	checkRefusal = time.Second
)

func (s *Sink) check(ctx context.Context) error {
	if s.cfg.Protocol == UDP {
		c, err := s.dialUDP(ctx)
		if err == nil {
			err = c.Close()
		}
		return err
	}
	if s.cfg.acknowledges() {
		session, err := s.openSession(ctx, min(s.cfg.Timeout, checkDial))
		if err == nil {
			session.Close()
		}
		return err
	}
	dialling, cancel := context.WithTimeoutCause(ctx, checkDial, errTimeout)
	defer cancel()
	c, err := s.dial(dialling)
	if err != nil {
		return err
	}
	defer c.close()
	stop := c.abortWith(ctx)
	defer stop()
	c.timeout = min(c.timeout, checkBarrier)
	if s.cfg.Confirm == ConfirmNone {
		c.timeout = min(c.timeout, checkRefusal)
	}
	c.silence = c.timeout // nothing was sent that could be read slowly
	// In TLS 1.3 a refused client certificate shows on a read only, after
	// the handshake has succeeded: the barrier reads.
	err = c.barrier(ctx)
	if s.cfg.Confirm == ConfirmNone && errors.Is(err, errBarrier) {
		return nil
	}
	if err == nil && s.cfg.Confirm == ConfirmClose && s.tls != nil && !c.notified {
		s.log.Info("the receiver ends TLS without a close_notify: somebody on the way who can forge TCP packets could confirm in its place")
	}
	return err
}

// Close ends all connections, makes the Sends under way return and waits for
// them.
func (s *Sink) Close() error {
	s.closeOnce.Do(func() {
		s.closeNow(errClosed)
		var parting sync.WaitGroup // a good-bye may take a second
		for range cap(s.slots) {
			slot := <-s.slots
			parting.Go(slot.close)
		}
		parting.Wait()
	})
	return nil
}

// bind makes a context that ends with ctx and with the sink.
func (s *Sink) bind(ctx context.Context) (bound context.Context, done func()) {
	bound, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.closed, func() { cancel(errClosed) })
	return bound, func() { stop(); cancel(nil) }
}

// take waits for one of the connections that may be open.
func (s *Sink) take(ctx context.Context) (*link, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	select {
	case slot := <-s.slots:
		return slot, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (s *Sink) encoder() *encoder {
	enc, _ := s.encoders.Get().(*encoder)
	enc.buf, enc.cut, enc.large, enc.limit = enc.buf[:0], 0, 0, s.format.max
	if learned := int(s.datagram.Load()); learned > 0 {
		enc.limit = learned
	}
	return enc
}

// release counts what the encoder cut and keeps it for the next Send, unless
// one giant message made its buffer large.
func (s *Sink) release(enc *encoder) {
	if enc.cut > 0 {
		s.log.Warn("messages cut to --syslog-max-size", "messages", enc.cut, "bytes", enc.limit, "total", s.cut.Add(int64(enc.cut)))
	}
	if enc.large > usualMax && s.cfg.Protocol != UDP && !s.warned.Swap(true) {
		s.log.Warn("a long message: what the receiver does not take of one it cuts, splits or drops without a word; "+
			"raise its limit (rsyslog: maxMessageSize, 8 KiB; syslog-ng: log-msg-size, 64 KiB) or set --syslog-max-size", "bytes", enc.large)
	}
	if cap(enc.buf) <= 4*chunk {
		s.encoders.Put(enc)
	}
}

// outcome turns an error into one of the contract's: a Hold when a setting
// must change, a Retry when the network may recover, and the context's own
// when the caller gave up.
func (s *Sink) outcome(ctx context.Context, err error) error {
	var rejected *sinks.Rejected
	if err == nil || errors.As(err, &rejected) {
		return err
	}
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("syslog to %s: %w", s.addr, cause)
	}
	if hint := settingAtFault(err); hint != "" {
		return &sinks.Hold{Err: fmt.Errorf("syslog to %s: %s: %w", s.addr, hint, err)}
	}
	return &sinks.Retry{Err: fmt.Errorf("syslog to %s: %w", s.addr, err)}
}

func (l *link) close() {
	switch {
	case l == nil:
	case l.stream != nil:
		l.stream.close()
	case l.session != nil:
		l.session.Close()
	case l.udp != nil:
		_ = l.udp.Close()
	}
}
