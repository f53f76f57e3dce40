package sinks

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slswasm/slswasm/abi"
)

// A sequence answers each Send with the next of its errors, and then takes all.
type sequence struct {
	Sink
	errs []error
}

func (s *sequence) Send(_ context.Context, events []abi.Event) (int, error) {
	if len(s.errs) == 0 {
		return len(events), nil
	}
	err := s.errs[0]
	s.errs = s.errs[1:]
	return 0, err
}

func TestWaitsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy, bad := &Retry{Err: errors.New("busy"), After: 3 * time.Second}, &Hold{errors.New("bad token")}
		r := NewRetry(&sequence{errs: []error{busy, bad, busy}}, RetryConfig{}, slog.New(slog.DiscardHandler))
		type wait struct {
			err  error
			held bool
		}
		var told []wait
		var all time.Duration
		began := time.Now()
		ctx := OnWait(t.Context(), func(err error, held bool, d time.Duration) {
			told = append(told, wait{err, held})
			all += d
		})
		if err := r.Deliver(ctx, make([]abi.Event, 1), nil); err != nil {
			t.Fatal(err)
		}
		if len(told) != 3 || told[0] != (wait{busy, false}) || told[1] != (wait{bad, true}) || told[2] != (wait{busy, false}) {
			t.Errorf("told %v", told)
		}
		if took := time.Since(began); took != all {
			t.Errorf("told of %v, and it took %v", all, took)
		}
	})
}
