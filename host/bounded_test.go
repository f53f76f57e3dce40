package host

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks"
)

// numberedWorld is a service whose logs are numbered by the field "n".
type numberedWorld struct {
	*slstest.Server
	t   *testing.T
	put int
}

func newNumberedWorld(t *testing.T, shards int) *numberedWorld {
	service, err := slstest.New(slstest.Config{Projects: []slstest.Project{{
		Name: testProject, Logstores: []slstest.Logstore{{Name: testLogstore, Shards: shards}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { service.Close() })
	return &numberedWorld{Server: service, t: t}
}

// add puts log groups of one log with these fields into a shard.
func (w *numberedWorld) add(shard, groups int, fields ...slstest.KV) {
	w.t.Helper()
	for range groups {
		g := slstest.Group{Logs: []slstest.Log{{
			Time: 1_700_000_000, Contents: append([]slstest.KV{{Key: "n", Value: strconv.Itoa(w.put)}}, fields...),
		}}}
		w.put++
		if err := w.Put(testProject, testLogstore, shard, g.Marshal()); err != nil {
			w.t.Fatal(err)
		}
	}
}

// patient is the configuration with the intervals of real runs.
func (w *numberedWorld) patient(sink sinks.Sink) Config {
	cfg := newConfig(w.t, w.Server, sink)
	source := &cfg.Flows[0].Sources[0]
	source.Until, source.HeartbeatInterval, source.FetchInterval = "", 20*time.Second, time.Second
	source.Budget = shard.NewBudget(4 << 20)
	return cfg
}

// launch runs a pipeline, after edit where that is not nil. ended is closed
// with it; stop ends it and checks how.
func launch(t *testing.T, cfg Config, edit func(*Pipeline)) (ended <-chan struct{}, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p, err := Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(p)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = p.Run(ctx)
	}()
	return done, func() {
		cancel()
		<-done
		if err != nil {
			t.Error(err)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// A tally counts how often each number was settled.
type tally struct {
	mu    sync.Mutex
	times []int
}

func newTally(n int) *tally { return &tally{times: make([]int, n)} }

func (c *tally) add(e *abi.Event) {
	text, _ := e.Get("n")
	n, err := strconv.Atoi(string(text))
	if err != nil {
		panic(err)
	}
	c.number(n)
}

func (c *tally) number(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times[n]++
}

// check fails unless each of the first n was settled, once where repeats are
// not allowed.
func (c *tally) check(t *testing.T, n int, repeats bool) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	missing, again := 0, 0
	for _, times := range c.times[:n] {
		switch {
		case times == 0:
			missing++
		case times > 1:
			again++
		}
	}
	if missing > 0 || again > 0 && !repeats {
		t.Errorf("of %d logs %d are missing and %d came again", n, missing, again)
	}
}

// A moodySink does with each Send what send says, and else takes everything.
type moodySink struct {
	*tally
	send func(ctx context.Context, events []abi.Event) (n int, err error) // err nil: take them
}

func (s *moodySink) Check(context.Context) error { return nil }
func (s *moodySink) Close() error                { return nil }

func (s *moodySink) Send(ctx context.Context, events []abi.Event) (n int, err error) {
	if n, err = s.send(ctx, events); err == nil {
		n = len(events)
	}
	for i := range events[:n] {
		s.add(&events[i])
	}
	return n, err
}

// held is what is left of the heap, and how many goroutines there are.
func held() (bytes uint64, goroutines int) {
	runtime.GC()
	runtime.GC() // what pools kept over the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, runtime.NumGoroutine()
}

// flat fails when there is more held than before, beyond what measuring
// itself is off by.
func flat(t *testing.T, heapBefore uint64, goroutinesBefore, margin int) {
	t.Helper()
	heap, goroutines := held()
	t.Logf("heap %d KiB, then %d KiB; %d goroutines, then %d", heapBefore>>10, heap>>10, goroutinesBefore, goroutines)
	if heap > heapBefore+3<<20 {
		t.Errorf("the heap grew from %d to %d bytes", heapBefore, heap)
	}
	if goroutines > goroutinesBefore+margin {
		t.Errorf("%d goroutines became %d", goroutinesBefore, goroutines)
	}
}

var errDown = errors.New("the receiver is down")

// A sink that is down for an hour costs neither memory nor a log, no shard,
// and few lines.
func TestSinkDownForAnHour(t *testing.T) {
	for name, outcome := range map[string]error{
		"down": &sinks.Retry{Err: errDown},
		"held": &sinks.Hold{Err: errDown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const shards = 8
				w := newNumberedWorld(t, shards)
				for shard := range shards {
					w.add(shard, 100, slstest.KV{Key: "pad", Value: strings.Repeat("x", 20<<10)})
				}
				var down atomic.Bool
				sink := &moodySink{tally: newTally(w.put), send: func(context.Context, []abi.Event) (int, error) {
					if down.Load() {
						return 0, outcome
					}
					return 0, nil
				}}
				var log bytes.Buffer
				cfg := w.patient(sink)
				cfg.Flows[0].Sources[0].PullCount = 10
				cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
				down.Store(true)
				_, stop := launch(t, cfg, nil)
				time.Sleep(5 * time.Minute)
				heap, goroutines := held()
				beats, pulls := w.Calls(slstest.HeartBeat), w.Calls(slstest.PullLogs)
				time.Sleep(time.Hour)
				synctest.Wait() // nobody writes a line now
				flat(t, heap, goroutines, 0)
				if n := w.Calls(slstest.HeartBeat) - beats; n < 179 {
					t.Errorf("%d heartbeats in an hour", n)
				}
				if n := w.Calls(slstest.PullLogs) - pulls; n != 0 {
					t.Errorf("%d pulls while nothing could be delivered", n)
				}
				if n := strings.Count(log.String(), "\n"); n > 1500 {
					t.Errorf("%d lines", n)
				}
				down.Store(false)
				time.Sleep(2 * time.Minute)
				stop()
				if !w.CaughtUp(testProject, testLogstore, testGroup) {
					t.Error("not all is committed")
				}
				sink.check(t, w.put, false)
			})
		})
	}
}

// A routed deliverer routes events by their field "to", as a guest would.
type routed struct{ sinks.Deliverer }

func (r routed) Deliver(ctx context.Context, events []abi.Event, reject func(*abi.Event, string) error) error {
	for i := range events {
		if to, ok := events[i].Get("to"); ok {
			meta := abi.NoMeta()
			meta.Route = to
			events[i].Meta = &meta
		}
	}
	return r.Deliverer.Deliver(ctx, events, reject)
}

// Of two sinks one is stuck, in a Send that does not return or in a receiver
// that is down: the shards whose logs go to the other one go on, and no shard
// is lost.
func TestOneStuckSink(t *testing.T) {
	for name, outcome := range map[string]error{"silent": nil, "down": &sinks.Retry{Err: errDown}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const shards = 4 // the even ones go to the stuck sink
				w := newNumberedWorld(t, shards)
				mended := make(chan struct{})
				settled := newTally(10_000)
				good := &moodySink{tally: settled, send: func(context.Context, []abi.Event) (int, error) { return 0, nil }}
				stuck := &moodySink{tally: settled, send: func(ctx context.Context, _ []abi.Event) (int, error) {
					if outcome == nil {
						select {
						case <-mended:
						case <-ctx.Done():
							return 0, ctx.Err()
						}
					}
					select {
					case <-mended:
						return 0, nil
					default:
						return 0, outcome
					}
				}}
				cfg := w.patient(good)
				cfg.Sinks = append(cfg.Sinks, NamedSink{Name: "second", Sink: stuck})
				_, stop := launch(t, cfg, func(p *Pipeline) { p.flows[0].sink = routed{p.flows[0].sink} })
				for range 10 { // minutes
					beats := w.Calls(slstest.HeartBeat)
					for s := range shards {
						to := "first"
						if s%2 == 0 {
							to = "second"
						}
						w.add(s, 2, slstest.KV{Key: "to", Value: to})
					}
					time.Sleep(time.Minute)
					group, _ := w.Group(testProject, testLogstore, testGroup)
					for _, s := range w.Shards(testProject, testLogstore) {
						if atEnd := group.Checkpoints[s.ID] == s.End; atEnd != (s.ID%2 == 1) {
							t.Fatalf("shard %d is settled to its end: %v", s.ID, atEnd)
						}
					}
					if n := w.Calls(slstest.HeartBeat) - beats; n < 2 || len(group.Holders) != shards {
						t.Fatalf("%d heartbeats in a minute, %d shards held", n, len(group.Holders))
					}
				}
				close(mended)
				time.Sleep(2 * time.Minute)
				stop()
				if !w.CaughtUp(testProject, testLogstore, testGroup) {
					t.Error("not all is committed")
				}
				settled.check(t, w.put, false)
			})
		})
	}
}
