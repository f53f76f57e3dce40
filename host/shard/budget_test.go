package shard

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

func TestBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(100)
		ctx := t.Context()
		one, _ := b.reserve(ctx, 40)
		two, _ := b.reserve(ctx, 40)
		one, two = b.settle(one, 90), b.settle(two, 70) // 160 in flight: 60 of debt
		got := make(chan int64, 1)
		go func() { n, _ := b.reserve(ctx, 30); got <- n }()
		b.release(one) // 70 in flight
		three := <-got
		go func() { n, _ := b.reserve(ctx, 1); got <- n }()
		synctest.Wait()
		select {
		case <-got:
			t.Fatal("101 bytes in flight")
		default:
		}
		b.release(b.settle(three, 10))
		b.release(<-got)
		b.release(two)
		if n, err := b.reserve(ctx, 1000); n != 100 || err != nil { // larger than all: alone
			t.Errorf("reserved %d, %v", n, err)
		}
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := b.reserve(ended, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestBudgetNeverJamsOrLeaks(t *testing.T) {
	t.Parallel()
	b := NewBudget(1000)
	var all sync.WaitGroup
	var pulls atomic.Int64
	for shard := range int64(8) {
		all.Go(func() {
			for i := range int64(500) {
				n, err := b.reserve(t.Context(), 100+shard)
				if err != nil {
					t.Error(err)
					return
				}
				n = b.settle(n, (i*37+shard*911)%1500)
				pulls.Add(1)
				b.release(n)
			}
		})
	}
	all.Wait()
	if n, err := b.reserve(t.Context(), 1000); err != nil || n != 1000 || b.debt != 0 || pulls.Load() != 4000 {
		t.Errorf("%d of 1000 bytes are free, %d of debt: %v", n, b.debt, err)
	}
}

// Who waits for much gets it while others release something, and the least
// when nobody does.
func TestBudgetThatIsStuck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const patience = 10 * time.Second
		b := NewBudget(100)
		ctx := t.Context()
		held, _, _ := b.reserveOr(ctx, 60, 10, patience)
		begin := time.Now()
		n, scarce, err := b.reserveOr(ctx, 70, 10, patience) // 40 are free
		if n != 10 || !scarce || err != nil || time.Since(begin) != patience {
			t.Errorf("%d, %v, %v after %v", n, scarce, err, time.Since(begin))
		}
		b.release(n)
		go func() { // slow, but it gets on
			for range 5 {
				time.Sleep(patience * 2 / 5)
				b.release(10)
			}
		}()
		begin = time.Now()
		n, scarce, err = b.reserveOr(ctx, 90, 10, patience)
		if n != 90 || scarce || err != nil || time.Since(begin) != 2*patience {
			t.Errorf("%d, %v, %v after %v", n, scarce, err, time.Since(begin))
		}
		b.release(n)
		b.release(held - 50)
		ended, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		held, _, _ = b.reserveOr(ctx, 100, 10, patience)
		if _, _, err := b.reserveOr(ended, 50, 10, patience); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		b.release(held)
		if n, err := b.reserve(ctx, 1000); n != 100 || err != nil || b.debt != 0 {
			t.Errorf("%d of 100 are free: %v", n, err)
		}
	})
}

