package trace

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A receiver takes OTLP over HTTP and counts spans by name.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	names map[string]int
	auth  string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{names: map[string]int{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		var all collector.ExportTraceServiceRequest
		if err != nil || req.URL.Path != tracesPath || req.Method != http.MethodPost || proto.Unmarshal(body, &all) != nil {
			t.Errorf("%s %s with %d bytes: %v", req.Method, req.URL, len(body), err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.auth = req.Header.Get("Authorization")
		for _, of := range all.ResourceSpans {
			for _, scope := range of.ScopeSpans {
				for _, span := range scope.Spans {
					r.names[span.Name]++
				}
			}
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func TestACollectorGetsEachBatch(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20x")
	r := newReceiver(t)
	tr, err := Open(t.Context(), Config{Endpoint: r.URL, Sample: 1, Version: "1", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	const batches = 20
	carry(t, tr, batches)
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range []string{"batch", "pull", "decode", "transform", "deliver", "commit"} {
		if r.names[name] != batches {
			t.Errorf("%d spans %s, want %d", r.names[name], name, batches)
		}
	}
	if r.auth != "Bearer x" {
		t.Errorf("the header is %q", r.auth)
	}
}

// A collector that is away costs one line, and no batch.
func TestACollectorThatIsDown(t *testing.T) {
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	var log bytes.Buffer
	tr, err := Open(t.Context(), Config{Endpoint: away.URL, Sample: 1, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	carry(t, tr, 200) // more spans than one request has
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "does not take spans") || !strings.Contains(text, "refused") {
		t.Errorf("the log is:\n%s", text)
	}
}

// A stuck exporter answers when its context ends, or at the end of the test.
type stuck struct {
	free  chan struct{}
	calls chan int
}

func (s stuck) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	s.calls <- len(spans)
	select {
	case <-s.free:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s stuck) Shutdown(context.Context) error { return nil }

// With a collector that does not answer the queue is full soon, and batches go
// on all the same.
func TestACollectorThatHangs(t *testing.T) {
	s := stuck{make(chan struct{}), make(chan int, 1000)}
	tr, err := open(t.Context(), Config{Sample: 1, Logger: slog.New(slog.DiscardHandler)}, "stuck", s,
		sdk.WithMaxQueueSize(10), sdk.WithMaxExportBatchSize(5))
	if err != nil {
		t.Fatal(err)
	}
	carry(t, tr, 30)
	close(s.free)
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	close(s.calls)
	sent := 0
	for n := range s.calls {
		sent += n
	}
	if sent == 0 || sent > 20 { // the request under way, the next one, and the queue
		t.Errorf("%d spans were sent", sent)
	}
}

// The flush at the end is bounded in time.
func TestCloseDoesNotWaitForACollectorThatHangs(t *testing.T) {
	var log bytes.Buffer
	s := stuck{make(chan struct{}), make(chan int, 1000)}
	tr, err := open(t.Context(), Config{Sample: 1, Logger: slog.New(slog.NewTextHandler(&log, nil))}, "stuck", s)
	if err != nil {
		t.Fatal(err)
	}
	tr.Trace("batch", time.Now()).End(time.Now(), nil)
	began := time.Now()
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < flushLimit || took > flushLimit+quitLimit {
		t.Errorf("it took %v", took)
	}
	if !strings.Contains(log.String(), "no time left") {
		t.Errorf("the log is:\n%s", log.String())
	}
}

func TestAnOutageIsToldOnceAndItsEndToo(t *testing.T) {
	var log bytes.Buffer
	e := newExporter(nil, "x", slog.New(slog.NewTextHandler(&log, nil)))
	defer e.giveUp()
	for _, err := range []error{nil, errors.New("a"), errors.New("b"), nil, errors.New("c"), nil} {
		e.tell(err, 3)
	}
	text := log.String()
	if strings.Count(text, "\n") != 2 || !strings.Contains(text, "error=a") || !strings.Contains(text, "lost=6") {
		t.Errorf("the log is:\n%s", text)
	}
}
