package host

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/sinks"
)

// A Tracer watches some batches on their way. Its methods, and those of its
// Spans, are called from several goroutines, and must not make a batch wait.
type Tracer interface {
	// Trace begins to watch; nil: not this batch.
	Trace(name string, began time.Time) Span
}

// A Span is the whole way of a batch, or one step on it.
type Span interface {
	// Step begins a part of it, also one that follows after its End.
	Step(name string, began time.Time) Span
	// Note says what happens now.
	Note(name string, attrs ...slog.Attr)
	// End is called once, with why it failed, if it did.
	End(at time.Time, err error, attrs ...slog.Attr)
}

type spanKey struct{}

// spanOf returns the span of the batch that ctx is for; nil: it is not watched.
func spanOf(ctx context.Context) Span {
	span, _ := ctx.Value(spanKey{}).(Span)
	return span
}

// watch settles a batch, with a span around it if it has one.
func (p *Pipeline) watch(ctx context.Context, s *source, b *shard.Batch) error {
	var span Span
	if p.tracer != nil {
		span = p.tracer.Trace("batch", b.Steps.Began())
	}
	if span == nil {
		return p.settle(ctx, s.flow, pulled{s, b})
	}
	if !b.Steps.Pull.IsZero() {
		span.Step("pull", b.Steps.Pull).End(b.Steps.Pulled, nil)
	}
	span.Step("decode", b.Steps.Decode).End(b.Steps.Decoded, nil)
	b.Committed = func(cursor string, began time.Time) {
		span.Step("commit", began).End(time.Now(), nil, slog.String("cursor", cursor))
	}
	err := p.settle(context.WithValue(ctx, spanKey{}, span), s.flow, pulled{s, b})
	told := err
	if halts(err) {
		told = errors.New("halted: a guest could not transform a log") // its words may be part of the log
	}
	span.End(time.Now(), told,
		slog.String("flow", s.flow.name), slog.String("project", s.cfg.Project), slog.String("logstore", s.cfg.Logstore),
		slog.Int("shard", b.Shard), slog.String("cursor", b.Cursor), slog.Int("first", b.First),
		slog.Int("logs", len(b.Logs)), slog.Int("bytes", b.RawBytes))
	return err
}

// endTransform ends a step in one guest. What the guest says of logs stays out:
// it may be part of them.
func endTransform(step Span, g *module, in []abi.Event, out *guest.Output, err error) {
	step.End(time.Now(), err, slog.String("guest", g.file), slog.String("sha256", g.sha256), slog.Int("logs", len(in)),
		slog.Int("events", len(out.Events)), slog.Int("dropped", out.Dropped), slog.Int("failed", len(out.Failures)))
}

// Deliver makes a step of a delivery that is watched, with notes of what it
// waits for.
func (d *delivery) Deliver(ctx context.Context, events []abi.Event, reject func(*abi.Event, string) error) error {
	span := spanOf(ctx)
	if span == nil {
		return d.Retrier.Deliver(ctx, events, reject)
	}
	step, rejected := span.Step("deliver", time.Now()), 0
	ctx = sinks.OnWait(ctx, func(err error, held bool, wait time.Duration) {
		what := sinks.KindRetry
		if held {
			what = sinks.KindHold
		}
		step.Note(what, slog.String("code", sinks.CodeOf(err)), slog.String("error", err.Error()), slog.Duration("wait", wait))
	})
	err := d.Retrier.Deliver(ctx, events, func(e *abi.Event, reason string) error {
		rejected++
		return reject(e, reason)
	})
	step.End(time.Now(), err, slog.String("sink", d.name), slog.Int("events", len(events)), slog.Int("rejected", rejected))
	return err
}
