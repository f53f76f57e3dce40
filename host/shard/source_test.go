package shard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slswasm/slswasm/host/slstest"
)

func TestEveryLogArrivesOnceAndIsCommitted(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*Config){
		"lz4":       func(*Config) {},
		"zstd":      func(c *Config) { c.Zstd = true },
		"version 4": func(c *Config) { c.AuthV4, c.Region = true, "cn-test" },
		"one group": func(c *Config) { c.PullCount = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 4)
			w.putLogs(slstest.AnyShard, 40)
			cfg := w.config("a")
			edit(&cfg)
			var r receiver
			c := w.run(cfg, r.handle)
			w.await("all arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
			w.putLogs(slstest.AnyShard, 10)
			w.await("the later ones, too", func() bool { return r.count() == w.total() && w.caughtUp() })
			c.stop()
			if err := c.wait(t); err != nil {
				t.Fatal(err)
			}
			w.check(1, &r)
			if p := c.Progress(); p.Logs != int64(w.total()) || len(p.Shards) != 4 || p.Shards[0].Time.IsZero() {
				t.Errorf("progress %+v", p)
			}
		})
	}
}

// What arrives between the start at "end" and the first batch must not be
// skipped by the next owner.
func TestStartIsSavedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.putLogs(0, 1)
	before := w.total()
	cfg := w.config("a")
	cfg.From, cfg.CommitInterval = End, time.Hour
	var r receiver
	c := w.run(cfg, r.handle)
	w.await("the start is saved", w.caughtUp)
	c.stop()
	if err := c.wait(t); err != nil {
		t.Fatal(err)
	}
	w.putLogs(0, 5)
	cfg = w.config("a")
	cfg.From = End
	w.run(cfg, r.handle)
	w.await("the logs of the gap arrived", func() bool { return r.count() == w.total()-before })
}

func TestFromTime(t *testing.T) {
	t.Parallel()
	clock := time.Now().Add(-time.Hour)
	var offset atomic.Int64
	w := newWorld(t, 1, func(c *slstest.Config) {
		c.Now = func() time.Time { return clock.Add(time.Duration(offset.Load())) }
		c.MaxSkew = -1
	})
	w.putLogs(0, 3)
	old := w.total()
	offset.Store(int64(30 * time.Minute))
	w.putLogs(0, 4)
	cfg := w.config("a")
	cfg.From = At(clock.Add(20 * time.Minute))
	var r receiver
	w.run(cfg, r.handle)
	w.await("only the later logs arrived", func() bool { return r.count() == w.total()-old && w.caughtUp() })
	if r.seen["0"] != 0 {
		t.Error("a log from before the time arrived")
	}
}

func TestQueryMovesTheCheckpointWithoutLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.putLogs(0, 20)
	cfg := w.config("a")
	cfg.Query, cfg.PullCount = "* | where verb = 'nothing'", 3
	w.run(cfg, func(context.Context, *Batch) error { return errors.New("there is nothing to handle") })
	w.await("the checkpoint is at the end", w.caughtUp)

	cfg = w.config("b")
	cfg.Group, cfg.Query = "other", "* | where verb in ('get')"
	var r receiver
	w.run(cfg, r.handle)
	w.await("half the logs arrived", func() bool { return r.count() == w.total()/2 && w.CaughtUp(project, logstore, "other") })
}

func TestNextPullIsUnderWayDuringABatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.putLogs(0, 10)
	cfg := w.config("a")
	cfg.PullCount = 1
	gate := make(chan struct{})
	r := receiver{before: func(context.Context, *Batch) error { <-gate; return nil }}
	w.run(cfg, r.handle)
	w.await("two pulls", func() bool { return w.Calls(slstest.PullLogs) == 2 })
	w.beats(5)
	if n := w.Calls(slstest.PullLogs); n != 2 {
		t.Errorf("%d pulls during the first batch, not 2", n)
	}
	close(gate)
	w.await("all arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
	w.check(1, &r)
}

func TestBudgetHoldsPullsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	for shard := range 3 {
		w.putLogs(shard, 5)
	}
	cfg := w.config("a")
	cfg.PullCount, cfg.Budget = 1, NewBudget(1)
	gate := make(chan struct{})
	var inside atomic.Int32
	r := receiver{before: func(context.Context, *Batch) error {
		if inside.Add(1) > 1 {
			t.Error("two batches in hand within a budget for one")
		}
		<-gate
		inside.Add(-1)
		return nil
	}}
	w.run(cfg, r.handle)
	w.await("a batch is in hand", func() bool { return inside.Load() == 1 })
	pulls := w.Calls(slstest.PullLogs)
	w.beats(5)
	if n := w.Calls(slstest.PullLogs); n != pulls {
		t.Errorf("%d pulls while the budget was spent", n-pulls)
	}
	close(gate)
	w.await("all arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
	w.check(1, &r)
}

func TestHandlerErrorStopsTheSource(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		fail func() error
		is   func(error) bool
	}{
		"error": {func() error { return boom }, func(err error) bool { return errors.Is(err, boom) }},
		"an error that looks like our own end": {func() error { return context.Canceled },
			func(err error) bool { return errors.Is(err, context.Canceled) }},
		"panic":  {func() error { panic("boom") }, func(err error) bool { var p *PanicError; return errors.As(err, &p) && p.Value == "boom" }},
		"goexit": {func() error { runtime.Goexit(); return nil }, func(err error) bool { return err != nil }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2)
			w.putLogs(1, 10)
			cfg := w.config("a")
			cfg.PullCount, cfg.CommitInterval = 1, time.Hour
			var n atomic.Int32
			r := receiver{before: func(context.Context, *Batch) error {
				if n.Add(1) == 4 {
					return c.fail()
				}
				return nil
			}}
			err := w.run(cfg, r.handle).wait(t)
			if !c.is(err) {
				t.Fatalf("Run returned %v", err)
			}
			if name != "goexit" {
				failedAt := cursorAfter(w, 1, 3)
				for _, part := range []string{"shard 1", failedAt} {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("the error does not name %s: %v", part, err)
					}
				}
				if got := w.group().Checkpoints[1]; got != failedAt {
					t.Errorf("checkpoint %s, not %s: what was settled must be committed, and no more", got, failedAt)
				}
			}
			w.run(w.config("a"), r.handle)
			w.await("the rest arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
			most := 1
			if name == "goexit" { // nothing could be committed
				most = 2
			}
			r.errs = nil
			w.check(most, &r)
		})
	}
}

func TestAFailureLetsOtherShardsSettle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.putLogs(0, 1)
	w.putLogs(1, 1)
	boom := errors.New("boom")
	slow, gate := make(chan struct{}), make(chan struct{})
	c := w.run(w.config("a"), func(_ context.Context, b *Batch) error {
		if b.Shard == 0 {
			<-slow
			return boom
		}
		close(slow)
		<-gate
		return nil
	})
	<-slow
	w.beats(3)
	close(gate)
	if err := c.wait(t); !errors.Is(err, boom) || strings.Contains(err.Error(), "shard 1") {
		t.Errorf("Run returned %v", err)
	}
	at := w.group().Checkpoints
	if shards := w.Shards(project, logstore); at[0] != shards[0].Begin || at[1] != shards[1].End {
		t.Errorf("checkpoints %v", at)
	}
}

// A pull whose bytes are not what they should be is read again, and never
// passed over.
func TestABrokenPull(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]int32{"for a while": 3, "for good": 1 << 30} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			w.putLogs(0, 10)
			var pulls atomic.Int32
			cfg := w.config("a")
			cfg.PullCount = 2
			link := w.Client().Transport
			cfg.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				resp, err := link.RoundTrip(r)
				if err == nil && resp.Header.Get("X-Log-Count") == "2" && resp.Header.Get("X-Log-Cursor") == cursorAfter(w, 0, 6) && pulls.Add(1) <= broken {
					resp.Header.Set("X-Log-Count", "3")
				}
				return resp, err
			})}
			var r receiver
			c := w.run(cfg, r.handle)
			if broken < 10 {
				w.await("all arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
				w.check(1, &r)
				return
			}
			err := c.wait(t)
			if err == nil || !strings.Contains(err.Error(), "shard 0, pull at cursor "+cursorAfter(w, 0, 4)) || !strings.Contains(err.Error(), "3") {
				t.Errorf("Run returned %v", err)
			}
			if got := w.group().Checkpoints[0]; got != cursorAfter(w, 0, 4) || r.count() != 12 {
				t.Errorf("checkpoint %s, %d logs", got, r.count())
			}
		})
	}
}

