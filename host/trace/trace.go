// Package trace sends what a Pipeline's batches went through to a collector of
// OpenTelemetry traces (OTLP over HTTP). It is the only one that knows
// OpenTelemetry; what is a step, and what is said of it, the host decides.
//
// A collector that is down or slow costs spans, never a batch: they wait in a
// queue of bounded length, and what does not fit is dropped.
package trace

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/slswasm/slswasm/host"
)

// A Config says where spans go and how many there are. The variables of the
// OpenTelemetry specification (OTEL_SERVICE_NAME, OTEL_EXPORTER_OTLP_HEADERS,
// OTEL_BSP_* and so on) are in force for everything that is not said here.
type Config struct {
	Endpoint string  // http:// or https://, host and port; without a path, /v1/traces
	Sample   float64 // of all batches, above 0 and up to 1
	Version  string  // of the program
	Logger   *slog.Logger
}

// tracesPath is where collectors take traces.
const tracesPath = "/v1/traces"

// maxText is the longest text of an attribute, in characters, unless a variable says otherwise.
const maxText = 1024

// A Tracer implements host.Tracer. The caller closes it after its Pipeline.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	out      *exporter
}

var _ host.Tracer = (*Tracer)(nil)

// Check says what is wrong with the settings, and names the flags at fault.
func (c *Config) Check() error {
	_, err := c.endpoint()
	return err
}

func (c *Config) endpoint() (*url.URL, error) {
	to, err := endpoint(c.Endpoint)
	if !(c.Sample > 0 && c.Sample <= 1) {
		err = errors.Join(err, fmt.Errorf("--trace-sample %v: want the part of all batches to trace, above 0 and up to 1", c.Sample))
	}
	return to, err
}

// Open returns a Tracer. It makes no call: a collector may come later. Errors
// are those of Check.
func Open(ctx context.Context, cfg Config) (*Tracer, error) {
	to, err := cfg.endpoint()
	if err != nil {
		return nil, err
	}
	client, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(to.String()))
	if err != nil {
		return nil, fmt.Errorf("--trace-endpoint %s: %w", to, err)
	}
	return open(ctx, cfg, to.String(), client)
}

func open(ctx context.Context, cfg Config, name string, client sdk.SpanExporter, batching ...sdk.BatchSpanProcessorOption) (*Tracer, error) {
	of, err := resource.New(ctx, resource.WithHost(), resource.WithTelemetrySDK(), resource.WithAttributes(
		attribute.String("service.name", "slswasm"), attribute.String("service.version", cfg.Version),
	), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	limits := sdk.NewSpanLimits()
	if limits.AttributeValueLengthLimit < 0 {
		limits.AttributeValueLengthLimit = maxText
	}
	out := newExporter(client, name, cfg.Logger)
	provider := sdk.NewTracerProvider(sdk.WithResource(of), sdk.WithRawSpanLimits(limits),
		sdk.WithSampler(sdk.TraceIDRatioBased(cfg.Sample)), sdk.WithBatcher(out, batching...))
	return &Tracer{provider, provider.Tracer("github.com/slswasm/slswasm"), out}, nil
}

// endpoint reads --trace-endpoint.
func endpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil: // its text would repeat a password
		return nil, errors.New("--trace-endpoint is no URL: want http://HOST:PORT or https://HOST:PORT")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("--trace-endpoint %s: want http://HOST:PORT or https://HOST:PORT", u.Redacted())
	case u.User != nil:
		return nil, fmt.Errorf("--trace-endpoint %s: leave name and password out; OTEL_EXPORTER_OTLP_HEADERS can carry a token", u.Redacted())
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("--trace-endpoint %s://%s%s: leave out what follows the path", u.Scheme, u.Host, u.Path)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = tracesPath
	}
	return u, nil
}

// RouteSDKLog sends what OpenTelemetry's SDK has to say to the logger. It is
// in force for the whole process.
func RouteSDKLog(logger *slog.Logger) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		logger.Warn("OpenTelemetry's SDK complains", "error", err)
	}))
}

// flushLimit bounds the last spans' way out, and quitLimit what is left to do
// after it.
const (
	flushLimit = 3 * time.Second
	quitLimit  = time.Second
)

// Close sends what is left, for some seconds at most, and ends what Open
// began.
func (t *Tracer) Close() error {
	late := time.AfterFunc(flushLimit, t.out.giveUp)
	defer late.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), flushLimit+quitLimit)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("the last traces: %w", err)
	}
	return nil
}
