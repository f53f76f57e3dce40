package host

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/hec"
)

const (
	warmUp     = 1_000 // faults, before anything is measured
	manyFaults = 10_000
	someFaults = 2_500 // of those that cost a request each
)

// Whatever the service's calls and the sink's sends come to, 10,000 times:
// nothing is left of a fault, and no log is lost to one.
func TestFaultsLeaveNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const shards = 8
		w := newNumberedWorld(t, shards)
		for shard := range shards {
			w.add(shard, 600)
		}
		var faults atomic.Int64
		var mended atomic.Bool
		calls := 0 // of the service, which asks When one call at a time
		arm := func(*Pipeline) {
			for i, f := range []slstest.Fault{
				{Status: http.StatusInternalServerError}, {Status: http.StatusTooManyRequests, Code: "ReadQuotaExceed"},
				{Reset: true}, {Lose: true}, {Truncate: true},
			} {
				f.When = func(slstest.Call) bool {
					if i == 0 {
						calls++
					}
					if calls%9 != i || mended.Load() {
						return false
					}
					faults.Add(1)
					return true
				}
				w.Inject(f)
			}
		}

		settled, sends := newTally(w.put), atomic.Int64{}
		sink := &moodySink{tally: settled, send: func(_ context.Context, events []abi.Event) (int, error) {
			n := sends.Add(1)
			if n%5 == 0 || mended.Load() {
				return 0, nil
			}
			faults.Add(1)
			switch n % 7 {
			case 0:
				settled.add(&events[0]) // to the dead letters
				return 0, &sinks.Rejected{Reason: "no"}
			case 1, 2:
				return 0, &sinks.Hold{Err: errDown}
			}
			return len(events) / 2, &sinks.Retry{Err: errDown, After: time.Millisecond}
		}}
		cfg := newConfig(t, w.Server, sink)
		cfg.Flows[0].Sources[0].Until, cfg.Flows[0].Sources[0].PullCount = "", 2
		cfg.Flows[0].Sources[0].HeartbeatInterval, cfg.Flows[0].Sources[0].FetchInterval = time.Second, time.Second
		cfg.Retry = sinks.RetryConfig{Initial: time.Millisecond, Max: 5 * time.Millisecond, Hold: 5 * time.Millisecond}
		ended, stop := launch(t, cfg, arm)
		await := func(n int64) {
			for faults.Load() < n {
				select {
				case <-ended:
					stop()
					t.FailNow()
				case <-time.After(time.Second):
				}
			}
		}
		await(warmUp)
		heap, goroutines := held()
		await(warmUp + manyFaults)
		flat(t, heap, goroutines, 2*shards) // a heartbeat, and who is just starting
		mended.Store(true)
		time.Sleep(2 * time.Minute)
		stop()
		if !w.CaughtUp(testProject, testLogstore, testGroup) {
			t.Error("not all is committed")
		}
		settled.check(t, w.put, true) // heartbeats that fail lose shards, which are delivered again
	})
}

// The same with real requests, and answers of every kind that there is.
func TestAnswersLeaveNothingBehind(t *testing.T) {
	const shards = 8
	w := newNumberedWorld(t, shards)
	for shard := range shards {
		w.add(shard, 600)
	}
	c := &collector{t: t, settled: newTally(w.put), warm: make(chan struct{}), done: make(chan struct{})}
	server := httptest.NewServer(c)
	defer server.Close()
	sink, err := hec.New(hec.Config{URL: server.URL, Token: "token", Timeout: 10 * time.Second}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	cfg := newConfig(t, w.Server, sink)
	cfg.Flows[0].Sources[0].Until, cfg.Flows[0].Sources[0].PullCount = "", 4
	cfg.Retry = sinks.RetryConfig{Initial: time.Microsecond, Max: 10 * time.Microsecond, Hold: 10 * time.Microsecond}
	_, stop := launch(t, cfg, nil)
	wait(t, c.warm)
	heap, goroutines := held()
	wait(t, c.done)
	flat(t, heap, goroutines, 8*shards) // connections, at both ends
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := w.Await(ctx, func() bool { return w.CaughtUp(testProject, testLogstore, testGroup) }); err != nil {
		t.Fatal(err)
	}
	stop()
	for _, l := range letters(t, cfg.DeadLetters) {
		c.settled.add(&abi.Event{Log: l.Log})
	}
	c.settled.check(t, w.put, false)
}

func wait(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatal("the faults do not get on")
	}
}

// A collector is a receiver that takes one request in five until it has
// failed enough, and remembers nothing but numbers.
type collector struct {
	t                *testing.T
	settled          *tally
	requests, faults atomic.Int64
	warm, done       chan struct{} // closed after so many faults
}

var badAnswers = []struct {
	status int // 0: the connection breaks
	body   string
}{
	{503, `{"text":"Server is busy","code":9}`}, {429, `{"text":"Queue is full","code":26}`}, {500, `{"text":"Internal server error","code":8}`},
	{403, `{"text":"Invalid token","code":4}`}, {401, `{"text":"Invalid authorization","code":3}`}, {502, "<html>"}, {413, "too large"}, {0, ""},
	{400, `{"text":"Invalid data format","code":6,"invalid-event-number":0}`}, {503, ""},
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var numbers []int
	for body := json.NewDecoder(r.Body); ; {
		var envelope struct {
			Event struct {
				N int `json:",string"`
			}
		}
		if err := body.Decode(&envelope); err != nil {
			break
		}
		numbers = append(numbers, envelope.Event.N)
	}
	n := c.requests.Add(1)
	if len(numbers) == 0 || n%5 == 0 || c.faults.Load() >= warmUp+someFaults {
		for _, n := range numbers {
			c.settled.number(n)
		}
		_, _ = w.Write([]byte(`{"text":"Success","code":0}`))
		return
	}
	switch c.faults.Add(1) {
	case warmUp:
		close(c.warm)
	case warmUp + someFaults:
		close(c.done)
	}
	bad := badAnswers[n*7/5%int64(len(badAnswers))]
	if bad.status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(bad.status)
	_, _ = w.Write([]byte(bad.body))
}
