package trace

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/slswasm/slswasm/host"
)

// prefix is of the names of all attributes.
const prefix = "slswasm."

// Trace implements host.Tracer.
func (t *Tracer) Trace(name string, began time.Time) host.Span {
	_, span := t.tracer.Start(context.Background(), name, trace.WithNewRoot(),
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithTimestamp(began))
	if !span.IsRecording() {
		return nil
	}
	return step{t, span}
}

// A step implements host.Span.
type step struct {
	of   *Tracer
	span trace.Span
}

func (s step) Step(name string, began time.Time) host.Span {
	ctx := trace.ContextWithSpan(context.Background(), s.span)
	_, span := s.of.tracer.Start(ctx, name, trace.WithTimestamp(began))
	return step{s.of, span}
}

func (s step) Note(name string, attrs ...slog.Attr) {
	s.span.AddEvent(name, trace.WithAttributes(attributes(attrs)...))
}

func (s step) End(at time.Time, err error, attrs ...slog.Attr) {
	s.span.SetAttributes(attributes(attrs)...)
	if err != nil {
		s.span.SetStatus(codes.Error, text(err.Error()))
	}
	s.span.End(trace.WithTimestamp(at))
}

func attributes(attrs []slog.Attr) []attribute.KeyValue {
	out := make([]attribute.KeyValue, len(attrs))
	for i, a := range attrs {
		key := attribute.Key(prefix + a.Key)
		switch v := a.Value.Resolve(); v.Kind() {
		case slog.KindInt64:
			out[i] = key.Int64(v.Int64())
		case slog.KindUint64:
			out[i] = key.Int64(int64(v.Uint64()))
		case slog.KindFloat64:
			out[i] = key.Float64(v.Float64())
		case slog.KindBool:
			out[i] = key.Bool(v.Bool())
		case slog.KindDuration:
			out[i] = key.Float64(v.Duration().Seconds())
		default:
			out[i] = key.String(text(v.String()))
		}
	}
	return out
}

// text is what the wire can carry: one wrong byte would cost the spans of a
// whole request.
func text(s string) string {
	if len(s) > 4*maxText {
		s = s[:4*maxText]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
