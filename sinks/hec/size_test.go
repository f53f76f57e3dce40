package hec

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

func isRetry(err error) bool    { _, ok := errors.AsType[*sinks.Retry](err); return ok }
func isRejected(err error) bool { _, ok := errors.AsType[*sinks.Rejected](err); return ok }

var refusal = sinktest.HECAnswer{Status: http.StatusRequestEntityTooLarge}

// A proxy refuses everything for a while: no event is given up, and the
// bodies grow back to what they were.
func TestRefusalsPass(t *testing.T) {
	s, r := start(t, sinktest.HECOptions{Answer: func(n int) *sinktest.HECAnswer {
		if n > 0 && n <= 15 {
			return &refusal
		}
		return nil
	}}, func(c *Config) { c.MaxBody = 100_000 })
	events := large(300, 1000)
	got, _ := deliver(t, s, r, events)
	if got.rejected != "" || got.stats.Delivered != 300 || got.stats.Retries == 0 || len(arrived(t, r)) != 300 {
		t.Errorf("%d arrived, stats %+v, rejected %q", len(arrived(t, r)), got.stats, got.rejected)
	}
	for range 5 {
		if _, err := s.Send(t.Context(), events); err != nil {
			t.Fatal(err)
		}
	}
	if limit := s.size.limit(); limit != 100_000 {
		t.Errorf("the limit has become %d for good", limit)
	}
}

// A receiver that refuses everything gets no event into the dead letters.
func TestRefusalsThatStay(t *testing.T) {
	var logged strings.Builder
	s, _ := start(t, sinktest.HECOptions{Answer: func(int) *sinktest.HECAnswer { return &refusal }})
	s.logger = slog.New(slog.NewTextHandler(&logged, nil))
	for range 3 {
		n, err := s.Send(t.Context(), large(50, 10_000))
		if !isRetry(err) || n != 0 || !strings.Contains(err.Error(), "413") || !strings.Contains(err.Error(), "proxies") {
			t.Errorf("%d, %v", n, err)
		}
	}
	if limit := s.size.limit(); limit != leastLimit {
		t.Errorf("the limit is %d, want %d", limit, leastLimit)
	}
	if n := strings.Count(logged.String(), "smaller bodies"); n != 1 {
		t.Errorf("%d lines about it:\n%s", n, logged.String())
	}
}

// An event is too large for good only when nothing so large was ever taken.
func TestRefusalOfOneEvent(t *testing.T) {
	for name, c := range map[string]struct {
		before, size int
		want         func(error) bool
	}{
		"small":                       {0, 1000, isRetry},
		"small after larger ones":     {500_000, 1000, isRetry},
		"large after larger ones":     {500_000, 400_000, isRetry},
		"large":                       {0, 400_000, isRejected},
		"larger than the ones before": {300_000, 400_000, isRejected},
	} {
		t.Run(name, func(t *testing.T) {
			var refuse atomic.Bool
			s, _ := start(t, sinktest.HECOptions{Answer: func(int) *sinktest.HECAnswer {
				if refuse.Load() {
					return &refusal
				}
				return nil
			}})
			if c.before > 0 {
				if _, err := s.Send(t.Context(), large(1, c.before)); err != nil {
					t.Fatal(err)
				}
			}
			refuse.Store(true)
			if _, err := s.Send(t.Context(), large(1, c.size)); !c.want(err) {
				t.Errorf("%T %v", err, err)
			}
		})
	}
}

// A limit may be one of compressed bytes: what does not compress is larger
// than anything that was taken, though its text is not.
func TestRefusalOfOneEventThatDoesNotCompress(t *testing.T) {
	var sizes sizes
	sizes.start(DefaultMaxBody)
	sizes.took(&body{plain: make([]byte, 900_000), sent: 10_000})
	if !sizes.excessive(&body{plain: make([]byte, 800_000), sent: 700_000}) {
		t.Error("what does not compress is retried for ever")
	}
	if sizes.excessive(&body{plain: make([]byte, 800_000), sent: 9_000}) {
		t.Error("what is smaller in both ways is given up")
	}
}

func TestLimit(t *testing.T) {
	var s sizes
	s.start(1_000_000)
	for _, step := range []struct{ refused, taken, want int }{
		{refused: 1_000_000, want: 500_000},
		{refused: 1_000_000, want: 500_000}, // of another Send at the same time
		{taken: 250_000, want: 500_000},     // proves nothing
		{taken: 250_001, want: 500_000 + growth},
		{refused: 300_000, want: 150_000},
		{refused: 90_000, want: leastLimit},
		{refused: 10, want: leastLimit},
	} {
		if step.refused > 0 {
			s.refused(step.refused)
		} else {
			s.took(&body{plain: make([]byte, step.taken)})
		}
		if s.limit() != step.want {
			t.Fatalf("%+v: the limit is %d", step, s.limit())
		}
	}
	for range 1000 {
		s.took(&body{plain: make([]byte, s.limit())})
	}
	if s.limit() != 1_000_000 {
		t.Errorf("the limit is %d, want what the settings say", s.limit())
	}
	s.start(2000) // less than the floor
	if limit, _ := s.refused(2000); limit != 2000 {
		t.Errorf("the limit is %d", limit)
	}
}

// A receiver with a limit of its own, below the settings', is met by few
// refusals in the long run.
func TestFewRefusalsOfASteadyLimit(t *testing.T) {
	s, r := start(t, sinktest.HECOptions{MaxBody: 300_000, OnEvent: func(*sinktest.HECEvent) {}})
	for range 20 {
		if _, err := s.Send(t.Context(), large(100, 10_000)); err != nil {
			t.Fatal(err)
		}
	}
	refused, requests := 0, r.Requests()
	for _, req := range requests {
		if req.Events == 0 {
			refused++
		}
	}
	if r.Count() != 2000 || refused == 0 || refused > len(requests)/20 {
		t.Errorf("%d of %d requests were refused, %d events arrived", refused, len(requests), r.Count())
	}
}

// A small limit is no reason to reject what a Retrier may send again.
func TestSmallLimitOfTheSettings(t *testing.T) {
	s, r := start(t, sinktest.HECOptions{Answer: sinktest.HECScript(refusal, refusal, refusal)}, func(c *Config) { c.MaxBody = 2000 })
	got, _ := deliver(t, s, r, large(8, 400))
	if want := "0 1 2 3 4 5 6 7"; got.arrived != want || got.rejected != "" {
		t.Errorf("got %+v", got)
	}
}
