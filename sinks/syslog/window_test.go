package syslog

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

func TestWindow(t *testing.T) {
	var w window
	for i, step := range []struct{ missed, passed, want int }{
		{passed: 10_000, want: math.MaxInt},
		{missed: 1000, want: 500},
		{missed: 1000, want: 500}, // of another Send at the same time
		{passed: 499, want: 500},  // not full
		{passed: 500, want: 516},
		{passed: 500, want: 516}, // begun before it grew
		{missed: 3, want: 1},
		{missed: 1, want: 1},
		{passed: 1, want: 2},
		{passed: 2, want: 3},
	} {
		if step.missed > 0 {
			if got := w.missed(step.missed); got != step.want {
				t.Errorf("step %d: missed says %d", i, got)
			}
		} else {
			w.passed(step.passed)
		}
		if got := w.size(); got != step.want {
			t.Fatalf("step %d: %d, want %d", i, got, step.want)
		}
	}
	windows := 0
	for ; w.size() < 10_000; windows++ {
		w.passed(w.size())
	}
	if windows > 250 {
		t.Errorf("%d windows until it is large again", windows)
	}
}

// TestSmallerWindows is a receiver that is too slow for the first windows:
// smaller ones follow, and nothing is missing or out of order.
func TestSmallerWindows(t *testing.T) {
	var ready atomic.Bool
	r := start(t, sinktest.SyslogOptions{Fault: func(int) sinktest.SyslogFault {
		if ready.Load() {
			return sinktest.SyslogFault{}
		}
		return sinktest.SyslogFault{Do: sinktest.SyslogNeverDone}
	}})
	s, _ := sinkTo(t, r, Config{Timeout: 200 * time.Millisecond})
	events := numbered("a", 100)
	for _, words := range []string{
		"100 events not confirmed, 50 at most are sent next", "50 events not confirmed, 25 at most", "25 events not confirmed, 12 at most", "12 events not confirmed, 6 at most",
	} {
		n, err := s.Send(t.Context(), events)
		for err != nil && strings.Contains(err.Error(), "dial tcp") { // a busy machine
			n, err = s.Send(t.Context(), events)
		}
		wantRetry(t, n, 0, err, words)
	}
	s.cfg.Timeout = time.Minute // the rest is not about time
	ready.Store(true)
	read, conns := r.Count(), r.Conns()
	if n, err := s.Send(t.Context(), events); n != 100 || err != nil {
		t.Fatal(n, err)
	}
	wantNumbered(t, r.Messages()[read:], "a", 100)
	if n := r.Conns() - conns; n != 20 { // windows of 6, 7, ... 14, and the last 10, each with its witness
		t.Errorf("%d connections", n)
	}
}

// A slow receiver reads a few bytes at each tick and closes at the end.
type slow struct {
	net.Listener
	tick    time.Duration
	piece   int
	ends    atomic.Int32 // connections that it has read to the end
	longest atomic.Int64 // ns between two reads
	serve   sync.WaitGroup
}

func startSlow(t *testing.T, tick time.Duration, piece int) *slow {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &slow{Listener: l, tick: tick, piece: piece}
	r.serve.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			r.serve.Go(func() { r.read(c) })
		}
	})
	return r
}

func (r *slow) close() {
	_ = r.Close()
	r.serve.Wait()
}

func (r *slow) read(c net.Conn) {
	defer c.Close() //nolint:errcheck // only read from
	// A small buffer, so that what it has not read shows at the sender.
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(16 << 10)
	}
	tick := time.NewTicker(r.tick)
	defer tick.Stop()
	buf := make([]byte, r.piece)
	last := time.Now()
	for range tick.C {
		_, err := c.Read(buf)
		gap := time.Since(last)
		last = last.Add(gap)
		r.longest.Store(max(r.longest.Load(), int64(gap)))
		if errors.Is(err, io.EOF) {
			r.ends.Add(1)
		}
		if err != nil {
			return
		}
	}
}

// TestSlowReceiver reads for much longer than --syslog-timeout, but never
// pauses for as long: one connection, and its witness, confirm it. Where the
// machine is so busy that the receiver pauses, everything is made slower.
func TestSlowReceiver(t *testing.T) {
	events := make([]abi.Event, 64)
	for i := range events {
		events[i] = abi.Event{Body: bytes.Repeat([]byte("x"), 64<<10)}
	}
	for timeout := time.Second; ; timeout *= 2 {
		r := startSlow(t, timeout/100, 16<<10)
		addr, _ := r.Addr().(*net.TCPAddr)
		s, err := New(Config{Host: "127.0.0.1", Port: addr.Port, Timeout: timeout}, discardLog())
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		n, err := s.Send(t.Context(), events)
		took := time.Since(begin)
		_ = s.Close() // never fails
		r.close()
		// A write of 256 KiB, which has the timeout, is 16 reads.
		if pause := time.Duration(r.longest.Load()); err != nil && pause > timeout/32 {
			t.Logf("%v; the receiver paused for %v: again, slower", err, pause)
			continue
		}
		if n != len(events) || err != nil {
			t.Fatalf("%d, %v after %v", n, err, took)
		}
		if r.ends.Load() != 2 || took < 3*timeout/2 {
			t.Errorf("%d connections in %v: not what this is about", r.ends.Load(), took)
		}
		return
	}
}
