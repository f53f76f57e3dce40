package sinks_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

func around(s sinks.Sink) sinks.Deliverer {
	return sinks.NewRetry(s, sinks.RetryConfig{}, slog.New(slog.DiscardHandler))
}

func route(events []abi.Event, names ...string) []abi.Event {
	for i := range events {
		if name := names[i%len(names)]; name != "" {
			m := abi.NoMeta()
			m.Route = []byte(name)
			events[i].Meta = &m
		}
	}
	return events
}

func TestRouter(t *testing.T) {
	hec, syslog := &scripted{}, &scripted{steps: []step{{1, rejected("too long")}}}
	r, err := sinks.NewRouter(map[string]sinks.Deliverer{"syslog": around(syslog), "hec": around(hec)}, "hec")
	if err != nil {
		t.Fatal(err)
	}
	var gone rejects
	events := route(numbered(10), "", "syslog", "nowhere", "hec", "syslog")
	if err := r.Deliver(t.Context(), events, gone.add); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]int{0, 3, 5, 8}, hec.got); d != "" {
		t.Errorf("hec (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]int{1, 6, 9}, syslog.got); d != "" {
		t.Errorf("syslog (-want +got):\n%s", d)
	}
	want := rejects{
		`2 the guest routed it to "nowhere"; the sinks are: hec, syslog`,
		`7 the guest routed it to "nowhere"; the sinks are: hec, syslog`,
		"4 too long",
	}
	if d := cmp.Diff(want, gone); d != "" {
		t.Errorf("rejected (-want +got):\n%s", d)
	}
}

func TestRouterNeedsADefault(t *testing.T) {
	_, err := sinks.NewRouter(map[string]sinks.Deliverer{"a": around(&scripted{}), "b": around(&scripted{})}, "c")
	if err == nil || err.Error() != `the default sink "c" is none of: a, b` {
		t.Errorf("error %v", err)
	}
}

// nothing is a sink that delivers without a trace.
type nothing struct{}

func (nothing) Deliver(context.Context, []abi.Event, func(*abi.Event, string) error) error {
	return nil
}

func TestRouterAllocatesNothingWithoutRoutes(t *testing.T) {
	r, err := sinks.NewRouter(map[string]sinks.Deliverer{"a": nothing{}, "b": nothing{}}, "a")
	if err != nil {
		t.Fatal(err)
	}
	ctx, reject := t.Context(), func(*abi.Event, string) error { return nil }
	for name, events := range map[string][]abi.Event{
		"no meta": numbered(100), "no route": route(numbered(100), ""), "the default's name": route(numbered(100), "a", ""),
	} {
		if n := testing.AllocsPerRun(10, func() { _ = r.Deliver(ctx, events, reject) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// stuck waits for the end of its context.
type stuck struct{ entered chan struct{} }

func (s stuck) Deliver(ctx context.Context, _ []abi.Event, _ func(*abi.Event, string) error) error {
	close(s.entered)
	<-ctx.Done()
	return ctx.Err()
}

// failing fails once the others are at work.
type failing struct {
	after chan struct{}
	err   error
}

func (f failing) Deliver(context.Context, []abi.Event, func(*abi.Event, string) error) error {
	<-f.after
	return f.err
}

func TestRouterStopsTheOthersAfterAFailure(t *testing.T) {
	entered, fault := make(chan struct{}), errors.New("fault")
	r, err := sinks.NewRouter(map[string]sinks.Deliverer{"a": stuck{entered}, "b": failing{entered, fault}}, "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Deliver(t.Context(), route(numbered(2), "a", "b"), new(rejects).add); !errors.Is(err, fault) {
		t.Errorf("error %v, want %v", err, fault)
	}
}

// refusing rejects every event.
type refusing struct{}

func (refusing) Deliver(_ context.Context, events []abi.Event, reject func(*abi.Event, string) error) error {
	for i := range events {
		if err := reject(&events[i], "no"); err != nil {
			return err
		}
	}
	return nil
}

func TestRouterRejectsOneAtATimeAndNotAfterAFailure(t *testing.T) {
	r, err := sinks.NewRouter(map[string]sinks.Deliverer{"a": refusing{}, "b": refusing{}, "c": refusing{}}, "a")
	if err != nil {
		t.Fatal(err)
	}
	var inside atomic.Int32
	calls, full := 0, errors.New("disk full")
	err = r.Deliver(t.Context(), route(numbered(300), "a", "b", "c"), func(*abi.Event, string) error {
		if inside.Add(1) != 1 {
			t.Error("two calls of reject at a time")
		}
		defer inside.Add(-1)
		if calls++; calls == 150 {
			return full
		}
		return nil
	})
	if !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
	if calls != 150 {
		t.Errorf("%d calls of reject, want 150", calls)
	}
}
