package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A scripted sink answers its n-th Send with the n-th step; when there are no
// more steps it delivers everything.
type scripted struct {
	steps []step
	sends []time.Time
	got   []int // origins of the delivered events
}

type step struct {
	n   int
	err error
}

func (s *scripted) Check(context.Context) error { return nil }
func (s *scripted) Close() error                { return nil }

func (s *scripted) Send(_ context.Context, events []abi.Event) (int, error) {
	s.sends = append(s.sends, time.Now())
	now := step{n: len(events)}
	if len(s.steps) > 0 {
		now, s.steps = s.steps[0], s.steps[1:]
	}
	for i := range max(0, min(now.n, len(events))) {
		s.got = append(s.got, events[i].Origin)
	}
	return now.n, now.err
}

func numbered(n int) []abi.Event {
	events := make([]abi.Event, n)
	for i := range events {
		events[i].Origin = i
	}
	return events
}

// rejects records what was rejected.
type rejects []string

func (r *rejects) add(e *abi.Event, reason string) error {
	*r = append(*r, fmt.Sprintf("%d %s", e.Origin, reason))
	return nil
}

func retry(err error, after time.Duration) error { return &sinks.Retry{Err: err, After: after} }
func hold(text string) error                     { return &sinks.Hold{Err: errors.New(text)} }
func rejected(reason string) error               { return &sinks.Rejected{Reason: reason} }

var errDown = errors.New("receiver is down")

