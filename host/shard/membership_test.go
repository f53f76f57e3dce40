package shard

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"github.com/slswasm/slswasm/host/slstest"
)

func TestTwoConsumersShareTheShards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5)
	w.putLogs(slstest.AnyShard, 50)
	var a, b receiver
	w.run(w.mortal("a"), a.handle)
	w.await("the first holds all", func() bool { return w.holds("a") == 5 })
	second := w.run(w.mortal("b"), b.handle)
	w.await("they share", func() bool {
		return w.holds("a")+w.holds("b") == 5 && w.holds("a") >= 2 && w.holds("b") >= 2
	})
	w.putLogs(slstest.AnyShard, 50)
	w.await("all arrived", func() bool { return a.count()+b.count() == w.total() && w.caughtUp() })
	if a.count() == 0 || b.count() == 0 {
		t.Errorf("%d and %d logs: one of the two was idle", a.count(), b.count())
	}
	second.stop()
	if err := second.wait(t); err != nil {
		t.Fatal(err)
	}
	w.putLogs(slstest.AnyShard, 50)
	w.await("the first has taken over", func() bool { return a.count()+b.count() == w.total() && w.caughtUp() })
	w.check(1, &a, &b)
}

// A shard that is to be given up stays reported, and its heartbeats go on,
// until what is in hand is settled, however long that takes.
func TestGivingUpWaitsForTheBatchInHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.putLogs(slstest.AnyShard, 20)
	cfg := w.mortal("a")
	cfg.PullCount = 1
	entered, gate := make(chan int, 100), make(chan struct{})
	a := receiver{before: func(_ context.Context, b *Batch) error {
		entered <- b.Shard
		<-gate
		return nil
	}}
	w.run(cfg, a.handle)
	<-entered
	<-entered
	var b receiver
	w.run(w.mortal("b"), b.handle)
	w.await("the second asks for a shard", func() bool { _, ok := w.group().Consumers["b"]; return ok })
	w.beats(2 * 30) // of both: longer than the group's timeout
	if h := w.group().Holders; h[0] != "a" || h[1] != "a" || b.count() != 0 {
		t.Fatalf("holders %v, %d logs of the second: a shard went away from under a batch", h, b.count())
	}
	close(gate)
	w.await("the second has one", func() bool { return w.holds("b") == 1 && w.holds("a") == 1 })
	w.await("all arrived", func() bool { return a.count()+b.count() == w.total() && w.caughtUp() })
	w.check(1, &a, &b)
}

// A cable is an HTTP transport that can be cut.
type cable struct {
	http.RoundTripper
	cut atomic.Bool
}

var errCut = errors.New("the cable is cut")

func (c *cable) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.cut.Load() {
		return nil, errCut
	}
	return c.RoundTripper.RoundTrip(r)
}

func TestTakeoverAfterADeath(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.putLogs(slstest.AnyShard, 60)
	link := &cable{RoundTripper: w.Client().Transport}
	cfg := w.mortal("a")
	cfg.PullCount, cfg.HTTPClient = 1, &http.Client{Transport: link}
	stuck, lost := make(chan struct{}, 3), make(chan error, 3)
	var n atomic.Int32
	a := receiver{before: func(ctx context.Context, _ *Batch) error {
		if n.Add(1) <= 12 {
			return nil
		}
		if link.cut.Load() || n.Load() <= 15 {
			stuck <- struct{}{}
			<-ctx.Done() // as if the process were gone, then: the shard is lost
			lost <- context.Cause(ctx)
			return nil // even so, it must not be committed
		}
		return nil
	}}
	first := w.run(cfg, a.handle)
	for range 3 {
		<-stuck
	}
	link.cut.Store(true)
	seen := a.count()
	var b receiver
	second := w.run(w.mortal("b"), b.handle)
	w.await("the second holds all", func() bool { return w.holds("b") == 3 && w.caughtUp() })
	for range 3 {
		if err := <-lost; !errors.Is(err, errLost) {
			t.Errorf("a handler's context ended with %v", err)
		}
	}
	if b.count() < w.total()-seen {
		t.Errorf("the second got %d logs, the first had settled %d of %d", b.count(), seen, w.total())
	}
	w.check(2, &a, &b)

	link.cut.Store(false) // the dead come back
	w.await("the first takes part again", func() bool { return w.holds("a") >= 1 && w.holds("b") <= 2 })
	w.putLogs(slstest.AnyShard, 30)
	second.stop()
	if err := second.wait(t); err != nil {
		t.Error(err)
	}
	w.await("all arrived", func() bool { return w.caughtUp() })
	a.errs = nil // it saw its shards from an earlier place again, as it should
	w.check(2, &a, &b)
	first.stop()
	if err := first.wait(t); err != nil {
		t.Error(err)
	}
}

