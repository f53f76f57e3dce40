package syslog

import (
	"errors"
	"io"
	"log/slog"
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
	tick  time.Duration
	piece int
	ends  atomic.Int32 // connections that it has read to the end
	serve sync.WaitGroup
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
	t.Cleanup(func() { _ = l.Close(); r.serve.Wait() })
	return r
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
	for range tick.C {
		if _, err := c.Read(buf); err != nil {
			if errors.Is(err, io.EOF) {
				r.ends.Add(1)
			}
			return
		}
	}
}

// TestSlowReceiver reads for much longer than --syslog-timeout, but never
// pauses for as long: one connection, and its witness, confirm it.
func TestSlowReceiver(t *testing.T) {
	r := startSlow(t, 10*time.Millisecond, 16<<10) // 1.6 MB/s
	addr, _ := r.Addr().(*net.TCPAddr)
	s, err := New(Config{Host: "127.0.0.1", Port: addr.Port, Timeout: time.Second}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	body := make([]byte, 64<<10)
	for i := range body {
		body[i] = 'x'
	}
	events := make([]abi.Event, 64)
	for i := range events {
		events[i] = abi.Event{Body: body}
	}
	begin := time.Now()
	n, err := s.Send(t.Context(), events)
	took := time.Since(begin)
	if err = errors.Join(err, s.Close()); n != len(events) || err != nil {
		t.Fatalf("%d, %v after %v", n, err, took)
	}
	if r.ends.Load() != 2 || took < 3*s.cfg.Timeout/2 {
		t.Errorf("%d connections in %v: not what this is about", r.ends.Load(), took)
	}
}
