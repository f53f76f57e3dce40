package hec

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
	"github.com/slswasm/slswasm/sinks/sinktest/suite"
)

// Two collectors behind a sinks.Failover are held against the same contract
// as one.
func TestSuiteOverTwoEndpoints(t *testing.T) {
	for name, c := range map[string]struct {
		prefer    sinks.Preference
		firstDown bool
	}{
		"both":             {prefer: sinks.Spread},
		"one of them down": {prefer: sinks.First, firstDown: true},
	} {
		t.Run(name, func(t *testing.T) {
			suite.Run(t, func(t *testing.T) suite.Subject { return pair(t, c.prefer, c.firstDown) })
		})
	}
}

func pair(t *testing.T, prefer sinks.Preference, firstDown bool) suite.Subject {
	var (
		stalled   atomic.Bool
		mu        sync.Mutex
		received  []string
		receivers []*sinktest.HECReceiver
		endpoints []sinks.Endpoint
	)
	for range 2 {
		s, r := start(t, sinktest.HECOptions{
			Indexes: []string{"main"},
			OnEvent: func(e *sinktest.HECEvent) {
				mu.Lock()
				defer mu.Unlock()
				received = append(received, describe(t, e))
			},
			Answer: func(int) *sinktest.HECAnswer {
				if stalled.Load() {
					return &sinktest.HECAnswer{Fault: sinktest.HECStall, Early: true}
				}
				return nil
			},
		})
		receivers, endpoints = append(receivers, r), append(endpoints, sinks.Endpoint{Name: r.URL(), Sink: s})
	}
	if firstDown {
		receivers[0].Down()
		receivers = receivers[1:]
	}
	soon := sinks.RetryConfig{Initial: time.Millisecond, Max: 5 * time.Millisecond, Hold: 5 * time.Millisecond}
	return suite.Subject{
		Sink: sinks.NewFailover(endpoints, prefer, soon, quiet()),
		Received: func() []string {
			mu.Lock()
			defer mu.Unlock()
			return append([]string(nil), received...)
		},
		Want:  want,
		Large: 1 << 16,
		Down: func() {
			for _, r := range receivers {
				r.Down()
			}
		},
		Up: func() {
			for _, r := range receivers {
				if err := r.Up(); err != nil {
					t.Error(err)
				}
			}
		},
		Stall:  func() { stalled.Store(true) },
		Poison: poison,
	}
}
