package syslog

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// pair is a connection and its receiver's end.
func pair(t *testing.T) (ours, theirs *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	a, err := l.Accept()
	if err = errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	ours, theirs = c.(*net.TCPConn), a.(*net.TCPConn)
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	return ours, theirs
}

// do fails the test at the first error of a step.
func do(t *testing.T, steps ...error) {
	t.Helper()
	if err := errors.Join(steps...); err != nil {
		t.Fatal(err)
	}
}

func write(c *net.TCPConn) error {
	_, err := c.Write([]byte("a message\n"))
	return err
}

func wantEOF(t *testing.T, c *net.TCPConn) {
	t.Helper()
	if err := drain(c); !errors.Is(err, io.EOF) {
		t.Fatalf("%v, want EOF", err)
	}
}

func TestClosedAfterUs(t *testing.T) {
	c, receiver := pair(t)
	do(t, stillOpen(c), write(c), stillOpen(c), c.CloseWrite())
	wantEOF(t, receiver)
	do(t, receiver.Close())
	wantEOF(t, c)
	do(t, closedAfterUs(c))
}

// TestClosedBeforeUs is a receiver that closes an idle connection: a read
// tells no difference, though what was written then is lost.
func TestClosedBeforeUs(t *testing.T) {
	c, receiver := pair(t)
	do(t, receiver.Close())
	wantEOF(t, c)
	if err := stillOpen(c); err == nil {
		t.Error("still open, after the receiver's FIN")
	}
	do(t, write(c)) // the first one succeeds
	wantEOF(t, c)
	if err := closedAfterUs(c); err == nil {
		t.Error("confirmed what a closed receiver cannot have read")
	}
}

// TestIdleClose is the same before the connection's reader has noticed.
func TestIdleClose(t *testing.T) {
	tcp, receiver := pair(t)
	do(t, receiver.Close())
	wantEOF(t, tcp)
	c := &conn{stream: tcp, tcp: tcp, timeout: time.Minute, ended: make(chan struct{})}
	do(t, c.write([]byte("a message\n")))
	go c.read()
	if err := c.barrier(t.Context()); err == nil {
		t.Error("confirmed what a closed receiver cannot have read")
	}
	<-c.ended
}
