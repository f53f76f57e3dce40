package trace

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// quiet is the least time between two lines about a collector that comes and
// goes.
const quiet = time.Minute

// An exporter hands spans on and is the one that speaks of what becomes of
// them: once for each outage.
type exporter struct {
	to     sdk.SpanExporter
	name   string
	logger *slog.Logger
	over   context.Context // nothing more is sent
	giveUp context.CancelFunc

	mu   sync.Mutex
	lost int       // spans, since the last line
	down bool      // and it was told
	told time.Time // when
}

func newExporter(to sdk.SpanExporter, name string, logger *slog.Logger) *exporter {
	e := &exporter{to: to, name: name, logger: logger}
	e.over, e.giveUp = context.WithCancel(context.Background())
	return e
}

// ExportSpans implements sdk.SpanExporter. Its error would go to a handler
// that all of the process shares, so it is told here.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(e.over, func() { cancel(errors.New("there was no time left")) })()
	err := e.to.ExportSpans(ctx, spans)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(context.Cause(ctx), err)
	}
	e.tell(err, len(spans))
	return nil
}

func (e *exporter) tell(err error, spans int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		if e.down {
			e.logger.Info("the collector of traces takes spans again", "endpoint", e.name, "lost", e.lost)
		}
		e.down, e.lost = false, 0
		return
	}
	e.lost += spans
	if e.down || !e.told.IsZero() && time.Since(e.told) < quiet {
		return
	}
	e.down, e.told = true, time.Now()
	e.logger.Warn("the collector of traces does not take spans, and they are lost until it does; logs are not concerned",
		"endpoint", e.name, "error", text(err.Error()))
}

// Shutdown implements sdk.SpanExporter.
func (e *exporter) Shutdown(ctx context.Context) error {
	defer e.giveUp()
	return e.to.Shutdown(ctx)
}