func cursorAfter(w *world, shard int, groups int64) string {
	n, err := slstest.DecodeCursor(w.Shards(project, logstore)[shard].Begin)
	if err != nil {
		w.t.Fatal(err)
	}
	return slstest.EncodeCursor(n + groups)
}

func TestCheckpointsAreSavedNoOftenerThanAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.putLogs(0, 30)
	cfg := w.config("a")
	cfg.PullCount, cfg.CommitInterval = 1, time.Hour
	var r receiver
	c := w.run(cfg, r.handle)
	w.await("all arrived", func() bool { return r.count() == w.total() })
	if n := w.Calls(slstest.UpdateCheckPoint); n != 1 {
		t.Errorf("%d checkpoints saved, not just the start", n)
	}
	c.stop()
	if err := c.wait(t); err != nil {
		t.Fatal(err)
	}
	if n := w.Calls(slstest.UpdateCheckPoint); n != 2 || !w.caughtUp() {
		t.Errorf("%d checkpoints saved: want one more, at the end of the shard", n)
	}
}

func TestStoppingDrainsAndCommits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.putLogs(slstest.AnyShard, 20)
	cfg := w.mortal("a")
	cfg.PullCount = 1
	entered, gate := make(chan struct{}, 100), make(chan struct{})
	a := receiver{before: func(ctx context.Context, _ *Batch) error {
		entered <- struct{}{}
		<-gate
		return ctx.Err()
	}}
	c := w.run(cfg, a.handle)
	<-entered
	<-entered
	c.stop()
	beats := w.Calls(slstest.HeartBeat)
	w.await("heartbeats go on while draining", func() bool { return w.Calls(slstest.HeartBeat) > beats+25 }) // longer than the timeout
	if n := len(w.group().Holders); n != 2 {
		t.Errorf("%d shards held while draining, not 2", n)
	}
	close(gate)
	if err := c.wait(t); err != nil {
		t.Fatal(err)
	}
	if a.count() != 6 {
		t.Errorf("%d logs handled, not the 6 that were in hand", a.count())
	}
	var b receiver
	w.run(w.mortal("a"), b.handle)
	w.await("the rest arrived", func() bool { return a.count()+b.count() == w.total() && w.caughtUp() })
	w.check(1, &a, &b)
}

func TestDrainTimeoutLeavesTheBatchToTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.putLogs(0, 5)
	cfg := w.config("a")
	cfg.PullCount, cfg.DrainTimeout = 1, 50*time.Millisecond
	entered := make(chan struct{})
	var n atomic.Int32
	a := receiver{before: func(ctx context.Context, _ *Batch) error {
		if n.Add(1) < 3 {
			return nil
		}
		close(entered)
		<-ctx.Done()
		return fmt.Errorf("cut: %w", context.Cause(ctx))
	}}
	c := w.run(cfg, a.handle)
	<-entered
	c.stop()
	err := c.wait(t)
	if !errors.Is(err, ErrDrain) || !strings.Contains(err.Error(), "shard 0") {
		t.Fatalf("Run returned %v", err)
	}
	if got, want := w.group().Checkpoints[0], cursorAfter(w, 0, 2); got != want {
		t.Errorf("checkpoint %s, not %s", got, want)
	}
	var b receiver
	w.run(w.config("a"), b.handle)
	w.await("the rest arrived", func() bool { return a.count()+b.count() == w.total() && w.caughtUp() })
	w.check(1, &a, &b)
}

func TestASourceRunsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	c := w.run(w.config("a"), (&receiver{}).handle)
	w.await("it has begun", func() bool { return w.Calls(slstest.HeartBeat) > 0 })
	if err := c.Run(t.Context(), nil); err == nil {
		t.Error("it ran twice")
	}
}
