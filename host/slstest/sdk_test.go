package slstest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	consumer "github.com/aliyun/aliyun-log-go-sdk/consumer"
	"github.com/aliyun/aliyun-log-go-sdk/producer"
	"github.com/go-kit/kit/log"
)

// produce puts logs "from" to "to"-1 with the SDK's producer.
func produce(t *testing.T, s *Server, c *http.Client, from, to int) {
	t.Helper()
	cfg := producer.GetDefaultProducerConfig()
	cfg.Endpoint, cfg.HTTPClient = s.Endpoint(), c
	cfg.CredentialsProvider = sls.NewStaticCredentialsProvider(DefaultAccessKeyID, DefaultAccessKeySecret, "")
	cfg.Logger, cfg.DisableRuntimeMetrics = log.NewNopLogger(), true
	cfg.LingerMs, cfg.MaxBatchCount = 100, 10
	cfg.Retries, cfg.MaxIoWorkerCount = 0, 1 // one: see orderly
	p, err := producer.NewProducer(cfg)
	must(t, err)
	p.Start()
	results := &callback{left: to - from, done: make(chan struct{})}
	for i := from; i < to; i++ {
		l := producer.GenerateLog(1_700_000_000, map[string]string{"n": strconv.Itoa(i)})
		// The key spreads the logs over the hash range.
		must(t, p.HashSendLogWithCallBack(proj, store, fmt.Sprint("key", i), "topic", "source", l, results))
	}
	p.SafeClose()
	<-results.done
	if results.failed != nil {
		t.Fatalf("producer: %s: %s", results.failed.GetErrorCode(), results.failed.GetErrorMessage())
	}
}

type callback struct {
	mu     sync.Mutex
	left   int
	failed *producer.Result
	done   chan struct{}
}

func (c *callback) Success(r *producer.Result) { c.count(nil) }
func (c *callback) Fail(r *producer.Result)    { c.count(r) }

func (c *callback) count(r *producer.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r != nil {
		c.failed = r
	}
	if c.left--; c.left == 0 {
		close(c.done)
	}
}

// orderly is a transport and a logger that keeps two data races of the SDK
// from failing these tests:
//   - its client fills in its own settings at the first call for a shard, so
//     of the shards' workers all but one wait until the one has called;
//   - the heartbeat reads the list of shards without the lock when it logs
//     its answer. The lock here puts what other goroutines did, and logged,
//     before that; slowHeartbeats keeps them from running at that moment.
type orderly struct {
	next        http.RoundTripper
	first, done sync.Once
	open        chan struct{}
	mu          sync.Mutex
	passed      int
}

func (o *orderly) Log(...any) error {
	o.pass()
	return nil
}

func (o *orderly) pass() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.passed++
}

func (o *orderly) RoundTrip(r *http.Request) (*http.Response, error) {
	switch {
	case strings.Contains(r.URL.Path, "/shards/"):
		o.done.Do(func() { close(o.open) })
	case r.Method == "GET" && strings.HasSuffix(r.URL.Path, "/consumergroups/group"): // before a shard's first call
		alone := false
		o.first.Do(func() { alone = true })
		if !alone {
			<-o.open
		}
	}
	resp, err := o.next.RoundTrip(r)
	o.pass()
	return resp, err
}

// slowHeartbeats have their answers at times of a bubble at which no other
// goroutine of the SDK wakes up.
var slowHeartbeats = Fault{Kind: HeartBeat, Delay: 7*time.Millisecond + time.Microsecond}

// A reader counts how often each log was delivered, and by whom.
type reader struct {
	mu  sync.Mutex
	got map[string]int
	by  map[string]int
}

func newReader() *reader { return &reader{got: make(map[string]int), by: make(map[string]int)} }

func (r *reader) worker(s *Server, c *http.Client, name string, inOrder bool) *consumer.ConsumerWorker {
	o := &orderly{next: c.Transport, open: make(chan struct{})}
	cfg := consumer.LogHubConfig{
		Endpoint: s.Endpoint(), HTTPClient: &http.Client{Transport: o}, Logger: o,
		CredentialsProvider: sls.NewStaticCredentialsProvider(DefaultAccessKeyID, DefaultAccessKeySecret, ""),
		Project:             proj, Logstore: store, ConsumerGroupName: "group", ConsumerName: name,
		CursorPosition: consumer.BEGIN_CURSOR, InOrder: inOrder,
		HeartbeatIntervalInSecond: 1, HeartbeatTimeoutInSecond: 10, DataFetchIntervalInMs: 50,
		DisableRuntimeMetrics: true, AutoCommitDisabled: true,
	}
	return consumer.InitConsumerWorkerWithCheckpointTracker(cfg, func(_ int, list *sls.LogGroupList, tracker consumer.CheckPointTracker) (string, error) {
		r.mu.Lock()
		for _, g := range list.LogGroups {
			for _, l := range g.Logs {
				r.got[l.Contents[0].GetValue()]++
				r.by[name]++
			}
		}
		r.mu.Unlock()
		return "", tracker.SaveCheckPoint(true)
	})
}

func (r *reader) check(t *testing.T, logs int, once bool) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	missing, again := 0, 0
	for i := range logs {
		switch n := r.got[strconv.Itoa(i)]; {
		case n == 0:
			missing++
		case n > 1:
			again++
		}
	}
	if missing > 0 || once && again > 0 || len(r.got) != logs {
		t.Errorf("of %d logs %d are missing, %d came more than once, %d are there", logs, missing, again, len(r.got))
	}
}