// When the service says that a shard is another's, nothing more is committed
// of it, and nothing is lost.
func TestALostShardIsTakenUpAgainFromItsCheckpoint(t *testing.T) {
	t.Parallel()
	for _, f := range []slstest.Fault{
		{Kind: slstest.UpdateCheckPoint, Nth: 3, Status: 400, Code: "ConsumerNotMatch"},
		{Kind: slstest.UpdateCheckPoint, Nth: 3, Status: 404, Code: "ConsumerNotExist"},
	} {
		t.Run(f.Code, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			w.putLogs(0, 20)
			w.Inject(f)
			cfg := w.config("a")
			cfg.PullCount, cfg.CommitInterval = 1, time.Nanosecond
			var r receiver
			w.run(cfg, r.handle)
			w.await("all arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
			if len(r.errs) != 1 {
				t.Errorf("the shard went back %d times, not once", len(r.errs))
			}
			r.errs = nil
			w.check(2, &r)
		})
	}
}

func TestAStaleOwnerCannotRewind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.putLogs(0, 10)
	var r receiver
	w.run(w.config("a"), r.handle)
	w.await("all arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
	plain := w.config("stale")
	cfg := plain.withDefaults()
	c, err := newClient(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	err = c.save(t.Context(), 0, w.Shards(project, logstore)[0].Begin)
	if got := code(err); got != codeConsumerGone && got != codeNotMatch {
		t.Errorf("saving as one that does not hold the shard: %v", err)
	}
	if !w.caughtUp() {
		t.Error("the checkpoint was rewound")
	}
}

func TestADeletedGroupStopsTheSource(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	c := w.run(w.config("a"), (&receiver{}).handle)
	w.await("it holds the shard", func() bool { return w.holds("a") == 1 })
	if err := w.sdk().DeleteConsumerGroup(project, logstore, groupID); err != nil {
		t.Fatal(err)
	}
	if err := c.wait(t); code(err) != codeGroupMissing || !strings.Contains(err.Error(), "was deleted") {
		t.Errorf("Run returned %v", err)
	}
}

func (w *world) sdk() sls.ClientInterface {
	c := sls.CreateNormalInterfaceV2(w.Endpoint(), w.config("").Credentials)
	c.SetHTTPClient(w.Client())
	return c
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestHeartbeatFaultsAreRiddenOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.putLogs(slstest.AnyShard, 20)
	w.Inject(slstest.Fault{Kind: slstest.HeartBeat, Every: 2, Status: 500})
	w.Inject(slstest.Fault{Kind: slstest.HeartBeat, Every: 3, Reset: true})
	var r receiver
	c := w.run(w.config("a"), r.handle)
	w.await("all arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
	w.beats(20)
	w.putLogs(slstest.AnyShard, 20)
	w.await("all arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
	c.stop()
	if err := c.wait(t); err != nil {
		t.Error(err)
	}
	w.check(1, &r)
}

// A heartbeat that hangs keeps neither the loss of the shards nor the end of
// the source waiting.
func TestAHangingHeartbeat(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.putLogs(0, 1)
	release := make(chan struct{})
	defer close(release)
	entered, lost := make(chan struct{}), make(chan error, 1)
	c := w.run(w.mortal("a"), func(ctx context.Context, _ *Batch) error {
		w.Inject(slstest.Fault{Kind: slstest.HeartBeat, Until: release})
		close(entered)
		<-ctx.Done()
		lost <- context.Cause(ctx)
		return nil
	})
	<-entered
	if err := <-lost; !errors.Is(err, errLost) {
		t.Errorf("the handler's context ended with %v", err)
	}
	c.stop()
	if err := c.wait(t); err != nil {
		t.Error(err)
	}
	if w.caughtUp() {
		t.Error("a batch of a lost shard was committed")
	}
}
