package suite

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

func testEnded(t *testing.T, s Subject) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n, err := s.Sink.Send(ctx, numbered(0, 10))
	checkCancelled(t, n, err)
	if err := s.Sink.Check(ctx); err == nil {
		t.Error("check: no error though its context had ended")
	}
	same(t, s, nil)
}

func checkCancelled(t *testing.T, n int, err error) {
	t.Helper()
	if n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("send: %d, %v; want 0 and the context's error", n, err)
	}
	if isRetry(err) || isHold(err) || isRejected(err) {
		t.Errorf("send: %v is an outcome, though the context ended", err)
	}
}

func isRetry(err error) bool    { _, ok := errors.AsType[*sinks.Retry](err); return ok }
func isHold(err error) bool     { _, ok := errors.AsType[*sinks.Hold](err); return ok }
func isRejected(err error) bool { _, ok := errors.AsType[*sinks.Rejected](err); return ok }

// testEnds: a receiver that is stuck must not keep the sink.
func testEnds(t *testing.T, s Subject) {
	need(t, s.Stall != nil, "stalling")
	s.Stall()
	ctx, cancel := context.WithCancel(t.Context())
	timer := time.AfterFunc(50*time.Millisecond, cancel)
	defer timer.Stop()
	begin := time.Now()
	n, err := s.Sink.Send(ctx, large(20, 1<<20)) // more than the kernel takes for a receiver that does not read
	checkCancelled(t, n, err)
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("send ended %v after its context", d)
	}
}

func large(n, size int) []abi.Event {
	events := numbered(0, n)
	pad := make([]byte, size)
	for i := range pad {
		pad[i] = 'x'
	}
	for i := range events {
		events[i].Fields = append(events[i].Fields, abi.Field{Key: []byte("pad"), Value: pad})
	}
	return events
}

func testDown(t *testing.T, s Subject) {
	need(t, s.Down != nil, "way down")
	s.Down()
	if err := s.Sink.Check(within(t)); err == nil {
		t.Error("check: no error though the receiver is down")
	}
	n, err := s.Sink.Send(within(t), numbered(0, 10))
	if n != 0 || !isRetry(err) {
		t.Errorf("send: %d, %v; want a Retry", n, err)
	}
	same(t, s, nil)
}

func retrier(sink sinks.Sink) *sinks.Retrier {
	soon := sinks.RetryConfig{Initial: 5 * time.Millisecond, Max: 20 * time.Millisecond, Hold: 20 * time.Millisecond}
	return sinks.NewRetry(sink, soon, slog.New(slog.DiscardHandler))
}

// A watched sink tells when a Send has failed for the first time.
type watched struct {
	sinks.Sink
	once   sync.Once
	failed chan struct{}
}

func (w *watched) Send(ctx context.Context, events []abi.Event) (int, error) {
	n, err := w.Sink.Send(ctx, events)
	if isRetry(err) {
		w.once.Do(func() { close(w.failed) })
	}
	return n, err
}

func noReject(t *testing.T) func(*abi.Event, string) error {
	return func(e *abi.Event, reason string) error {
		t.Errorf("event %d was rejected: %s", e.Origin, reason)
		return nil
	}
}

func testDownAndUp(t *testing.T, s Subject) {
	need(t, s.Down != nil && s.Up != nil, "way down and up")
	first, second := numbered(0, 100), numbered(100, 100)
	send(t, s, first)
	if got := s.Received(); len(got) != len(first) {
		t.Fatalf("%d events arrived, want %d", len(got), len(first))
	}
	s.Down()
	w := &watched{Sink: s.Sink, failed: make(chan struct{})}
	ctx, up := within(t), make(chan struct{})
	go func() { // the receiver comes back once delivery has failed
		defer close(up)
		select {
		case <-w.failed:
		case <-ctx.Done():
		}
		s.Up()
	}()
	err := retrier(w).Deliver(ctx, second, noReject(t))
	<-up
	if err != nil {
		t.Fatal(err)
	}
	want := all(s, append(first, second...))
	if got := deduplicated(s.Received()); !slices.Equal(got, want) {
		t.Errorf("arrived %s\nwant %s", excerpt(got), excerpt(want))
	}
}

// testBreak: connections that a sink holds open break between two sends.
func testBreak(t *testing.T, s Subject) {
	need(t, s.Down != nil && s.Up != nil, "way down and up")
	r := retrier(s.Sink)
	var want []abi.Event
	for i := range 10 {
		events := numbered(i*100, 100)
		if err := r.Deliver(within(t), events, noReject(t)); err != nil {
			t.Fatal(err)
		}
		want = append(want, events...)
		s.Down()
		s.Up()
	}
	if got := deduplicated(s.Received()); !slices.Equal(got, all(s, want)) {
		t.Errorf("arrived %s\nwant %s", excerpt(got), excerpt(all(s, want)))
	}
}

// testPoison: of many events one is refused, and only that one is lost.
func testPoison(t *testing.T, s Subject) {
	need(t, s.Poison != nil, "refusals")
	for _, at := range []int{0, 1, 50, 99} {
		events := numbered(at*1000, 100)
		bad := s.Poison()
		bad.Origin = events[at].Origin
		events[at] = bad
		before := len(s.Received())
		var rejected []int
		err := retrier(s.Sink).Deliver(within(t), events, func(e *abi.Event, reason string) error {
			if reason == "" {
				t.Error("rejected without a reason")
			}
			rejected = append(rejected, e.Origin)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(rejected, []int{bad.Origin}) {
			t.Errorf("event %d of 100 is bad: rejected %v", at, rejected)
		}
		good := slices.Delete(events, at, at+1)
		sameTexts(t, deduplicated(s.Received()[before:]), all(s, good))
	}
}