func TestDeliver(t *testing.T) {
	errFault := errors.New("a fault in the sink")
	for _, c := range []struct {
		name     string
		steps    []step
		events   int
		got      []int
		rejected rejects
		stats    sinks.Stats
		err      string
	}{
		{name: "nothing"},
		{name: "at once", events: 3, got: []int{0, 1, 2}, stats: sinks.Stats{Delivered: 3}},
		{
			name: "retried, with progress", events: 4, got: []int{0, 1, 2, 3},
			steps: []step{{0, retry(errDown, 0)}, {2, retry(errDown, 0)}, {0, retry(errDown, 0)}},
			stats: sinks.Stats{Delivered: 4, Retries: 3},
		},
		{
			name: "held", events: 2, got: []int{0, 1},
			steps: []step{{0, hold("bad token")}, {1, hold("bad index")}},
			stats: sinks.Stats{Delivered: 2, Holds: 2},
		},
		{
			name: "rejected, wrapped and not", events: 5, got: []int{0, 2, 3},
			steps:    []step{{1, rejected("no")}, {2, fmt.Errorf("sink: %w", rejected("never"))}},
			rejected: rejects{"1 no", "4 never"},
			stats:    sinks.Stats{Delivered: 3, Rejected: 2},
		},
		{
			name: "unknown outcome", events: 3, got: []int{0}, steps: []step{{1, errFault}},
			stats: sinks.Stats{Delivered: 1}, err: "a fault in the sink",
		},
		{
			name: "says too much", events: 2, got: []int{0, 1}, steps: []step{{3, nil}},
			err: "host fault: the sink says that it delivered 3 of 2 events",
		},
		{
			name: "says too little", events: 2, steps: []step{{-1, nil}},
			err: "host fault: the sink says that it delivered -1 of 2 events",
		},
		{
			name: "says nothing", events: 2, steps: []step{{0, nil}},
			err: "host fault: the sink delivered 0 of 2 events and does not say why it stopped",
		},
		{
			name: "says both", events: 2, got: []int{0, 1}, steps: []step{{2, rejected("which?")}},
			err: "host fault: the sink delivered all of 2 events and still failed: rejected: which?",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := &scripted{steps: c.steps}
				r := sinks.NewRetry(sink, sinks.RetryConfig{}, slog.New(slog.DiscardHandler))
				var gone rejects
				err := r.Deliver(t.Context(), numbered(c.events), gone.add)
				if got := text(err); got != c.err {
					t.Errorf("error %q, want %q", got, c.err)
				}
				if d := cmp.Diff(c.got, sink.got); d != "" {
					t.Errorf("delivered (-want +got):\n%s", d)
				}
				if d := cmp.Diff(c.rejected, gone); d != "" {
					t.Errorf("rejected (-want +got):\n%s", d)
				}
				if d := cmp.Diff(c.stats, r.Stats()); d != "" {
					t.Errorf("stats (-want +got):\n%s", d)
				}
			})
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestDeadLetterThatFailsEndsDelivery(t *testing.T) {
	sink := &scripted{steps: []step{{1, rejected("no")}}}
	r := sinks.NewRetry(sink, sinks.RetryConfig{}, slog.New(slog.DiscardHandler))
	full := errors.New("disk full")
	err := r.Deliver(t.Context(), numbered(3), func(*abi.Event, string) error { return full })
	if !errors.Is(err, full) {
		t.Fatalf("error %v, want %v", err, full)
	}
	if len(sink.sends) != 1 || r.Stats().Rejected != 0 {
		t.Errorf("%d sends and %d rejected after the dead letter failed", len(sink.sends), r.Stats().Rejected)
	}
}

// waits are the times between the sends.
func (s *scripted) waits() []time.Duration {
	var w []time.Duration
	for i := 1; i < len(s.sends); i++ {
		w = append(w, s.sends[i].Sub(s.sends[i-1]))
	}
	return w
}

func TestWaits(t *testing.T) {
	sec := time.Second
	for _, c := range []struct {
		name     string
		steps    []step
		low, top []time.Duration
	}{
		{
			"doubles, up to the limit",
			repeat(step{0, retry(errDown, 0)}, 6),
			[]time.Duration{sec / 2, sec, 2 * sec, 10 * sec / 3, 10 * sec / 3, 10 * sec / 3},
			[]time.Duration{3 * sec / 2, 3 * sec, 6 * sec, 10 * sec, 10 * sec, 10 * sec},
		},
		{
			"starts anew after progress",
			append(repeat(step{0, retry(errDown, 0)}, 4), step{1, retry(errDown, 0)}),
			[]time.Duration{sec / 2, sec, 2 * sec, 10 * sec / 3, sec / 2},
			[]time.Duration{3 * sec / 2, 3 * sec, 6 * sec, 10 * sec, 3 * sec / 2},
		},
		{
			"grants a wish, within limits",
			[]step{{0, retry(errDown, 7*sec)}, {0, retry(errDown, time.Hour)}, {0, retry(errDown, 1)}},
			[]time.Duration{7 * sec, 20 * sec, sec},
			[]time.Duration{7 * sec, 20 * sec, sec},
		},
		{
			"holds slowly and evenly",
			repeat(step{0, hold("x")}, 4),
			[]time.Duration{48 * sec, 48 * sec, 48 * sec, 48 * sec},
			[]time.Duration{72 * sec, 72 * sec, 72 * sec, 72 * sec},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := &scripted{steps: c.steps}
				cfg := sinks.RetryConfig{Initial: sec, Max: 10 * sec, MaxAfter: 20 * sec, Hold: 60 * sec}
				r := sinks.NewRetry(sink, cfg, slog.New(slog.DiscardHandler))
				if err := r.Deliver(t.Context(), numbered(3), new(rejects).add); err != nil {
					t.Fatal(err)
				}
				waits := sink.waits()
				if len(waits) != len(c.low) {
					t.Fatalf("%d waits, want %d", len(waits), len(c.low))
				}
				for i, w := range waits {
					if w < c.low[i]-1 || w > c.top[i]+1 {
						t.Errorf("wait %d is %v, want %v to %v", i, w, c.low[i], c.top[i])
					}
				}
			})
		})
	}
}

// Chance makes pauses differ, and none of them longer than Max.
func TestNoWaitIsLongerThanMax(t *testing.T) {
	for _, initial := range []time.Duration{time.Second, 7 * time.Second, 10 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			sink := &scripted{steps: repeat(step{0, retry(errDown, 0)}, 200)}
			r := sinks.NewRetry(sink, sinks.RetryConfig{Initial: initial, Max: 10 * time.Second}, slog.New(slog.DiscardHandler))
			if err := r.Deliver(t.Context(), numbered(1), new(rejects).add); err != nil {
				t.Fatal(err)
			}
			different := map[time.Duration]bool{}
			for _, w := range sink.waits() {
				different[w] = true
				if w > 10*time.Second {
					t.Fatalf("from %v: a wait of %v", initial, w)
				}
			}
			if len(different) < 190 {
				t.Errorf("from %v: only %d of 200 waits differ", initial, len(different))
			}
		})
	}
}

