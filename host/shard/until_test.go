package shard

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slswasm/slswasm/host/slstest"
)

func TestUntilNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.putLogs(slstest.AnyShard, 30)
	before := w.total()
	cfg := w.config("a")
	cfg.Until, cfg.PullCount = Now, 4
	var fractions []float64
	var c *consumer
	ready := make(chan struct{})
	r := receiver{before: func(context.Context, *Batch) error {
		<-ready
		return nil
	}}
	c = w.run(cfg, func(ctx context.Context, b *Batch) error {
		err := r.handle(ctx, b)
		r.mu.Lock()
		defer r.mu.Unlock()
		fractions = append(fractions, c.Progress().Done)
		return err
	})
	w.putLogs(slstest.AnyShard, 9) // after the source was opened: not wanted
	if err := w.Split(project, logstore, 0); err != nil {
		t.Fatal(err)
	}
	w.putLogs(3, 1)
	close(ready)
	if err := c.wait(t); err != nil {
		t.Fatal(err)
	}
	if r.count() != before {
		t.Errorf("%d logs arrived, not the %d from before", r.count(), before)
	}
	if p := c.Progress(); p.Done != 1 || fractions[0] != 0 {
		t.Errorf("progress from %v to %v", fractions[0], p.Done)
	}
	for i := 1; i < len(fractions); i++ {
		if fractions[i] < fractions[i-1] {
			t.Errorf("progress went back: %v", fractions)
		}
	}
	cfg.Until = "" // and the rest is there for the next run
	w.run(cfg, r.handle)
	w.await("the rest arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
	w.check(1, &r)
}

// Who has read the last shard by itself does not wait for a look at the others.
func TestUntilEndsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.putLogs(slstest.AnyShard, 10)
	cfg := w.config("a")
	cfg.Until, cfg.FetchInterval = Now, time.Hour
	var r receiver
	if err := w.run(cfg, r.handle).wait(t); err != nil {
		t.Fatal(err)
	}
	w.check(1, &r)
}

func TestUntilTime(t *testing.T) {
	t.Parallel()
	start := time.Now().Add(-time.Hour)
	var offset atomic.Int64
	w := newWorld(t, 2, func(c *slstest.Config) {
		c.Now = func() time.Time { return start.Add(time.Duration(offset.Load())) }
		c.MaxSkew = -1
	})
	w.putLogs(slstest.AnyShard, 10)
	offset.Store(int64(10 * time.Minute))
	w.putLogs(slstest.AnyShard, 10)
	offset.Store(int64(20 * time.Minute))
	w.putLogs(slstest.AnyShard, 10)
	cfg := w.config("a")
	cfg.From, cfg.Until = At(start.Add(5*time.Minute)), At(start.Add(15*time.Minute))
	var r receiver
	if err := w.run(cfg, r.handle).wait(t); err != nil {
		t.Fatal(err)
	}
	if r.count() != 30 || r.seen["30"] != 1 || r.seen["59"] != 1 {
		t.Errorf("%d logs, not the 30 of the second ten minutes", r.count())
	}
}

func TestUntilNowWithNothingToRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	cfg := w.config("a")
	cfg.Until = Now
	c := w.run(cfg, func(context.Context, *Batch) error { t.Error("a batch of nothing"); return nil })
	if err := c.wait(t); err != nil {
		t.Fatal(err)
	}
	if p := c.Progress(); p.Done != 1 {
		t.Errorf("progress %v", p.Done)
	}
}

// TestUntilNowAgain: a run that finds nothing saves where it ended, so that the
// next one, a minute or a day later, begins there; "end" would be somewhere else
// by then.
func TestUntilNowAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	cfg := w.config("a")
	cfg.From, cfg.Until = End, Now
	w.putLogs(0, 3)
	if err := w.run(cfg, func(context.Context, *Batch) error { t.Error("logs from before the end"); return nil }).wait(t); err != nil {
		t.Fatal(err)
	}
	w.putLogs(0, 20)
	w.putLogs(1, 20)
	var r receiver
	if err := w.run(cfg, r.handle).wait(t); err != nil {
		t.Fatal(err)
	}
	if want := 40 * 3; r.count() != want {
		t.Errorf("%d of the %d logs that came between the runs", r.count(), want)
	}
}

// An empty answer before the end is a pause, not the end.
func TestUntilNowWithAnEmptyPull(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.putLogs(0, 20)
	cfg := w.config("a")
	cfg.Until, cfg.PullCount = Now, 4
	var pulls atomic.Int32
	cfg.HTTPClient = w.answering(func(r *http.Request) *http.Response {
		q := r.URL.Query()
		if q.Get("type") != "logs" || pulls.Add(1)%2 == 1 {
			return nil
		}
		return answerOf(r, 200, "", "X-Log-Cursor", q.Get("cursor"), "X-Log-Bodyrawsize", "0", "X-Log-Count", "0")
	})
	var r receiver
	if err := w.run(cfg, r.handle).wait(t); err != nil {
		t.Fatal(err)
	}
	if !w.caughtUp() {
		t.Error("it ended before the end")
	}
	w.check(1, &r)
}

// Several backfill together: each ends when all shards are done, also the
// one that stands by.
func TestUntilNowTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.putLogs(slstest.AnyShard, 40)
	gate := make(chan struct{})
	var receivers [3]receiver
	var consumers [3]*consumer
	for i, name := range []string{"a", "b", "c"} {
		receivers[i].before = func(context.Context, *Batch) error { <-gate; return nil }
		cfg := w.config(name)
		cfg.Until, cfg.PullCount = End, 3
		consumers[i] = w.run(cfg, receivers[i].handle)
	}
	w.await("all take part", func() bool { return len(w.group().Consumers) == 3 })
	w.beats(6)
	for _, c := range consumers {
		select {
		case <-c.done:
			t.Error("one ended before the shards were done")
		default:
		}
	}
	close(gate)
	for _, c := range consumers {
		if err := c.wait(t); err != nil {
			t.Error(err)
		}
		if p := c.Progress(); p.Done != 1 {
			t.Errorf("progress %v", p.Done)
		}
	}
	w.check(1, &receivers[0], &receivers[1], &receivers[2])
}

func TestUntilNowWithAQueryAndFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.putLogs(slstest.AnyShard, 40)
	cfg := w.config("a")
	cfg.Until, cfg.PullCount, cfg.Query = Now, 3, "* | where verb = 'put'"
	w.Inject(slstest.Fault{Kind: slstest.GetCheckPoint, Every: 2, Status: 500})
	w.Inject(slstest.Fault{Kind: slstest.PullLogs, Every: 3, Truncate: true})
	var r receiver
	if err := w.run(cfg, r.handle).wait(t); err != nil {
		t.Fatal(err)
	}
	if r.count() != w.total()/2 {
		t.Errorf("%d logs, not %d", r.count(), w.total()/2)
	}
}
