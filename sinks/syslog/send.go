package syslog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

// windows sends the events in confirmed windows, most often in one.
func (s *Sink) windows(ctx context.Context, enc *encoder, events []abi.Event) (n int, err error) {
	for n < len(events) {
		next := events[n:]
		next = next[:min(len(next), s.window.size())]
		if err := s.confirmed(ctx, enc, next); err != nil {
			return n, err
		}
		s.window.passed(len(next))
		n += len(next)
	}
	return n, nil
}

// confirmed sends a window over a connection of its own. It is delivered once
// the barrier has passed. A receiver that is too slow for it gets a smaller
// one next, or it would be sent the same events for ever.
func (s *Sink) confirmed(ctx context.Context, enc *encoder, events []abi.Event) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	stop := c.abortWith(ctx)
	defer stop()
	if _, err = c.writeAll(enc, events); err == nil {
		err = c.barrier(ctx)
	}
	if err == nil {
		err = s.witness(ctx, c)
	}
	if errors.Is(err, errBarrier) || errors.Is(err, errTimeout) {
		return fmt.Errorf("%d events not confirmed, %d at most are sent next: %w", len(events), s.window.missed(len(events)), err)
	}
	if err != nil {
		return fmt.Errorf("not confirmed: %w", err)
	}
	return nil
}

// witness makes sure that the receiver lives on after it has ended c: the
// kernel of one that is killed ends its connections just the same. A second
// connection, which was begun after that end, is confirmed by a living
// receiver only. A close_notify is proof enough: no kernel sends it.
func (s *Sink) witness(ctx context.Context, c *conn) error {
	if c.notified {
		return nil
	}
	w, err := s.dialTo(ctx, c.tcp.RemoteAddr().String())
	if err != nil {
		return fmt.Errorf("the receiver is gone after its answer: %w", err)
	}
	defer w.close()
	stop := w.abortWith(ctx)
	defer stop()
	if err := w.barrier(ctx); err != nil {
		return fmt.Errorf("the receiver is gone after its answer: %w", err)
	}
	return nil
}

// unconfirmed sends the events over the slot's connection, dialling one when
// there is none or the last one ended, and returns what the slot holds then.
func (s *Sink) unconfirmed(ctx context.Context, slot *link, enc *encoder, events []abi.Event) (*link, int, error) {
	if slot != nil {
		if err := slot.stream.lost(); err != nil {
			s.log.Warn("connection ended; what was sent last may be lost", "error", err)
			slot.close()
			slot = nil
		}
	}
	if slot == nil {
		c, err := s.dial(ctx)
		if err != nil {
			return nil, 0, err
		}
		slot = &link{stream: c}
	}
	stop := slot.stream.abortWith(ctx)
	n, err := slot.stream.writeAll(enc, events)
	if !stop() || err != nil {
		// Also when ctx ended at the last moment: its deadline may come.
		slot.close()
		slot = nil
	}
	return slot, n, err
}

// writeAll encodes and writes the events in chunks, and returns how many were
// in chunks that the kernel took.
func (c *conn) writeAll(enc *encoder, events []abi.Event) (n int, err error) {
	for i := range events {
		enc.append(&events[i])
		if len(enc.buf) < chunk && i+1 < len(events) {
			continue
		}
		if err := c.write(enc.buf); err != nil {
			return n, err
		}
		enc.buf = enc.buf[:0]
		n = i + 1
	}
	return n, nil
}

// abortWith makes every wait on the connection end with ctx. The result
// undoes it and reports whether it was in time.
func (c *conn) abortWith(ctx context.Context) (undo func() bool) {
	return context.AfterFunc(ctx, func() { _ = c.tcp.Close() })
}

// udpAge is how long a UDP socket is used before its host's name is resolved
// again: nothing else would tell that the receiver has moved.
const udpAge = time.Minute

func (s *Sink) dialUDP(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.Timeout, errTimeout)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "udp", s.addr)
	return c, timedOut(ctx, err)
}

// datagrams sends each event as a datagram over the slot's socket.
func (s *Sink) datagrams(ctx context.Context, slot *link, enc *encoder, events []abi.Event) (*link, int, error) {
	if slot != nil && time.Since(slot.since) > udpAge {
		slot.close()
		slot = nil
	}
	if slot == nil {
		c, err := s.dialUDP(ctx)
		if err != nil {
			return nil, 0, err
		}
		slot = &link{udp: c, since: time.Now()}
	}
	socket := slot.udp
	stop := context.AfterFunc(ctx, func() { _ = socket.Close() })
	n, err := s.writeEach(socket, enc, events)
	if !stop() || (err != nil && !errors.As(err, new(*sinks.Rejected))) {
		slot.close()
		slot = nil
	}
	return slot, n, err
}

func (s *Sink) writeEach(c net.Conn, enc *encoder, events []abi.Event) (n int, err error) {
	if err := c.SetWriteDeadline(time.Now().Add(s.cfg.Timeout)); err != nil {
		return 0, err
	}
	for i := 0; i < len(events); {
		enc.buf = enc.buf[:0]
		cut := enc.cut
		enc.append(&events[i])
		switch _, err := c.Write(enc.buf); {
		case errors.Is(err, syscall.EMSGSIZE):
			if !s.shorten(enc) {
				return i, &sinks.Rejected{Reason: fmt.Sprintf("not even %d bytes fit into a datagram to %s", len(enc.buf), s.addr)}
			}
			enc.cut = cut // it is written again
		case errors.Is(err, syscall.ECONNREFUSED):
			return max(0, i-1), err // the answer to the datagram before
		case err != nil:
			return i, err
		default:
			i++
		}
	}
	return len(events), nil
}

// shorten makes the limit of a message less than what was just too long for a
// datagram, also for later Sends. It reports whether there is room left.
func (s *Sink) shorten(enc *encoder) bool {
	limit := len(enc.buf) - len(enc.buf)/8
	if limit < minMessage {
		return false
	}
	enc.limit = limit
	s.datagram.Store(int64(limit))
	s.log.Warn("the way to the receiver takes no datagram of this size", "bytes", len(enc.buf), "tried next", limit)
	return true
}
