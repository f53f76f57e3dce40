package shard

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/host/slstest"
)

const (
	project  = "proj"
	logstore = "store"
	groupID  = "audit"
)

func TestMain(m *testing.M) {
	RouteSDKLog(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(m)
}

// A world is an emulated service on a real socket and what was put into it.
type world struct {
	*slstest.Server
	t testing.TB

	mu  sync.Mutex
	put int // logs; their ids are 0 to put-1
}

func newWorld(t testing.TB, shards int, edit ...func(*slstest.Config)) *world {
	t.Helper()
	w := newSilentWorld(t, shards, edit...)
	if err := w.Start(""); err != nil {
		t.Fatal(err)
	}
	return w
}

func newSilentWorld(t testing.TB, shards int, edit ...func(*slstest.Config)) *world {
	t.Helper()
	cfg := slstest.Config{Projects: []slstest.Project{{Name: project, Logstores: []slstest.Logstore{{Name: logstore, Shards: shards}}}}}
	for _, f := range edit {
		f(&cfg)
	}
	s, err := slstest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{Server: s, t: t}
}

// mortal is config with a timeout that tests can wait for.
func (w *world) mortal(consumer string) Config {
	c := w.config(consumer)
	c.Timeout = time.Second
	return c
}

// config is that of a consumer in a hurry.
func (w *world) config(consumer string) Config {
	return Config{
		Endpoint: "http://" + w.Addr(), Project: project, Logstore: logstore, Group: groupID, Consumer: consumer,
		Credentials:       sls.NewStaticCredentialsProvider(slstest.DefaultAccessKeyID, slstest.DefaultAccessKeySecret, ""),
		HeartbeatInterval: 50 * time.Millisecond, Timeout: 10 * time.Second,
		FetchInterval: 20 * time.Millisecond, CommitInterval: 10 * time.Millisecond, DrainTimeout: 10 * time.Second,
		Logger: slog.New(slog.NewTextHandler(testWriter{w.t}, nil)),
	}
}

// warnings logs what is of that level or above to b.
func warnings(b io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimRight(string(b), "\n"))
	return len(b), nil
}

// putLogs puts so many log groups of three logs into a shard, or into all in
// turn.
func (w *world) putLogs(shard, groups int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for range groups {
		g := slstest.Group{Topic: "topic", Source: "10.0.0.1", Tags: []slstest.KV{{Key: "host", Value: "h"}}}
		for range 3 {
			g.Logs = append(g.Logs, slstest.Log{
				Time:     1700000000 + uint32(w.put),
				Contents: []slstest.KV{{Key: "id", Value: strconv.Itoa(w.put)}, {Key: "verb", Value: []string{"get", "put"}[w.put%2]}},
			})
			w.put++
		}
		if err := w.Put(project, logstore, shard, g.Marshal()); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) split(shard int) {
	w.t.Helper()
	if err := w.Split(project, logstore, shard); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) total() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.put
}

// await fails the test unless cond holds soon.
func (w *world) await(what string, cond func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := w.Await(ctx, cond); err != nil {
		w.t.Fatalf("waiting until %s: %v", what, err)
	}
}

func (w *world) group() slstest.GroupState {
	g, _ := w.Group(project, logstore, groupID)
	return g
}

// holds returns how many shards a consumer has reported.
func (w *world) holds(consumer string) int { return len(w.group().Consumers[consumer]) }

func (w *world) caughtUp() bool { return w.CaughtUp(project, logstore, groupID) }

// answering is a client of which some requests never reach the service:
// those for which answer returns something.
func (w *world) answering(answer func(r *http.Request) *http.Response) *http.Client {
	service := w.InProcess().Transport
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if got := answer(r); got != nil {
			return got, nil
		}
		return service.RoundTrip(r)
	})}
}

// answerOf is an answer to r; headers are names and values in turn.
func answerOf(r *http.Request, status int, body string, headers ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Status: strconv.Itoa(status), Body: io.NopCloser(strings.NewReader(body)), Request: r, Header: h}
}

// beats waits for some more heartbeats: time enough for what must not happen
// to happen.
func (w *world) beats(n int) {
	w.t.Helper()
	from := w.Calls(slstest.HeartBeat)
	w.await("heartbeats went on", func() bool { return w.Calls(slstest.HeartBeat) >= from+n })
}

// A receiver is a handler that remembers the ids that it was given.
type receiver struct {
	before func(ctx context.Context, b *Batch) error // may be nil

	mu      sync.Mutex
	seen    map[string]int
	cursors map[int]string // of each shard, the next one
	errs    []string
}

func (r *receiver) handle(ctx context.Context, b *Batch) error {
	if r.before != nil {
		if err := r.before(ctx, b); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen, r.cursors = map[string]int{}, map[int]string{}
	}
	if next, ok := r.cursors[b.Shard]; ok && !reached(b.Cursor, next) {
		r.errs = append(r.errs, fmt.Sprintf("shard %d went back from %s to %s", b.Shard, next, b.Cursor))
	}
	r.cursors[b.Shard] = b.Next
	last := -1
	for _, l := range b.Logs {
		id, _ := l.Get("id")
		r.seen[string(id)]++
		n, _ := strconv.Atoi(string(id))
		if n <= last {
			r.errs = append(r.errs, fmt.Sprintf("shard %d: log %d after %d", b.Shard, n, last))
		}
		last = n
	}
	return nil
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen)
}

// check asserts that each log of the world arrived, over all receivers, and
// how many times at most.
func (w *world) check(most int, receivers ...*receiver) {
	w.t.Helper()
	all := map[string]int{}
	for _, r := range receivers {
		r.mu.Lock()
		for id, n := range r.seen {
			all[id] += n
		}
		for _, e := range r.errs {
			w.t.Error(e)
		}
		r.mu.Unlock()
	}
	missing, again := 0, 0
	for i := range w.total() {
		switch n := all[strconv.Itoa(i)]; {
		case n == 0:
			missing++
		case n > most:
			again++
		}
	}
	if missing+again > 0 || len(all) != w.total() {
		w.t.Errorf("of %d logs %d are missing and %d came more than %d times; %d different ones came", w.total(), missing, again, most, len(all))
	}
}

// A consumer is a source that runs.
type consumer struct {
	*Source
	stop context.CancelFunc
	done chan struct{}
	err  error
}

func (w *world) run(cfg Config, h Handler) *consumer {
	w.t.Helper()
	s, err := Open(context.Background(), cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.start(s, h)
}

func (w *world) start(s *Source, h Handler) *consumer {
	s.client.pause = 5 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	c := &consumer{Source: s, stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		c.err = s.Run(ctx, h)
	}()
	w.t.Cleanup(func() { cancel(); <-c.done })
	return c
}

// wait returns what Run returned.
func (c *consumer) wait(t testing.TB) error {
	t.Helper()
	select {
	case <-c.done:
	case <-time.After(20 * time.Second):
		t.Fatal("the source does not end")
	}
	return c.err
}
