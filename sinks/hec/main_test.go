package hec

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
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

// forbidden is what a guest says that chose an index the receiver refuses.
func forbidden() *abi.Meta {
	meta := abi.NoMeta()
	meta.Index = []byte("forbidden")
	return &meta
}
