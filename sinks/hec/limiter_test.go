package hec

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slswasm/slswasm/sinks/sinktest"
)

func newLimiter(most int) *limiter {
	l := new(limiter)
	l.start(most)
	return l
}

// take takes n slots that are free.
func take(t *testing.T, l *limiter, n int) []slot {
	t.Helper()
	slots := make([]slot, n)
	for i := range slots {
		var err error
		if slots[i], err = l.acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return slots
}

// A burst of refusals halves the limit once; one that comes again later does
// so again, down to one request.
func TestLimiterHalves(t *testing.T) {
	l := newLimiter(16)
	for _, want := range []int{8, 4, 2, 1, 1} {
		for _, s := range take(t, l, l.now()) {
			l.release(s, pressed)
		}
		if l.now() != want {
			t.Fatalf("the limit is %d, want %d", l.now(), want)
		}
	}
}

// What began before the limit was halved says nothing about the new one.
func TestLimiterForgetsWhatBeganBefore(t *testing.T) {
	l := newLimiter(16)
	early := take(t, l, 2)
	l.release(early[0], pressed)
	late := take(t, l, 1)
	l.release(early[1], pressed)
	if l.now() != 8 {
		t.Errorf("the limit is %d, want 8", l.now())
	}
	l.release(late[0], pressed)
	if l.now() != 4 {
		t.Errorf("the limit is %d, want 4", l.now())
	}
}

// Successes raise the limit by one a round, while somebody waits for it and
// never above the setting.
func TestLimiterGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(4)
		l.limit = 1
		for range 100 { // nobody waits
			l.release(take(t, l, 1)[0], eased)
		}
		if l.now() != 1 {
			t.Errorf("the limit grew to %d though nobody waited", l.now())
		}
		var wg sync.WaitGroup
		highest, underWay, mu := 0, 0, sync.Mutex{}
		count := func(by int) {
			mu.Lock()
			defer mu.Unlock()
			underWay += by
			highest = max(highest, underWay)
		}
		for range 8 {
			wg.Go(func() {
				for range 50 {
					s, err := l.acquire(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					count(1)
					time.Sleep(time.Second) // of the bubble's own time
					count(-1)
					l.release(s, eased)
				}
			})
		}
		wg.Wait()
		if l.now() != 4 || highest != 4 {
			t.Errorf("the limit is %d, %d were under way at once, want 4 and 4", l.now(), highest)
		}
	})
}

func TestLimiterSteady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(4)
		l.limit = 1
		held := take(t, l, 1)
		got := make(chan slot)
		go func() {
			s, _ := l.acquire(t.Context())
			got <- s
		}()
		synctest.Wait()
		l.release(held[0], steady)
		l.release(<-got, steady)
		if l.now() != 1 {
			t.Errorf("the limit grew to %d", l.now())
		}
	})
}

// Waiting is in order, and ends with its context; no slot is lost by it.
func TestLimiterWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(1)
		held := take(t, l, 1)
		ctx, cancel := context.WithCancel(t.Context())
		order := make(chan int, 3)
		for i := range 3 {
			go func() {
				ctx := ctx
				if i > 0 {
					ctx = t.Context()
				}
				s, err := l.acquire(ctx)
				if (i == 0) != errors.Is(err, context.Canceled) {
					t.Errorf("waiter %d: %v", i, err)
				}
				order <- i
				if err == nil {
					l.release(s, steady)
				}
			}()
			synctest.Wait()
		}
		cancel()
		synctest.Wait()
		l.release(held[0], steady)
		synctest.Wait()
		if a, b, c := <-order, <-order, <-order; a != 0 || b != 1 || c != 2 {
			t.Errorf("in the order %d %d %d", a, b, c)
		}
		if l.inUse != 0 || len(l.waiting) != 0 {
			t.Errorf("%d in use, %d waiting", l.inUse, len(l.waiting))
		}
	})
}

// A turn that comes at the end of its context goes to the next.
func TestLimiterTurnAtTheEnd(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	l := newLimiter(1)
	for range 100 { // select picks either
		if s, err := l.acquire(ended); err == nil {
			l.release(s, steady)
		}
	}
	if l.inUse != 0 {
		t.Errorf("%d slots are lost", l.inUse)
	}
}

// What a receiver answers moves the limit, or does not.
func TestPressure(t *testing.T) {
	answer := func(status, code int) sinktest.HECAnswer { return sinktest.HECError(status, code, sinktest.NoNumber) }
	for name, c := range map[string]struct {
		answer sinktest.HECAnswer
		want   int
	}{
		"success":       {ok(1), 16},
		"near capacity": {answer(200, 24), 16},
		"429":           {answer(429, 26), 8},
		"503":           {answer(503, 9), 8},
		"503 of a proxy": {
			sinktest.HECAnswer{Status: http.StatusServiceUnavailable}, 8,
		},
		"408":          {sinktest.HECAnswer{Status: 408}, 8},
		"504":          {sinktest.HECAnswer{Status: 504}, 8},
		"400 but busy": {answer(400, 9), 8},
		"500":          {answer(500, 8), 16},
		"token":        {answer(403, 4), 16},
		"bad event":    {sinktest.HECError(400, 6, 0), 16},
		"too large":    {sinktest.HECAnswer{Status: 413}, 16},
		"reset":        {sinktest.HECAnswer{Fault: sinktest.HECReset}, 16},
		"timeout":      {sinktest.HECAnswer{Fault: sinktest.HECStall}, 8},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := start(t, sinktest.HECOptions{Answer: sinktest.HECScript(c.answer)}, func(c *Config) { c.Timeout = 100 * time.Millisecond })
			if name != "timeout" {
				s.cfg.Timeout = 10 * time.Second
			}
			_, _ = s.Send(t.Context(), numbered(1))
			if got := s.limiter.now(); got != c.want {
				t.Errorf("the limit is %d, want %d", got, c.want)
			}
		})
	}
}

// Never more requests at once than the setting says, over all Sends.
func TestConcurrencyIsBounded(t *testing.T) {
	var mu sync.Mutex
	underWay, highest := 0, 0
	arrived, release := make(chan struct{}, 100), make(chan struct{})
	s, _ := start(t, sinktest.HECOptions{Answer: func(int) *sinktest.HECAnswer {
		mu.Lock()
		underWay++
		highest = max(highest, underWay)
		mu.Unlock()
		arrived <- struct{}{}
		<-release
		mu.Lock()
		underWay--
		mu.Unlock()
		return nil
	}}, func(c *Config) { c.Concurrency = 3 })
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			if n, err := s.Send(t.Context(), numbered(2)); n != 2 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		})
	}
	for range 3 {
		<-arrived
	}
	close(release)
	wg.Wait()
	if highest != 3 {
		t.Errorf("%d requests at once, want 3", highest)
	}
}
