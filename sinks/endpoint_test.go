package sinks

import (
	"errors"
	"log/slog"
	"testing"
	"time"
)

// Both endpoints are aside and being tried when a Send finds none; before it
// says so, both are back.
func TestFailoverExhaustedForAMoment(t *testing.T) {
	f := NewFailover([]Endpoint{{Name: "a"}, {Name: "b"}}, First, RetryConfig{}, slog.New(slog.DiscardHandler))
	for _, e := range f.endpoints {
		e.fail(&Retry{Err: errors.New("down")}, 0)
		e.due = time.Now()
	}
	first, second := f.take(nil), f.take(nil)
	if left := f.take(nil); left.endpoint != nil {
		t.Fatal("a third endpoint")
	}
	f.settle(first, nil)
	f.settle(second, nil)
	if err := f.exhausted(); !passes(err) {
		t.Errorf("the outcome of events that were not sent is %v", err)
	}
}

// A pause is no longer than Max, except that it is as long as it takes to find
// out that the endpoint is still away.
func TestNoPauseIsLongerThanMax(t *testing.T) {
	e := newEndpoint(Endpoint{Name: "a"}, RetryConfig{Initial: time.Second, Max: 10 * time.Second}.withDefaults(), slog.New(slog.DiscardHandler))
	for range 200 {
		if e.fail(&Retry{Err: errors.New("down")}, 0); e.pause > 10*time.Second {
			t.Fatalf("a pause of %v", e.pause)
		}
	}
	if e.fail(&Retry{Err: errors.New("down")}, time.Minute); e.pause != time.Minute {
		t.Errorf("a pause of %v after a minute without an answer", e.pause)
	}
}
