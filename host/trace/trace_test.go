package trace

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/guest/guesttest"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A busySink takes events at its second try, and counts them.
type busySink struct {
	mu        sync.Mutex
	tried     bool
	delivered int
}

func (s *busySink) Check(context.Context) error { return nil }
func (s *busySink) Close() error                { return nil }

func (s *busySink) Send(_ context.Context, events []abi.Event) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.tried {
		s.tried = true
		return 0, &sinks.Retry{Err: sinks.Coded(errors.New("bu\xffsy"), "503")}
	}
	s.delivered += len(events)
	return len(events), nil
}

// carry takes so many batches of two logs all the way, with a tracer.
func carry(t *testing.T, tracer host.Tracer, batches int) {
	t.Helper()
	service, err := slstest.New(slstest.Config{Projects: []slstest.Project{{Name: "p-trace", Logstores: []slstest.Logstore{{Name: "logs", Shards: 1}}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	for i := range batches {
		var g slstest.Group
		for range 2 {
			g.Logs = append(g.Logs, slstest.Log{Time: 1_700_000_000, Contents: []slstest.KV{{Key: "n", Value: strconv.Itoa(i)}, {Key: "token", Value: "s3cret"}}})
		}
		if err := service.Put("p-trace", "logs", 0, g.Marshal()); err != nil {
			t.Fatal(err)
		}
	}
	credentials, err := shard.StaticCredentials(slstest.DefaultAccessKeyID, slstest.DefaultAccessKeySecret, "")
	if err != nil {
		t.Fatal(err)
	}
	sink := &busySink{}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := host.Open(ctx, host.Config{
		Flows: []host.Flow{{
			Name: "way", OnError: host.OnErrorDeadLetter,
			Sources: []shard.Config{{
				Endpoint: "http://log.example", Project: "p-trace", Logstore: "logs", Group: "g", PullCount: 1,
				Credentials: credentials, HTTPClient: service.InProcess(), Until: shard.Now,
			}},
			Guests: []guest.Config{{Name: "keep.wasm", Wasm: guesttest.Hex(t, "testdata/wat/keep.hex")}},
		}},
		Sinks: []host.NamedSink{{Name: "splunk", Sink: sink}}, Retry: sinks.RetryConfig{Initial: time.Millisecond},
		DeadLetters: filepath.Join(t.TempDir(), "letters.jsonl"), Tracer: tracer, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(p.Run(ctx), p.Close(ctx)); err != nil {
		t.Fatal(err)
	}
	if sink.delivered != 2*batches {
		t.Fatalf("%d events of %d batches", sink.delivered, batches)
	}
}

func TestSpansOfABatch(t *testing.T) {
	memory := tracetest.NewInMemoryExporter()
	tr, err := open(t.Context(), Config{Sample: 1, Version: "9", Logger: slog.New(slog.DiscardHandler)}, "memory", kept{memory})
	if err != nil {
		t.Fatal(err)
	}
	carry(t, tr, 2)
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	spans := memory.GetSpans()
	var batch, deliver *tracetest.SpanStub
	for i := range spans {
		if spans[i].Name == "batch" && batch == nil {
			batch = &spans[i]
		}
	}
	if batch == nil || batch.Parent.IsValid() {
		t.Fatalf("spans %+v", spans)
	}
	names := map[string]int{}
	for i, s := range spans {
		for _, a := range s.Attributes {
			if v := a.Value.String(); strings.Contains(v, "s3cret") || !strings.HasPrefix(string(a.Key), prefix) {
				t.Errorf("%s has %s %q", s.Name, a.Key, v)
			}
		}
		if s.EndTime.Before(s.StartTime) || s.StartTime.Before(batch.StartTime) {
			t.Errorf("%s from %v to %v", s.Name, s.StartTime, s.EndTime)
		}
		if s.Parent.SpanID() == batch.SpanContext.SpanID() {
			if s.SpanContext.TraceID() != batch.SpanContext.TraceID() {
				t.Errorf("%s is in another trace", s.Name)
			}
			names[s.Name]++
			if s.Name == "deliver" {
				deliver = &spans[i]
			}
		}
	}
	for _, name := range []string{"pull", "decode", "transform", "deliver", "commit"} {
		if names[name] != 1 {
			t.Errorf("%d spans %s, want 1", names[name], name)
		}
	}
	if deliver == nil || len(deliver.Events) != 1 || deliver.Events[0].Name != "retry" || deliver.Status.Code == codes.Error {
		t.Fatalf("the delivery is %+v", deliver)
	}
	notes := attribute.NewSet(deliver.Events[0].Attributes...)
	if code, _ := notes.Value("slswasm.code"); code.AsString() != "503" {
		t.Errorf("the retry has %v", deliver.Events[0].Attributes)
	}
	if text, _ := notes.Value("slswasm.error"); text.AsString() != "bu\uFFFDsy" {
		t.Errorf("the retry has %v", deliver.Events[0].Attributes)
	}
	of := attribute.NewSet(batch.Attributes...)
	for key, want := range map[attribute.Key]attribute.Value{
		"slswasm.project": attribute.StringValue("p-trace"), "slswasm.logstore": attribute.StringValue("logs"), "slswasm.flow": attribute.StringValue("way"),
		"slswasm.shard": attribute.Int64Value(0), "slswasm.logs": attribute.Int64Value(2),
	} {
		if got, _ := of.Value(key); got != want {
			t.Errorf("%s is %v, want %v", key, got.String(), want.String())
		}
	}
	if got := batch.Resource.String(); !strings.Contains(got, "service.name=slswasm") || !strings.Contains(got, "service.version=9") {
		t.Errorf("the resource is %s", got)
	}
}

// kept keeps an in-memory exporter's spans after its Shutdown.
type kept struct{ sdk.SpanExporter }

func (kept) Shutdown(context.Context) error { return nil }

func TestTheVariablesOfOpenTelemetryAreInForce(t *testing.T) {
	t.Setenv("OTEL_SERVICE_NAME", "shipper-7")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=lab")
	t.Setenv("OTEL_TRACES_SAMPLER", "always_off") // which --trace-sample contradicts
	memory := tracetest.NewInMemoryExporter()
	tr, err := open(t.Context(), Config{Sample: 1, Logger: slog.New(slog.DiscardHandler)}, "memory", kept{memory})
	if err != nil {
		t.Fatal(err)
	}
	tr.Trace("batch", time.Now()).End(time.Now(), nil)
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	spans := memory.GetSpans()
	if len(spans) != 1 {
		t.Fatalf("%d spans", len(spans))
	}
	if got := spans[0].Resource.String(); !strings.Contains(got, "service.name=shipper-7") || !strings.Contains(got, "deployment.environment=lab") {
		t.Errorf("the resource is %s", got)
	}
}

func TestSampleIsAPartOfAllBatches(t *testing.T) {
	tr, err := open(t.Context(), Config{Sample: 0.1, Logger: slog.New(slog.DiscardHandler)}, "memory", kept{tracetest.NewInMemoryExporter()})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	n := 0
	for range 10_000 {
		if span := tr.Trace("batch", time.Now()); span != nil {
			n++
			span.End(time.Now(), nil)
		}
	}
	if n < 800 || n > 1200 { // more than six deviations
		t.Errorf("%d of 10,000", n)
	}
}

func TestEndpoints(t *testing.T) {
	for _, c := range []struct{ text, want, err string }{
		{"http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces", ""},
		{"https://otel.example/", "https://otel.example/v1/traces", ""},
		{"https://otel.example/tenant/traces", "https://otel.example/tenant/traces", ""},
		{"127.0.0.1:4318", "", "--trace-endpoint"},
		{"localhost:4318", "", "want http://HOST:PORT"},
		{"grpc://localhost:4317", "", "want http://HOST:PORT"},
		{"http://", "", "want http://HOST:PORT"},
		{"http://u:s3cret@otel.example", "", "OTEL_EXPORTER_OTLP_HEADERS"},
		{"http://otel.example/?token=s3cret", "", "leave out"},
		{"http://u:s3cret@otel.example:port", "", "--trace-endpoint"},
	} {
		u, err := endpoint(c.text)
		switch {
		case c.err == "":
			if err != nil || u.String() != c.want {
				t.Errorf("%s: %v, %v", c.text, u, err)
			}
		case err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "s3cret"):
			t.Errorf("%s: %v, want %s", c.text, err, c.err)
		}
	}
}

func TestOpenNamesEachFlag(t *testing.T) {
	for _, sample := range []float64{0, -1, 1.1} {
		_, err := Open(t.Context(), Config{Endpoint: "nowhere", Sample: sample})
		if err == nil || !strings.Contains(err.Error(), "--trace-endpoint") || !strings.Contains(err.Error(), "--trace-sample") {
			t.Errorf("%v: %v", sample, err)
		}
	}
}

func TestAttributesOfAllKinds(t *testing.T) {
	got := attributes([]slog.Attr{
		slog.Int("i", -1), slog.Uint64("u", 2), slog.Float64("f", .5), slog.Bool("b", true), slog.Duration("d", 1500*time.Millisecond),
		slog.String("s", strings.Repeat("\xff", 5*maxText)), slog.Any("e", errors.New("bad")),
	})
	want := []attribute.KeyValue{
		attribute.Int64("slswasm.i", -1), attribute.Int64("slswasm.u", 2), attribute.Float64("slswasm.f", .5), attribute.Bool("slswasm.b", true),
		attribute.Float64("slswasm.d", 1.5), attribute.String("slswasm.s", "\uFFFD"), attribute.String("slswasm.e", "bad"),
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%v, want %v", got[i], want[i])
		}
	}
}

// What a batch costs that is not watched, where one in a hundred is.
func BenchmarkTrace(b *testing.B) {
	tr, err := open(b.Context(), Config{Sample: 0.01, Logger: slog.New(slog.DiscardHandler)}, "memory", kept{tracetest.NewNoopExporter()})
	if err != nil {
		b.Fatal(err)
	}
	defer tr.Close()
	b.ReportAllocs()
	for b.Loop() {
		if span := tr.Trace("batch", time.Now()); span != nil {
			span.End(time.Now(), nil)
		}
	}
}
