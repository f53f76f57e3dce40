package shard

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slswasm/slswasm/host/slstest"
)

// bounded is the setting of these tests: the service in this process and time
// that costs none.
func (w *world) bounded(client *http.Client) Config {
	c := w.config("a")
	c.Endpoint, c.HTTPClient = "http://log.example", client
	c.HeartbeatInterval, c.Timeout = 20*time.Second, time.Minute
	c.FetchInterval, c.CommitInterval = 5*time.Second, time.Second
	return c
}

// For an hour no batch of any shard is settled: what is in memory stays
// within the budget, nothing more is pulled, and no shard is lost.
func TestStuckHandlersStayWithinTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const shards, groups, size, budget = 16, 40, 30 << 10, 1 << 20
		w := newSilentWorld(t, shards)
		for shard := range shards {
			for range groups {
				g := slstest.Group{Logs: []slstest.Log{{Time: 1700000000, Contents: []slstest.KV{
					{Key: "id", Value: strconv.Itoa(w.put)}, {Key: "pad", Value: strings.Repeat("x", size)},
				}}}}
				w.put++
				if err := w.Put(project, logstore, shard, g.Marshal()); err != nil {
					t.Fatal(err)
				}
			}
		}
		var inFlight, most atomic.Int64
		service := w.InProcess().Transport
		cfg := w.bounded(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := service.RoundTrip(r)
			if err == nil {
				n, _ := strconv.ParseInt(resp.Header.Get("X-Log-Bodyrawsize"), 10, 64)
				most.Store(max(most.Load(), inFlight.Add(n)))
			}
			return resp, err
		})})
		cfg.PullCount, cfg.Budget = 2, NewBudget(budget)
		var passed atomic.Int64
		gate := make(chan struct{})
		r := receiver{before: func(_ context.Context, b *Batch) error {
			if passed.Add(1) > shards*groups/4 {
				<-gate
			}
			inFlight.Add(-int64(len(b.Logs)) * (size + 100)) // at least what it is
			return nil
		}}
		c := w.run(cfg, r.handle)
		time.Sleep(time.Minute)
		stuck, pulls, beats := r.count(), w.Calls(slstest.PullLogs), w.Calls(slstest.HeartBeat)
		if held := inFlight.Load(); held > budget || held < budget/2 {
			t.Errorf("%d bytes in flight, of a budget of %d", held, budget)
		}
		time.Sleep(time.Hour)
		if r.count() != stuck || w.Calls(slstest.PullLogs) != pulls {
			t.Errorf("%d logs more and %d pulls more while stuck", r.count()-stuck, w.Calls(slstest.PullLogs)-pulls)
		}
		if n := w.Calls(slstest.HeartBeat) - beats; n < 170 || w.holds("a") != shards {
			t.Errorf("%d heartbeats in an hour; %d shards held", n, w.holds("a"))
		}
		close(gate)
		time.Sleep(time.Minute)
		if !w.caughtUp() {
			t.Error("not all is committed after the hour")
		}
		c.stop()
		if err := c.wait(t); err != nil {
			t.Error(err)
		}
		w.check(1, &r)
		if m := most.Load(); m > budget {
			t.Errorf("%d bytes in flight at most, of a budget of %d", m, budget)
		}
	})
}