func repeat(s step, n int) []step {
	all := make([]step, n)
	for i := range all {
		all[i] = s
	}
	return all
}

func TestContextEndsWaiting(t *testing.T) {
	for _, why := range []error{retry(errDown, time.Hour), hold("token")} {
		synctest.Test(t, func(t *testing.T) {
			sink := &scripted{steps: repeat(step{0, why}, 1000)}
			r := sinks.NewRetry(sink, sinks.RetryConfig{MaxAfter: time.Hour}, slog.New(slog.DiscardHandler))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			err := r.Deliver(ctx, numbered(2), new(rejects).add)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v, want the context's", err)
			}
			if d := time.Since(start); d != time.Second {
				t.Errorf("took %v after the context's end at 1 s", d)
			}
		})
	}
}

func TestNoSendAfterContextEnd(t *testing.T) {
	sink := &scripted{}
	r := sinks.NewRetry(sink, sinks.RetryConfig{}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Deliver(ctx, numbered(2), new(rejects).add); !errors.Is(err, context.Canceled) || len(sink.sends) != 0 {
		t.Errorf("error %v after %d sends", err, len(sink.sends))
	}
}

// lines returns the log without its times.
func lines(s string) []string {
	return strings.Split(strings.TrimSpace(s), "\n")
}

func bare(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey || a.Key == "next" {
		return slog.Attr{}
	}
	return a
}

func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: bare}))
		sink := &scripted{}
		sink.steps = append(sink.steps, repeat(step{0, retry(errDown, time.Millisecond)}, 250)...)
		sink.steps = append(sink.steps, step{1, hold("bad token")})
		sink.steps = append(sink.steps, repeat(step{0, hold("bad token")}, 9)...)
		cfg := sinks.RetryConfig{Initial: 10 * time.Millisecond, Hold: time.Minute, Alarm: 5 * time.Minute}
		r := sinks.NewRetry(sink, cfg, logger)
		if err := r.Deliver(t.Context(), numbered(2), new(rejects).add); err != nil {
			t.Fatal(err)
		}
		var levels []string
		for _, line := range lines(out.String()) {
			level, rest, _ := strings.Cut(line, " ")
			tries := ""
			if _, after, found := strings.Cut(rest, "tries="); found {
				tries, _, _ = strings.Cut(after, " ")
			}
			levels = append(levels, strings.TrimPrefix(level, "level=")+" "+tries)
		}
		// 250 tries in 2.5 s, then ten minutes held, then the end of it.
		want := []string{"WARN 1", "WARN 100", "WARN 100", "INFO ", "ERROR 1", "ERROR 5", "INFO "}
		got := levels
		for i := range got { // jitter: the hold's alarms stand for 5 tries, give or take one
			if got[i] == "ERROR 4" || got[i] == "ERROR 6" {
				got[i] = "ERROR 5"
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("log (-want +got):\n%s\n%s", d, out.String())
		}
	})
}

// A receiver that fails and recovers all the time must not fill the log.
func TestLogOfFlapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		logger := slog.New(slog.NewTextHandler(&out, nil))
		sink := &scripted{steps: repeat(step{1, retry(errDown, 10*time.Millisecond)}, 500)}
		r := sinks.NewRetry(sink, sinks.RetryConfig{Initial: 10 * time.Millisecond}, logger)
		if err := r.Deliver(t.Context(), numbered(501), new(rejects).add); err != nil {
			t.Fatal(err)
		}
		if n := len(lines(out.String())); n < 5 || n > 11 { // 5 s, two lines a second
			t.Errorf("%d lines in 5 s", n)
		}
	})
}
