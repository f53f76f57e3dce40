package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks/syslog/relp"
)

// wary is how long after a refusal each Send sends its first event alone: what
// follows a refused event is sent again with it, so it should be nothing. It
// is longer than the longest wait between two Sends of the same events.
const wary = 15 * time.Minute

var (
	errNotRELP = errors.New("no RELP session")
	errRefused = errors.New("the event is refused, also alone")
)

// acknowledged sends the events over the slot's RELP session, opening one when
// there is none or the last one ended, and returns what the slot holds then.
// Those count as delivered that the receiver has acknowledged.
func (s *Sink) acknowledged(ctx context.Context, slot *link, enc *encoder, events []abi.Event) (*link, int, error) {
	if slot != nil && slot.session.Lost() != nil {
		slot.close() // nothing was under way
		slot = nil
	}
	if slot == nil {
		session, err := s.openSession(ctx, s.cfg.Timeout)
		if err != nil {
			return nil, 0, err
		}
		slot = &link{session: session}
	}
	stop := context.AfterFunc(ctx, slot.session.Abort)
	n, err := s.sendAcknowledged(slot.session, enc, events)
	if !stop() || err != nil {
		// Also when ctx ended at the last moment: it may close any time.
		slot.session.Abort()
		slot = nil
	}
	return slot, n, err
}

func (s *Sink) sendAcknowledged(session *relp.Session, enc *encoder, events []abi.Event) (n int, err error) {
	if time.Since(time.Unix(0, s.refused.Load())) < wary {
		if n, err = s.sendWindow(session, enc, events[:1]); err != nil {
			if errors.As(err, new(*relp.Refused)) {
				err = fmt.Errorf("%w: %w", errRefused, err)
			}
			return n, err
		}
		events = events[1:]
	}
	more, err := s.sendWindow(session, enc, events)
	return n + more, err
}

func (s *Sink) sendWindow(session *relp.Session, enc *encoder, events []abi.Event) (int, error) {
	n, err := session.Send(len(events), func(i int) []byte {
		enc.buf = enc.buf[:0]
		enc.append(&events[i])
		return enc.buf
	})
	switch {
	case errors.As(err, new(*relp.Refused)):
		s.refused.Store(time.Now().UnixNano())
	case errors.Is(err, relp.ErrTimeout):
		err = fmt.Errorf("%w: %w", errTimeout, err)
	}
	return n, err
}

// openSession connects, shakes hands for TLS, and opens a RELP session, all
// within the time limit.
func (s *Sink) openSession(ctx context.Context, limit time.Duration) (*relp.Session, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errTimeout)
	defer cancel()
	tcp, err := connect(ctx, s.addr)
	if err != nil {
		return nil, err
	}
	var c relp.Conn = prompt{tcp}
	if s.tls != nil {
		secure, err := s.secure(ctx, prompt{tcp})
		if err != nil {
			_ = tcp.Close()
			return nil, err
		}
		c = secured{secure, tcp}
	}
	stop := context.AfterFunc(ctx, func() { _ = tcp.Close() })
	session, err := relp.Open(c, relp.Config{Software: "slswasm", Window: s.cfg.RELPWindow, Timeout: s.cfg.Timeout})
	if !stop() && err == nil {
		session.Abort()
		err = context.Cause(ctx)
	}
	switch err = timedOut(ctx, err); {
	case err == nil:
		return session, nil
	case errors.Is(err, errTimeout) || errors.Is(err, io.EOF):
		err = fmt.Errorf("%w; does this port speak RELP?", err)
	case errors.Is(err, relp.ErrProtocol) || errors.As(err, new(*relp.Refused)):
		err = fmt.Errorf("%w: %w", errNotRELP, err)
	}
	return nil, err
}

// prompt is TCP that tells the receiver's kernel at once what it has read. A
// receiver's answers are small: its kernel holds back the second one until it
// knows that we have the first, and ours would wait 40 ms to say so.
type prompt struct{ *net.TCPConn }

func (c prompt) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	if err == nil {
		acknowledgeNow(c.TCPConn)
	}
	return n, err
}

// secured is TLS that closes at once: the close of RELP has said good-bye,
// and a close_notify may have to wait.
type secured struct {
	*tls.Conn
	tcp *net.TCPConn
}

func (c secured) Close() error { return c.tcp.Close() }
