package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// A conn is one TCP or TLS connection to the receiver. It always has a reader
// on it: a write to a connection that the receiver has closed succeeds once,
// and only a read tells (so does a TLS receiver that refuses a certificate).
type conn struct {
	stream  net.Conn // what is written to: tcp, or TLS over it
	tcp     *net.TCPConn
	wire    *wire         // of TLS
	timeout time.Duration // of a write
	silence time.Duration // how long the barrier waits while nothing shows that the receiver reads
	finned  atomic.Bool   // we have ended our half

	ended    chan struct{} // closed when the reader is done
	why      error         // what the reader ended with; read after ended
	notified bool          // a close_notify came before that; read after ended
}

// dial connects, and for TLS shakes hands, within the timeout.
func (s *Sink) dial(ctx context.Context) (*conn, error) { return s.dialTo(ctx, s.addr) }

func (s *Sink) dialTo(ctx context.Context, addr string) (*conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.Timeout, errTimeout)
	defer cancel()
	tcp, err := connect(ctx, addr)
	if err != nil {
		return nil, err
	}
	c := &conn{stream: tcp, tcp: tcp, timeout: s.cfg.Timeout, silence: patience * s.cfg.Timeout, ended: make(chan struct{})}
	if s.tls != nil {
		c.wire = &wire{TCPConn: tcp}
		if c.stream, err = s.secure(ctx, c.wire); err != nil {
			_ = tcp.Close()
			return nil, err
		}
	}
	go c.read()
	return c, nil
}

func connect(ctx context.Context, addr string) (*net.TCPConn, error) {
	dialer := net.Dialer{KeepAlive: 15 * time.Second}
	raw, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, timedOut(ctx, err)
	}
	tcp, ok := raw.(*net.TCPConn)
	if !ok {
		_ = raw.Close()
		return nil, fmt.Errorf("dialling tcp gave a %T", raw)
	}
	return tcp, nil
}

// secure shakes hands over a connection, which it does not close.
func (s *Sink) secure(ctx context.Context, over net.Conn) (*tls.Conn, error) {
	secure := tls.Client(over, s.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		if err = timedOut(ctx, err); errors.Is(err, errTimeout) {
			err = fmt.Errorf("%w; does this port speak TLS?", err)
		}
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return secure, nil
}

// A wire is what crypto/tls reads from and writes to, for two reasons.
//
// It keeps crypto/tls from setting a write deadline of its own: that gives a
// close_notify five seconds, and a slow receiver with full buffers may need
// longer. conn sets the deadline on the TCP connection itself.
//
// And it notes a bare FIN, which crypto/tls passes on as the same io.EOF that
// a close_notify is.
type wire struct {
	*net.TCPConn
	fin bool // of the goroutine that reads
}

func (w *wire) SetWriteDeadline(time.Time) error { return nil }

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.TCPConn.Read(b)
	w.fin = w.fin || errors.Is(err, io.EOF)
	return n, err
}

// errTimeout is the cause of a wait that took too long.
var errTimeout = errors.New("no answer in time (--syslog-timeout, at the start 10 s at most)")

// timedOut adds the setting to err when the time limit is what ended a wait.
// It may pass after that: without an err there is none.
func timedOut(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(context.Cause(ctx), errTimeout) || errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%w: %w", errTimeout, err)
	}
	return err
}

// read waits for the end.
func (c *conn) read() {
	defer close(c.ended)
	err := drain(c.stream)
	if errors.Is(err, io.EOF) && c.wire != nil && !c.wire.fin && c.finned.Load() {
		// That was a close_notify; the FIN after it is what counts.
		c.notified = true
		err = drain(c.tcp)
	}
	c.why = err
}

// drain reads to the end and returns what it was, never nil. A syslog
// receiver has nothing to say: whatever it sends is thrown away.
func drain(r io.Reader) error {
	var buf [512]byte
	for {
		if _, err := r.Read(buf[:]); err != nil {
			return err
		}
	}
}

// lost returns why the connection cannot be written to any more, as far as
// the reader knows by now.
func (c *conn) lost() error {
	select {
	case <-c.ended:
		return fmt.Errorf("the receiver ended the connection: %w", c.why)
	default:
		return nil
	}
}

// write writes all of b within the timeout.
func (c *conn) write(b []byte) error {
	if err := c.lost(); err != nil {
		return err
	}
	if err := c.tcp.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return err
	}
	if _, err := c.stream.Write(b); err != nil {
		return c.explain(err)
	}
	return nil
}

// explain puts before err, of which the connection died, what the reader saw:
// an alert about a certificate is the cause and says more than a broken pipe.
func (c *conn) explain(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%w: %w", errTimeout, err)
	}
	_ = c.tcp.CloseRead() // in case that the reader has not noticed
	<-c.ended
	return fmt.Errorf("the receiver ended the connection: %w (%w)", c.why, err)
}

// barrier ends our half of the connection and waits until the receiver, who
// has then read all of it, ends the other. The connection is done after it.
func (c *conn) barrier(ctx context.Context) error {
	if err := stillOpen(c.tcp); err != nil {
		return c.explain(err)
	}
	if err := c.lost(); err != nil {
		return err
	}
	if err := c.finish(); err != nil {
		return c.explain(err)
	}
	if err := c.await(ctx); err != nil {
		return err
	}
	if !errors.Is(c.why, io.EOF) {
		return c.why
	}
	return closedAfterUs(c.tcp)
}

// await waits for the end of the connection, for as long as the receiver goes
// on taking what is in the kernel's buffer.
func (c *conn) await(ctx context.Context) error {
	const looks = 8
	tick := time.NewTicker(max(c.silence/looks, 1))
	defer tick.Stop()
	taken := acknowledged(c.tcp)
	for idle := 0; idle < looks; idle++ {
		select {
		case <-c.ended:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		if now := acknowledged(c.tcp); now > taken {
			taken, idle = now, -1
		}
	}
	return errBarrier
}

// finish ends our half of the connection.
func (c *conn) finish() error {
	c.finned.Store(true)
	if err := c.tcp.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return err
	}
	if t, ok := c.stream.(*tls.Conn); ok {
		if err := t.CloseWrite(); err != nil { // close_notify
			return err
		}
	}
	return c.tcp.CloseWrite()
}

// errBarrier is a receiver that did not close in time.
var errBarrier = errors.New("the receiver did not close the connection after its end, nor take any more of it, within --syslog-timeout; " +
	"if it never does, nothing can be confirmed: --syslog-confirm none")

// close ends the connection and waits for the reader.
func (c *conn) close() {
	_ = c.tcp.Close() // which abortWith may have done
	<-c.ended
}
