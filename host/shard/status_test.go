package shard

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"github.com/slswasm/slswasm/host/slstest"
)

func TestShardStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		var answer func(ctx context.Context) ([]sls.Shard, error)
		s := &shardStatus{maxAge: 10 * time.Second, log: slog.New(slog.DiscardHandler), list: func(ctx context.Context) ([]sls.Shard, error) {
			calls++
			return answer(ctx)
		}}
		want := func(what string, shard int, closed bool, total int) {
			t.Helper()
			if got := s.readonly(t.Context(), shard); got != closed || calls != total {
				t.Errorf("%s: read-only %v after %d calls, not %v after %d", what, got, calls, closed, total)
			}
		}
		answer = func(context.Context) ([]sls.Shard, error) { return nil, errors.New("no") }
		want("an error", 0, false, 1)
		want("a moment after an error", 0, false, 1)

		time.Sleep(s.maxAge)
		asked, start := make(chan bool), time.Now()
		answer = func(ctx context.Context) ([]sls.Shard, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		go func() { asked <- s.readonly(t.Context(), 0) }()
		synctest.Wait()
		want("while another asks", 1, false, 2)
		if time.Since(start) != 0 {
			t.Error("it waited for the other's call")
		}
		if <-asked || time.Since(start) != statusTimeout {
			t.Errorf("a call without an answer took %v", time.Since(start))
		}

		time.Sleep(s.maxAge)
		answer = func(context.Context) ([]sls.Shard, error) {
			return []sls.Shard{{ShardID: 0, Status: "readonly"}, {ShardID: 1, Status: "readwrite"}}, nil
		}
		want("a closed one", 0, true, 3)
		want("an open one", 1, false, 3)
		time.Sleep(s.maxAge)
		want("closed for good", 0, true, 3)
	})
}

// When only the list of shards fails, logs arrive, shards are handed over, and
// a bounded run ends.
func TestWithoutTheListOfShards(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]slstest.Fault{
		"refused":   {Kind: slstest.ListShards, Status: 500},
		"no answer": {Kind: slstest.ListShards, Delay: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 2)
			cfg := w.config("a")
			open := func(edit func(*Config)) *Source {
				edit(&cfg)
				s, err := Open(t.Context(), cfg)
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			var r receiver
			a := open(func(*Config) {})
			b := open(func(c *Config) { c.Consumer = "b" })
			w.start(a, r.handle)
			w.await("both are held", func() bool { return w.holds("a") == 2 })
			w.Inject(fault)
			w.beats(10)
			w.putLogs(slstest.AnyShard, 4)
			w.await("the logs arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
			w.start(b, r.handle)
			w.await("one is handed over", func() bool { return w.holds("a") == 1 && w.holds("b") == 1 })
			w.putLogs(slstest.AnyShard, 4)
			w.await("the rest arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
		})
	}
}

func TestUntilNowWithoutTheListOfShards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.putLogs(slstest.AnyShard, 40)
	cfg := w.config("a")
	cfg.Until, cfg.PullCount = Now, 3
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.Inject(slstest.Fault{Kind: slstest.ListShards, Status: 500})
	var r receiver
	if err := w.start(s, r.handle).wait(t); err != nil {
		t.Fatal(err)
	}
	w.check(1, &r)
}