func caughtUp(s *Server, logs int) func() bool {
	return func() bool { return s.Logs(proj, store) == logs && s.CaughtUp(proj, store, "group") }
}

func TestSDKProducerAndConsumerOverSockets(t *testing.T) {
	s := listening(t, 8)
	const logs = 1000
	produce(t, s, s.Client(), 0, logs)
	for _, sh := range s.Shards(proj, store) {
		if sh.Logs == 0 {
			t.Errorf("shard %d got no logs", sh.ID)
		}
	}
	r := newReader()
	w := r.worker(s, s.Client(), "a", false)
	w.Start()
	must(t, s.Await(t.Context(), caughtUp(s, logs)))
	w.StopAndWait()
	r.check(t, logs, true)
}

// The SDK's consumers sleep a lot, so the rest happens in a bubble in which
// sleeping takes no time.
func TestSDKConsumersShareAndTakeOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, 8)
		s.Inject(slowHeartbeats)
		c := s.InProcess()
		produce(t, s, c, 0, 500)
		r := newReader()
		a, b := r.worker(s, c, "a", false), r.worker(s, c, "b", false)
		holders := func(want int) func() bool {
			return func() bool {
				st, _ := s.Group(proj, store, "group")
				n := make(map[string]int)
				for _, c := range st.Holders {
					n[c]++
				}
				return n["b"] == want && n["a"] == 8-want
			}
		}
		a.Start()
		must(t, s.Await(t.Context(), holders(0)))
		b.Start()
		must(t, s.Await(t.Context(), holders(4))) // a gives up half
		produce(t, s, c, 500, 1000)
		must(t, s.Await(t.Context(), caughtUp(s, 1000)))
		r.check(t, 1000, true)
		if r.by["a"] == 0 || r.by["b"] == 0 {
			t.Errorf("delivered: %v", r.by)
		}

		start := time.Now()
		a.StopAndWait() // without a word to the service: b has to wait for the timeout
		produce(t, s, c, 1000, 1500)
		must(t, s.Await(t.Context(), holders(8)))
		if d := time.Since(start); d < 9*time.Second || d > 13*time.Second {
			t.Errorf("b took over after %s, the timeout is 10 s", d)
		}
		must(t, s.Await(t.Context(), caughtUp(s, 1500)))
		b.StopAndWait()
		r.check(t, 1500, true)
	})
}

// A consumer whose heartbeats do not arrive any more goes on working for a
// while; the logs come twice, but none is lost.
func TestSDKConsumerCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, 4)
		cutOff := slowHeartbeats
		cutOff.Status = 503
		var isCut atomic.Bool
		cutOff.When = func(c Call) bool { return isCut.Load() && c.Consumer == "a" }
		s.Inject(cutOff)
		s.Inject(slowHeartbeats)
		c := s.InProcess()
		produce(t, s, c, 0, 200)
		r := newReader()
		a, b := r.worker(s, c, "a", false), r.worker(s, c, "b", false)
		a.Start()
		b.Start()
		must(t, s.Await(t.Context(), caughtUp(s, 200)))
		isCut.Store(true)
		s.Inject(Fault{Kind: PullLogs, Every: 3, Status: 500})
		s.Inject(Fault{Kind: UpdateCheckPoint, Every: 4, Lose: true})
		produce(t, s, c, 200, 400)
		must(t, s.Await(t.Context(), func() bool {
			st, _ := s.Group(proj, store, "group")
			return len(st.Consumers) == 1 && len(st.Holders) == 4 && caughtUp(s, 400)()
		}))
		a.StopAndWait()
		b.StopAndWait()
		r.check(t, 400, false)
	})
}

func TestSDKConsumerFollowsASplit(t *testing.T) {
	for _, inOrder := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t, 2)
			s.Inject(slowHeartbeats)
			c := s.InProcess()
			produce(t, s, c, 0, 100)
			r := newReader()
			w := r.worker(s, c, "a", inOrder)
			must(t, s.Split(proj, store, 0))
			produce(t, s, c, 100, 200)
			w.Start()
			must(t, s.Await(t.Context(), caughtUp(s, 200)))
			st, _ := s.Group(proj, store, "group")
			w.StopAndWait()
			r.check(t, 200, true)
			var held []int
			for id := range st.Holders {
				held = append(held, id)
			}
			if slices.Sort(held); !slices.Equal(held, []int{0, 1, 2, 3}) {
				t.Errorf("in order %v: %v", inOrder, held)
			}
		})
	}
}

// Error codes arrive at the SDK's callers as they left.
func TestSDKSeesExpiredCursors(t *testing.T) {
	s := newServer(t, 1)
	begin := s.Shards(proj, store)[0].Begin
	must(t, s.Put(proj, store, 0, group(1, "k", "v"), group(1, "k", "v")))
	must(t, s.Expire(proj, store, 0, s.Shards(proj, store)[0].End))
	_, _, err := sdkClient(s, s.InProcess()).PullLogsWithQuery(&sls.PullLogRequest{
		Project: proj, Logstore: store, Cursor: begin, LogGroupMaxCount: 10,
	})
	var e *sls.Error
	if !errors.As(err, &e) || e.Code != codeInvalidCursor || e.HTTPCode != 400 || e.RequestID == "" {
		t.Errorf("%v", err)
	}
}
