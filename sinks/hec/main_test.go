package hec

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "00000000-0000-0000-0000-000000000001"

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// start starts a receiver and a sink for it, both closed with the test.
func start(t *testing.T, opt sinktest.HECOptions, change ...func(*Config)) (*Sink, *sinktest.HECReceiver) {
	t.Helper()
	if opt.Token == "" {
		opt.Token = token
	}
	r, err := sinktest.StartHEC(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	cfg := Config{URL: r.URL(), Token: token, Timeout: 10 * time.Second}
	for _, f := range change {
		f(&cfg)
	}
	s, err := New(cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, r
}

// together lets the first n requests wait for each other.
func together(n int) func(request int) *sinktest.HECAnswer {
	var here sync.WaitGroup
	here.Add(n)
	return func(request int) *sinktest.HECAnswer {
		if request < n {
			here.Done()
			here.Wait()
		}
		return nil
	}
}

// sendAtOnce sends size events from each of n goroutines.
func sendAtOnce(t *testing.T, s *Sink, n, size int) {
	t.Helper()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if sent, err := s.Send(t.Context(), numbered(size)); sent != size || err != nil {
				t.Errorf("%d, %v", sent, err)
			}
		})
	}
	wg.Wait()
}

// numbered are n events {"n":"0"}, {"n":"1"}...
func numbered(n int) []abi.Event {
	events := make([]abi.Event, n)
	for i := range events {
		events[i] = abi.Event{Origin: i, Log: abi.Log{Time: int64(i) * 1e9, Fields: []abi.Field{field("n", fmt.Sprint(i))}}}
	}
	return events
}

// arrived are the numbers of numbered events, in order of arrival.
func arrived(t *testing.T, r *sinktest.HECReceiver) []string {
	t.Helper()
	var got []string
	for _, e := range r.Events() {
		var log struct{ N string }
		if err := json.Unmarshal(e.Event, &log); err != nil {
			t.Fatalf("event %s: %v", e.Event, err)
		}
		got = append(got, log.N)
	}
	return got
}

// A delivery is what became of events: what a row of a table asserts.
type delivery struct {
	arrived  string // numbers, in order
	rejected string // number and the reason's code, in order
	stats    sinks.Stats
}

// deliver sends numbered events through a Retrier that waits next to nothing.
func deliver(t *testing.T, s *Sink, r *sinktest.HECReceiver, events []abi.Event) (delivery, []string) {
	t.Helper()
	retry := sinks.NewRetry(s, sinks.RetryConfig{Initial: time.Millisecond, Max: time.Millisecond, Hold: time.Millisecond}, quiet())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var numbers, reasons []string
	err := retry.Deliver(ctx, events, func(e *abi.Event, reason string) error {
		numbers = append(numbers, fmt.Sprint(e.Origin))
		reasons = append(reasons, reason)
		return nil
	})
	if err != nil {
		t.Fatalf("deliver: %v", err)
	}
	return delivery{strings.Join(arrived(t, r), " "), strings.Join(numbers, " "), retry.Stats()}, reasons
}

// poison is an event that the receiver refuses for good.
func poison() abi.Event {
	return abi.Event{Log: abi.Log{Fields: []abi.Field{field("a", "b")}}, Meta: forbidden()}
}

// forbidden is what a guest says that chose an index the receiver refuses.
func forbidden() *abi.Meta {
	meta := abi.NoMeta()
	meta.Index = []byte("forbidden")
	return &meta
}
