package hec

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/sinks/sinktest"
)

// A receiver that is too slow, in whatever way, is tried again.
func TestTimeouts(t *testing.T) {
	for name, a := range map[string]sinktest.HECAnswer{
		"no answer":          {Fault: sinktest.HECStall},
		"body is never read": {Fault: sinktest.HECStall, Early: true},
		"byte by byte":       {Status: 200, Fault: sinktest.HECDrip},
		"header, too":        {Fault: sinktest.HECDripHead},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := start(t, sinktest.HECOptions{Answer: sinktest.HECScript(a)}, func(c *Config) { c.Timeout = 100 * time.Millisecond })
			begin := time.Now()
			n, err := s.Send(t.Context(), large(20, 30_000))
			if n != 0 || !isRetry(err) || !strings.Contains(err.Error(), "no answer within --hec-timeout (100ms)") {
				t.Errorf("%d, %v", n, err)
			}
			if d := time.Since(begin); d > 5*time.Second {
				t.Errorf("took %v", d)
			}
			if n, err := s.Send(t.Context(), numbered(3)); n != 3 || err != nil {
				t.Errorf("afterwards: %d, %v", n, err)
			}
		})
	}
}

// A server that answers without reading the body and closes: its 413 must
// be heard, or the same body would be sent for ever.
func TestEarly413(t *testing.T) {
	early := sinktest.HECAnswer{Status: 413, Early: true}
	s, r := start(t, sinktest.HECOptions{Answer: sinktest.HECScript(early, early)}, func(c *Config) { c.MaxBody = 4_000_000 })
	got, _ := deliver(t, s, r, large(100, 30_000))
	if got.rejected != "" || len(arrived(t, r)) != 100 {
		t.Errorf("%d arrived, rejected %q, %+v", len(arrived(t, r)), got.rejected, got.stats)
	}
	if limit := s.size.limit(); limit > 1_000_000 {
		t.Errorf("the limit is still %d", limit)
	}
}

func TestCancelDuringSend(t *testing.T) {
	entered := make(chan struct{})
	s, _ := start(t, sinktest.HECOptions{Answer: func(n int) *sinktest.HECAnswer {
		if n == 0 {
			return nil // the first body arrives
		}
		close(entered)
		return &sinktest.HECAnswer{Fault: sinktest.HECStall}
	}}, func(c *Config) { c.MaxBody, c.Timeout = 20, time.Minute })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-entered; cancel() }()
	n, err := s.Send(ctx, numbered(2))
	if n != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d, %v", n, err)
	}
	if isRetry(err) {
		t.Error("a cancelled send is no Retry")
	}
}

func TestNearCapacityIsSaidOnce(t *testing.T) {
	log := new(logged)
	s, _ := start(t, sinktest.HECOptions{Answer: func(int) *sinktest.HECAnswer {
		a := sinktest.HECError(200, 24, sinktest.NoNumber)
		return &a
	}})
	s.logger = log.logger()
	for range 5 {
		if n, err := s.Send(t.Context(), numbered(2)); n != 2 || err != nil {
			t.Fatal(n, err)
		}
	}
	if n := strings.Count(log.text(), "near its capacity"); n != 1 {
		t.Errorf("said %d times:\n%s", n, log.text())
	}
}

// Connections whose peer has died without a word: one request finds out, and
// the next one makes a connection of its own.
func TestHalfOpenConnections(t *testing.T) {
	const idle = 5
	s, r := start(t, sinktest.HECOptions{Answer: together(idle)})
	sendAtOnce(t, s, idle, 1)
	r.Freeze()
	s.cfg.Timeout = 200 * time.Millisecond
	n, err := s.Send(t.Context(), numbered(1))
	if n != 0 || !isRetry(err) || !strings.Contains(err.Error(), "no answer within --hec-timeout (200ms)") {
		t.Errorf("on a dead connection: %d, %v", n, err)
	}
	s.cfg.Timeout = 10 * time.Second
	if n, err := s.Send(t.Context(), numbered(1)); n != 1 || err != nil {
		t.Errorf("afterwards: %d, %v", n, err)
	}
	if n := r.Connections(); n != idle+1 {
		t.Errorf("%d connections, want %d", n, idle+1)
	}
}

func TestCloseWaitsAndEnds(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s, r := start(t, sinktest.HECOptions{Answer: func(int) *sinktest.HECAnswer {
		close(entered)
		<-release
		return nil
	}})
	sent := make(chan error, 1)
	go func() {
		_, err := s.Send(t.Context(), numbered(2))
		sent <- err
	}()
	<-entered
	closed := make(chan struct{})
	go func() { _ = s.Close(); close(closed) }()
	for s.sending.TryRLock() { // until Close waits for its turn
		s.sending.RUnlock()
		runtime.Gosched()
	}
	select {
	case <-closed:
		t.Error("Close did not wait for the Send under way")
	default:
	}
	close(release)
	<-closed
	if err := <-sent; err != nil || r.Count() != 2 {
		t.Errorf("%v, %d arrived", err, r.Count())
	}
	if _, err := s.Send(t.Context(), numbered(1)); err == nil || err.Error() != "host fault: the HEC sink is closed" {
		t.Errorf("send after close: %v", err)
	}
}

// Idle connections are used again: one dial for many bodies.
func TestConnectionsAreReused(t *testing.T) {
	s, r := start(t, sinktest.HECOptions{})
	for range 20 {
		if _, err := s.Send(t.Context(), numbered(3)); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.Connections(); n != 1 {
		t.Errorf("%d connections for 20 requests", n)
	}
}