// A shard that is stuck, in its handler or in its pulls, keeps neither the
// other shards nor the heartbeats waiting.
func TestOneStuckShard(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler, silent, trickle bool
		status                   int
		budget                   int64
	}{
		"handler":                {handler: true},
		"handler, little memory": {handler: true, budget: 1 << 20}, // a first pull wants more than is left
		"pulls without answer":   {silent: true},
		"pulls that are refused": {status: 500},
		"pulls that trickle":     {trickle: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newSilentWorld(t, 4)
				mend, mended := func() {}, make(chan struct{})
				fault := slstest.Fault{Kind: slstest.PullLogs, When: slstest.OnShard(0), Status: c.status}
				if c.silent {
					fault.Until = mended
				}
				if c.silent || c.status != 0 {
					mend = w.Inject(fault)
				}
				service := w.InProcess().Transport
				cfg := w.bounded(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					resp, err := service.RoundTrip(r)
					if err == nil && c.trickle && strings.HasSuffix(r.URL.Path, "/shards/0") && r.URL.Query().Get("type") == "logs" {
						resp.Body = &trickle{resp.Body, r.Context(), mended}
					}
					return resp, err
				})})
				r := receiver{before: func(_ context.Context, b *Batch) error {
					if c.handler && b.Shard == 0 {
						<-mended
					}
					return nil
				}}
				if c.budget > 0 {
					cfg.Budget = NewBudget(c.budget)
				}
				w.putLogs(0, 10)
				running := w.run(cfg, r.handle)
				for range 10 {
					before := w.Calls(slstest.HeartBeat)
					for shard := 1; shard < 4; shard++ {
						w.putLogs(shard, 1)
					}
					time.Sleep(time.Minute)
					if w.Calls(slstest.HeartBeat)-before < 2 || w.holds("a") != 4 {
						t.Fatalf("%d heartbeats in a minute, %d shards held", w.Calls(slstest.HeartBeat)-before, w.holds("a"))
					}
					state := w.Shards(project, logstore)
					for shard := 1; shard < 4; shard++ {
						if at := w.group().Checkpoints[shard]; at != state[shard].End {
							t.Fatalf("the checkpoint of shard %d is %q, not at its end %q", shard, at, state[shard].End)
						}
					}
				}
				if r.count() != w.total()-30 {
					t.Errorf("%d of %d logs", r.count(), w.total())
				}
				close(mended)
				mend()
				time.Sleep(3 * time.Minute) // the attempt under way, and the longest pause
				running.stop()
				if err := running.wait(t); err != nil {
					t.Error(err)
				}
				if !w.caughtUp() {
					t.Error("the stuck shard is not committed")
				}
				w.check(1, &r)
			})
		})
	}
}

// A trickle gives a byte in ten seconds, until it is mended.
type trickle struct {
	io.ReadCloser
	ctx    context.Context
	mended chan struct{}
}

func (b *trickle) Read(p []byte) (int, error) {
	select {
	case <-b.mended:
		return b.ReadCloser.Read(p)
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	case <-time.After(10 * time.Second):
		return b.ReadCloser.Read(p[:min(1, len(p))])
	}
}

// The endpoint's name stops resolving in the middle of a run: longer than the
// group waits, so the shards are given up, and taken up again.
func TestNameStopsResolving(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSilentWorld(t, 3)
		service := w.InProcess().Transport
		var gone atomic.Bool
		var book logBook
		cfg := w.bounded(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if gone.Load() {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true}}
			}
			return service.RoundTrip(r)
		})})
		cfg.Logger = warnings(&book)
		w.putLogs(slstest.AnyShard, 30)
		var r receiver
		c := w.run(cfg, r.handle)
		time.Sleep(time.Minute + time.Second/3) // between two pulls: what one of them brings now could not be committed
		gone.Store(true)
		w.putLogs(slstest.AnyShard, 30)
		time.Sleep(time.Hour)
		if r.count() == w.total() {
			t.Error("all arrived without a service")
		}
		log := book.String()
		for _, want := range []string{"lookup proj.log.example: no such host", "check --endpoint", "a heartbeat failed", "the shards are lost"} {
			if !strings.Contains(log, want) {
				t.Errorf("the log lacks %q", want)
			}
		}
		if n := strings.Count(log, "\n"); n > 3000 { // a line for each shard and each heartbeat that fails
			t.Errorf("%d lines in an hour", n)
		}
		gone.Store(false)
		time.Sleep(2 * time.Minute)
		c.stop()
		if err := c.wait(t); err != nil {
			t.Error(err)
		}
		if !w.caughtUp() {
			t.Error("not all is committed")
		}
		w.check(1, &r)

		gone.Store(true)
		cfg.Logger = slog.New(slog.DiscardHandler)
		_, err := Open(t.Context(), cfg)
		if dns := (*net.DNSError)(nil); !errors.As(err, &dns) || !strings.Contains(err.Error(), `check --endpoint "http://log.example"`) {
			t.Errorf("at the start: %v", err)
		}
	})
}
