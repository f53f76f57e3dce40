package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/guest/guesttest"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testProject  = "host-project"
	testLogstore = "host-logstore"
	testGroup    = "host-group"
)

// A fakeSink delivers what accept says, and remembers it.
type fakeSink struct {
	accept func(*abi.Event) error // nil: everything

	mu     sync.Mutex
	events []string // the field "n" of each, in order
	closed bool
}

func (s *fakeSink) Check(context.Context) error { return nil }

func (s *fakeSink) Send(_ context.Context, events []abi.Event) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range events {
		if s.accept != nil {
			if err := s.accept(&events[i]); err != nil {
				return i, err
			}
		}
		n, _ := events[i].Get("n")
		s.events = append(s.events, string(n))
	}
	return len(events), nil
}

func (s *fakeSink) Close() error {
	s.closed = true
	return nil
}

// newService has n logs in one shard, numbered by the field "n".
func newService(t *testing.T, n int) *slstest.Server {
	service, err := slstest.New(slstest.Config{Projects: []slstest.Project{{
		Name: testProject, Logstores: []slstest.Logstore{{Name: testLogstore, Shards: 1}, {Name: "second", Shards: 1}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { service.Close() })
	put(t, service, testLogstore, 0, n)
	return service
}

func put(t *testing.T, service *slstest.Server, logstore string, from, n int) {
	var g slstest.Group
	for i := from; i < from+n; i++ {
		g.Logs = append(g.Logs, slstest.Log{Time: 1_700_000_000, Contents: []slstest.KV{{Key: "n", Value: strconv.Itoa(i)}}})
	}
	if err := service.Put(testProject, logstore, slstest.AnyShard, g.Marshal()); err != nil {
		t.Fatal(err)
	}
}

func newConfig(t *testing.T, service *slstest.Server, sink sinks.Sink) Config {
	credentials, err := shard.StaticCredentials(slstest.DefaultAccessKeyID, slstest.DefaultAccessKeySecret, "")
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Flows: []Flow{{
			Sources: []shard.Config{{
				Endpoint: "http://log.example", Project: testProject, Logstore: testLogstore, Group: testGroup,
				Credentials: credentials, HTTPClient: service.InProcess(), Until: shard.Now,
				FetchInterval: 10 * time.Millisecond, HeartbeatInterval: 100 * time.Millisecond,
			}},
			OnError: OnErrorDeadLetter,
		}},
		Sinks:       []NamedSink{{Name: "first", Sink: sink}},
		DeadLetters: filepath.Join(t.TempDir(), "letters.jsonl"),
		Logger:      slog.New(slog.DiscardHandler),
	}
}

// hostile is a guest of testdata/wat.
func hostile(t *testing.T, name string) guest.Config {
	return guest.Config{Name: name, Wasm: guesttest.Hex(t, "testdata/wat/"+name+".hex")}
}

// run opens and runs a pipeline until everything is consumed or it fails.
func run(t *testing.T, cfg Config) (Counts, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Run(ctx)
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
	c := p.Counts()
	if c.Pulled+c.Added != c.Delivered+c.Dropped+c.Discarded+c.DeadLetters {
		t.Errorf("the counts do not balance: %+v", c)
	}
	return c, err
}

func letters(t *testing.T, path string) []deadletter.Letter {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []deadletter.Letter
	if err := deadletter.Scan(f, func(l deadletter.Letter) error { all = append(all, l); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// committed says whether a checkpoint stands after the first log.
func committed(service *slstest.Server) bool {
	group, _ := service.Group(testProject, testLogstore, testGroup)
	saved := group.Checkpoints[0]
	return saved != "" && saved != service.Shards(testProject, testLogstore)[0].Begin
}

func numbers(from, n int) []string {
	var out []string
	for i := range n {
		out = append(out, strconv.Itoa(from+i))
	}
	return out
}

func TestEverythingIsDeliveredAndCommitted(t *testing.T) {
	service, sink := newService(t, 100), &fakeSink{}
	counts, err := run(t, newConfig(t, service, sink))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(sink.events, numbers(0, 100)) || counts.Delivered != 100 || !sink.closed {
		t.Errorf("delivered %v; %+v; closed: %v", sink.events, counts, sink.closed)
	}
	if !service.CaughtUp(testProject, testLogstore, testGroup) {
		t.Error("the checkpoint is not at the end")
	}
}

func TestRejectedEventsAreDeadLetters(t *testing.T) {
	service := newService(t, 10)
	sink := &fakeSink{accept: func(e *abi.Event) error {
		if n, _ := e.Get("n"); string(n) == "3" || string(n) == "9" {
			return &sinks.Rejected{Reason: "an ugly number"}
		}
		return nil
	}}
	cfg := newConfig(t, service, sink)
	counts, err := run(t, cfg)
	if err != nil || counts.Delivered != 8 || counts.DeadLetters != 2 {
		t.Fatalf("%+v, %v", counts, err)
	}
	got := letters(t, cfg.DeadLetters)
	if len(got) != 2 {
		t.Fatalf("%d dead letters", len(got))
	}
	l := got[1]
	n, _ := l.Log.Get("n")
	if string(n) != "9" || l.Index != 9 || l.Reason != "an ugly number" || l.Stage != (deadletter.Stage{Kind: "sink", Name: "first"}) ||
		l.Project != testProject || l.Logstore != testLogstore || l.Cursor == "" {
		t.Errorf("%+v", l)
	}
	if !service.CaughtUp(testProject, testLogstore, testGroup) {
		t.Error("dead letters hold the checkpoint back")
	}
}

func TestNothingIsCommittedWithoutItsDeadLetter(t *testing.T) {
	service := newService(t, 10)
	sink := &fakeSink{accept: func(*abi.Event) error { return &sinks.Rejected{Reason: "no"} }}
	ctx := t.Context()
	p, err := Open(ctx, newConfig(t, service, sink))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.letters.Close(); err != nil { // as if the disk had gone
		t.Fatal(err)
	}
	if err := p.Run(ctx); err == nil || !strings.Contains(err.Error(), "dead letters") {
		t.Errorf("Run: %v", err)
	}
	_ = p.Close(ctx) // the letters are closed already
	if committed(service) {
		t.Error("a checkpoint was saved past a log that is nowhere")
	}
}

func TestUnknownOutcomeStops(t *testing.T) {
	service := newService(t, 10)
	broken := errors.New("the sink is broken")
	sink := &fakeSink{accept: func(e *abi.Event) error {
		if n, _ := e.Get("n"); string(n) == "5" {
			return broken
		}
		return nil
	}}
	if _, err := run(t, newConfig(t, service, sink)); !errors.Is(err, broken) {
		t.Errorf("Run: %v", err)
	}
	if committed(service) {
		t.Error("a checkpoint was saved past a log of which nothing is known")
	}
}

func TestPolicies(t *testing.T) {
	for _, c := range []struct {
		policy OnError
		guest  string
		want   Counts
		err    string
	}{
		{OnErrorDeadLetter, "always", Counts{Pulled: 4, DeadLetters: 4, Failed: 4}, ""},
		{OnErrorDrop, "always", Counts{Pulled: 4, Discarded: 4, Failed: 4}, ""},
		{OnErrorPass, "always", Counts{Pulled: 4, Delivered: 4, Failed: 4}, ""},
		{OnErrorHalt, "always", Counts{}, "log 0: guest always: "},
		{OnErrorHalt, "keep", Counts{Pulled: 4, Delivered: 4}, ""},
		{OnErrorPass, "drop", Counts{Pulled: 4, Dropped: 4}, ""},
	} {
		t.Run(string(c.policy)+" "+c.guest, func(t *testing.T) {
			service, sink := newService(t, 4), &fakeSink{}
			cfg := newConfig(t, service, sink)
			cfg.Flows[0].OnError, cfg.Flows[0].Guests = c.policy, []guest.Config{hostile(t, c.guest)}
			counts, err := run(t, cfg)
			counts.PulledBytes = 0
			if counts != c.want {
				t.Errorf("counts %+v, want %+v", counts, c.want)
			}
			if (err == nil) != (c.err == "") || (err != nil && !strings.Contains(err.Error(), c.err)) {
				t.Errorf("error %v, want %q", err, c.err)
			}
			if done := service.CaughtUp(testProject, testLogstore, testGroup); done != (c.err == "") {
				t.Errorf("committed: %v", done)
			}
		})
	}
}

func TestFailedLogsPassInTheirPlace(t *testing.T) {
	events := func(origins ...int) []abi.Event {
		var out []abi.Event
		for _, o := range origins {
			out = append(out, abi.Event{Origin: o})
		}
		return out
	}
	for _, c := range []struct {
		out      []abi.Event
		failures []guest.Failure
		want     string
	}{
		{events(), []guest.Failure{{Index: 0, At: 0}, {Index: 1, At: 0}}, "[0 1]"},
		{events(1, 1, 3), []guest.Failure{{Index: 0, At: 0}, {Index: 2, At: 2}, {Index: 4, At: 3}}, "[0 1 1 2 3 4]"},
		{events(0, 1), []guest.Failure{{Index: 2, At: 2}}, "[0 1 2]"},
	} {
		var got []int
		for _, e := range merge(nil, events(0, 1, 2, 3, 4), &guest.Output{Events: c.out, Failures: c.failures}) {
			got = append(got, e.Origin)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%v, want %s", got, c.want)
		}
	}
}

func TestChain(t *testing.T) {
	service, sink := newService(t, 4), &fakeSink{}
	cfg := newConfig(t, service, sink)
	cfg.Flows[0].OnError = OnErrorPass // both guests fail: what one passes the other gets
	cfg.Flows[0].Guests = []guest.Config{hostile(t, "always"), hostile(t, "keep"), hostile(t, "always")}
	counts, err := run(t, cfg)
	if err != nil || counts.Delivered != 4 || counts.Failed != 8 || !slices.Equal(sink.events, numbers(0, 4)) {
		t.Errorf("%+v, %v, %v", counts, sink.events, err)
	}
}

func TestSeveralSources(t *testing.T) {
	service, sink := newService(t, 5), &fakeSink{}
	put(t, service, "second", 5, 5)
	cfg := newConfig(t, service, sink)
	second := cfg.Flows[0].Sources[0]
	second.Logstore = "second"
	cfg.Flows[0].Sources = append(cfg.Flows[0].Sources, second)
	counts, err := run(t, cfg)
	slices.Sort(sink.events)
	if err != nil || counts.Delivered != 10 || !slices.Equal(sink.events, numbers(0, 10)) {
		t.Errorf("%+v, %v, %v", counts, sink.events, err)
	}
}

func TestStopDrains(t *testing.T) {
	service := newService(t, 10)
	ctx, cancel := context.WithCancel(t.Context())
	sink := &fakeSink{accept: func(*abi.Event) error { cancel(); return nil }} // stopped in the middle of a batch
	cfg := newConfig(t, service, sink)
	cfg.Flows[0].Sources[0].Until = ""
	p, err := Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(ctx); err != nil {
		t.Error(err)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if !slices.Equal(sink.events, numbers(0, 10)) || !service.CaughtUp(testProject, testLogstore, testGroup) {
		t.Errorf("delivered %v; committed: %v", sink.events, service.CaughtUp(testProject, testLogstore, testGroup))
	}
}

func TestOpenLeavesNothingBehind(t *testing.T) {
	service, sink := newService(t, 1), &fakeSink{}
	cfg := newConfig(t, service, sink)
	cfg.Flows[0].Guests = []guest.Config{hostile(t, "keep")}
	cfg.Flows[0].Sources[0].Logstore = "nowhere"
	if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("Open: %v", err)
	}
	if !sink.closed {
		t.Error("the sink is still open")
	}
	cfg = newConfig(t, service, &fakeSink{})
	cfg.Flows[0].Guests = []guest.Config{hostile(t, "init-trap")}
	if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "--transform: guest init-trap: ") {
		t.Errorf("Open: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("signal: interrupt"))
	if _, err := Open(ctx, newConfig(t, service, &fakeSink{})); err == nil || err.Error() != "stopped before the start: signal: interrupt" {
		t.Errorf("Open: %v", err)
	}
	if _, ok := service.Group(testProject, testLogstore, testGroup); ok {
		t.Error("a consumer group was made for nothing")
	}
}
