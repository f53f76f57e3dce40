package host

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/slswasm/slswasm/host/guest"
)

// What a guest counts goes on when it is loaded again, and a rehearsal does
// not count.
func TestGuestsCountOn(t *testing.T) {
	service := newService(t, 6)
	cfg := newConfig(t, service, &fakeSink{})
	cfg.Flows[0].Guests = []guest.Config{hostile(t, "count")}
	cfg.Flows[0].Sources[0].Until = ""
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	p, err := Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	counted := func(want float64) {
		t.Helper()
		eventually(t, p, "so many are counted", func(s State) bool { return s.Guests[0].Metrics[0].Value == want })
	}
	counted(6)
	again := hostile(t, "count")
	again.GuestConfig = []byte("another")
	if err := p.Reload(ctx, [][]guest.Config{{again}}); err != nil {
		t.Fatal(err)
	}
	counted(6)
	put(t, service, testLogstore, 6, 4)
	counted(10)
	if got := fmt.Sprint(p.State().Guests[0].Metrics); got != "[{counter logs_seen 10} {gauge batch_size 4}]" {
		t.Error(got)
	}
	stop()
	if err := errors.Join(<-done, p.Close(context.Background())); err != nil {
		t.Error(err)
	}
}