// At the start, and after a pause, all shards may have piled up logs: what is
// under way at once fits, however large the pulls are.
func TestFirstPullsFitTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const shards, budget = 12, 3*mostEstimate + mostEstimate/2
		raw := make([]byte, mostEstimate)
		var asked atomic.Int32
		answers := make(chan []byte)
		cfg := (&Config{Endpoint: "log.example", Project: project, Logstore: logstore, Group: groupID, Budget: NewBudget(budget),
			Credentials: sls.NewStaticCredentialsProvider("id", "secret", ""),
			HTTPClient: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				asked.Add(1)
				body := <-answers
				resp := answerOf(r, 200, "", "X-Log-Cursor", "next", "X-Log-Count", "1", "X-Log-Bodyrawsize", strconv.Itoa(len(body)))
				resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
				return resp, nil
			})},
		}).withDefaults()
		c, err := newClient(&cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.close()
		pullers := make([]*puller, shards)
		for i := range pullers {
			pullers[i] = &puller{cfg: &cfg, client: c, shard: i, pace: &pace{}, log: cfg.Logger}
		}
		// round lets all of them pull once and returns how many did so before
		// anything was answered.
		round := func(body []byte) int32 {
			asked.Store(0)
			var all sync.WaitGroup
			for _, p := range pullers {
				all.Go(func() {
					got, err := p.pull(t.Context(), "here")
					if err != nil {
						t.Error(err)
						return
					}
					p.discard(got)
				})
			}
			synctest.Wait()
			first := asked.Load()
			for range pullers {
				answers <- body
			}
			all.Wait()
			return first
		}
		if n := round(raw); n != 3 {
			t.Errorf("%d first pulls at once, not 3", n)
		}
		if n := round(raw[:1000]); n != 3 {
			t.Errorf("%d pulls at once after full ones, not 3", n)
		}
		if n := round(raw[:1000]); n != shards {
			t.Errorf("%d pulls at once after small ones, not all %d", n, shards)
		}
		time.Sleep(2 * estimateAge)
		if n := round(raw); n != 3 {
			t.Errorf("%d pulls at once after a pause, not 3", n)
		}
		if n, err := cfg.Budget.reserve(t.Context(), budget); err != nil || n != budget || cfg.Budget.debt != 0 {
			t.Errorf("%d bytes are free, %d of debt: %v", n, cfg.Budget.debt, err)
		}
	})
}

// TestLittleBudgetIsShared: stuck shards hold most of it, and slow ones use the
// rest in small pulls. What they release must not keep another from its turn.
func TestLittleBudgetIsShared(t *testing.T) {
	for _, pause := range []time.Duration{1500, 2000, 3000, 3500, 4000, 4500, 6000} {
		synctest.Test(t, func(t *testing.T) {
			b := NewBudget(64 << 20)
			ctx, cancel := context.WithCancel(t.Context())
			held, err := b.reserve(ctx, 63<<20)
			if err != nil {
				t.Fatal(err)
			}
			var slow sync.WaitGroup
			for i := range 4 {
				slow.Go(func() {
					_ = sleep(ctx, time.Duration(i)*700*time.Millisecond)
					for ctx.Err() == nil {
						if n, _, err := b.reserveOr(ctx, mostEstimate, leastEstimate, time.Second); err == nil {
							_ = sleep(ctx, pause*time.Millisecond)
							b.release(n)
						}
					}
				})
			}
			_ = sleep(ctx, 31300*time.Millisecond)
			begin := time.Now()
			n, _, err := b.reserveOr(ctx, mostEstimate, leastEstimate, stuckBudget)
			if waited := time.Since(begin); err != nil || waited > 2*time.Minute {
				t.Errorf("beside shards that take %v for a pull one waited %v: %v", pause*time.Millisecond, waited, err)
			}
			b.release(n)
			cancel()
			slow.Wait()
			b.release(held)
		})
	}
}

func TestInFlight(t *testing.T) {
	b := NewBudget(100)
	n, err := b.reserve(t.Context(), 40)
	if err != nil || b.InFlight() != 40 || b.Size() != 100 {
		t.Fatalf("%d of %d in flight, %v", b.InFlight(), b.Size(), err)
	}
	for _, c := range []struct{ actual, want int64 }{{30, 30}, {150, 150}, {90, 90}} { // less, a debt, and paid
		if n = b.settle(n, c.actual); b.InFlight() != c.want {
			t.Errorf("%d in flight after %d", b.InFlight(), c.actual)
		}
	}
	b.release(n)
	if b.InFlight() != 0 {
		t.Errorf("%d in flight after all was released", b.InFlight())
	}
}
