package demo

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/guest/guesttest"
	"github.com/slswasm/slswasm/testdata/logs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A demo that is kept and then stopped in the middle has still an account of
// every log, of those that it put last too.
func TestKeep(t *testing.T) {
	const before = 500
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	watched := make(chan struct{})
	report, err := Run(ctx, Config{
		Logs: before, Shards: 3, Sink: "hec", Keep: true, Files: logs.Files, Logger: slog.New(slog.DiscardHandler),
		Guest: guest.Config{Name: "keep", Wasm: guesttest.Hex(t, "testdata/wat/keep.hex")},
		Started: func(p *host.Pipeline) {
			go func() {
				defer close(watched)
				tick := time.NewTicker(20 * time.Millisecond)
				defer tick.Stop()
				for range tick.C {
					if p.Counts().Pulled > before+KeepRate || ctx.Err() != nil {
						stop()
						return
					}
				}
			}()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	<-watched
	if report.Put <= before+KeepRate || !report.Balanced() || report.Duplicates > 0 {
		t.Errorf("%+v", report)
	}
}
