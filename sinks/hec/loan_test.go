package hec

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slswasm/slswasm/sinks/sinktest"
)

// writes counts the calls of Write.
type writes struct {
	net.Conn
	n atomic.Int32
}

func (w *writes) Write(p []byte) (int, error) {
	w.n.Add(1)
	return w.Conn.Write(p)
}

// A body goes from the memory it was written in to the kernel: through
// net/http's own small buffer, which has the header, and else in one piece.
func TestOnePiece(t *testing.T) {
	s, r := start(t, sinktest.HECOptions{})
	under := &writes{}
	s.client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		under.Conn = c
		return conn{under}, err
	}
	if n, err := s.Send(t.Context(), large(20, 30_000)); n != 20 || err != nil {
		t.Fatal(n, err)
	}
	if got := len(r.Events()); got != 20 {
		t.Errorf("%d events arrived", got)
	}
	if n := under.n.Load(); n != 2 {
		t.Errorf("%d writes, want 2", n)
	}
}

func TestLoanInPieces(t *testing.T) {
	l := &loan{bytes: []byte("0123456789")}
	r := l.reader()
	first := make([]byte, 3)
	if _, err := io.ReadFull(r, first); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	c := conn{sinkConn{w: &got}}
	if n, err := io.Copy(c, io.LimitReader(r, 4)); n != 4 || err != nil || got.String() != "3456" {
		t.Errorf("%d, %v, %q", n, err, &got)
	}
	if n, err := c.ReadFrom(bytes.NewReader([]byte("ab"))); n != 2 || err != nil || got.String() != "3456ab" {
		t.Errorf("of any reader: %d, %v, %q", n, err, &got)
	}
	l.end()
	if n, err := io.Copy(c, io.LimitReader(r, 3)); n != 0 || !errors.Is(err, errEnded) {
		t.Errorf("after its end: %d, %v", n, err)
	}
}

// sinkConn is a connection that can only be written to.
type sinkConn struct {
	net.Conn
	w io.Writer
}

func (c sinkConn) Write(p []byte) (int, error) { return c.w.Write(p) }

// A receiver that answers before it has read the body, reads no more and
// leaves the connection open must not keep the loan, and with it the Send.
func TestAnswerOvertakes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			defer c.Close() //nolint:errcheck // it ends the test
			if _, err = http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, err = io.WriteString(c, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
			}
			if err == nil {
				<-t.Context().Done()
			}
		}
		served <- err
	}()
	t.Cleanup(func() {
		_ = l.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	s, err := New(Config{URL: "http://" + l.Addr().String(), Token: token, Timeout: time.Minute, MaxBody: 64 << 20}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	begin := time.Now()
	_, err = s.Send(t.Context(), large(500, 30_000)) // more than the kernel takes
	if !isRetry(err) {
		t.Errorf("got %v, want a Retry", err)
	}
	if d := time.Since(begin); d > 10*time.Second {
		t.Errorf("took %v", d)
	}
}
