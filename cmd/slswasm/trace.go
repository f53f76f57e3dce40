package main

import (
	"context"
	"log/slog"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/trace"
)

// traceSettings are the flags about OpenTelemetry traces.
type traceSettings struct {
	endpoint string
	sample   float64
}

func (s *traceSettings) flags() []cli.Flag {
	const c = category("Tracing")
	s.sample = 0.01
	return []cli.Flag{
		c.text(&s.endpoint, "trace-endpoint", "`URL` of a collector of OpenTelemetry traces, by OTLP over HTTP, such as http://127.0.0.1:4318 (default: none); OTEL_* variables count too"),
		&cli.Float64Flag{
			Name: "trace-sample", Usage: "`PART` of all batches to trace, above 0 and up to 1", Destination: &s.sample, Value: s.sample,
			Category: string(c), EnvVars: env("trace-sample"),
		},
	}
}

// check is open without a tracer.
func (s *traceSettings) check() error {
	if s.endpoint == "" {
		return nil
	}
	cfg := trace.Config{Endpoint: s.endpoint, Sample: s.sample}
	return cfg.Check()
}

// open returns nil unless traces are asked for. The returned function sends
// the last ones.
func (s *traceSettings) open(ctx context.Context, version string, logger *slog.Logger) (tracer host.Tracer, end func(), err error) {
	if s.endpoint == "" {
		return nil, func() {}, nil
	}
	trace.RouteSDKLog(logger)
	t, err := trace.Open(ctx, trace.Config{Endpoint: s.endpoint, Sample: s.sample, Version: version, Logger: logger})
	if err != nil {
		return nil, func() {}, err
	}
	return t, func() {
		if err := t.Close(); err != nil {
			logger.Warn("traces are not complete", "error", err)
		}
	}, nil
}
