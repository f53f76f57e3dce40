package oplog

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestARepeatingLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, h, log := newLog()
		log = log.With("shard", 3)
		for n := range 100 {
			log.Warn("a pull failed", "error", fmt.Errorf("number %d", n), "after", time.Duration(n))
		}
		if got := p.lines(t); len(got) != 1 || got[0]["error"] != "number 0" {
			t.Fatalf("at once: %v", got)
		}
		time.Sleep(between)
		synctest.Wait()
		got := p.lines(t)
		if len(got) != 2 || got[1]["error"] != "number 99" || got[1]["repeated"] != 98.0 || got[0]["repeated"] != nil {
			t.Fatalf("when the second is over: %v", got)
		}
		// That line begins a second of its own.
		log.Warn("a pull failed", "error", errors.New("later"))
		if got = p.lines(t); len(got) != 2 {
			t.Fatalf("a moment later: %v", got)
		}
		time.Sleep(between)
		synctest.Wait()
		if got = p.lines(t); len(got) != 3 || got[2]["error"] != "later" || got[2]["repeated"] != nil {
			t.Fatalf("a second later: %v", got)
		}
		time.Sleep(2 * between)
		log.Warn("a pull failed")
		if got = p.lines(t); len(got) != 4 {
			t.Fatalf("after a pause: %v", got)
		}
		time.Sleep(2 * between)
		synctest.Wait()
		h.repeats.mu.Lock()
		defer h.repeats.mu.Unlock()
		if len(h.repeats.kinds) != 0 {
			t.Errorf("%d kinds are remembered after they went silent", len(h.repeats.kinds))
		}
	})
}

func TestWhatIsNoRepetition(t *testing.T) {
	for name, c := range map[string]struct {
		say  func(*slog.Logger, int)
		want int // of ten
	}{
		"debug":                       {func(l *slog.Logger, _ int) { l.Debug("x") }, 10},
		"the same":                    {func(l *slog.Logger, _ int) { l.Info("x", "to", "y") }, 1},
		"another message":             {func(l *slog.Logger, n int) { l.Warn(fmt.Sprint("x", n)) }, 10},
		"another level":               {func(l *slog.Logger, n int) { l.Log(t.Context(), []slog.Level{0, 4}[n%2], "x") }, 2},
		"another shard":               {func(l *slog.Logger, n int) { l.Warn("x", "shard", n) }, 10},
		"another shard, by With":      {func(l *slog.Logger, n int) { l.With("shard", n).Warn("x") }, 10},
		"another shard, in a group":   {func(l *slog.Logger, n int) { l.WithGroup("g").Warn("x", "shard", n) }, 10},
		"another file":                {func(l *slog.Logger, n int) { l.Info("x", "file", fmt.Sprint(n)) }, 10},
		"another list":                {func(l *slog.Logger, n int) { l.Info("x", "start", []int{n}) }, 10},
		"another number":              {func(l *slog.Logger, n int) { l.Warn("x", "logs", n) }, 1},
		"another error":               {func(l *slog.Logger, n int) { l.Warn("x", "why", fmt.Errorf("%d", n)) }, 1},
		"another reason":              {func(l *slog.Logger, n int) { l.Warn("x", "reason", fmt.Sprint(n)) }, 1},
		"an alarm":                    {func(l *slog.Logger, n int) { l.Error("x", "logs", n) }, 10},
		"an alarm with another error": {func(l *slog.Logger, n int) { l.Error("x", "error", fmt.Errorf("%d", n)) }, 10},
		"the same alarm":              {func(l *slog.Logger, _ int) { l.Error("x", "error", errors.New("y"), "shard", 1) }, 1},
	} {
		p, h, log := newLog()
		for n := range 10 {
			c.say(log, n)
		}
		if got := len(p.lines(t)); got != c.want {
			t.Errorf("%s: %d lines at once, want %d", name, got, c.want)
		}
		h.Close()
	}
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, h, log := newLog()
		for range 5 {
			log.Error("x")
		}
		h.Close()
		if got := p.lines(t); len(got) != 2 || got[1]["repeated"] != 3.0 {
			t.Fatalf("%v", got)
		}
		log.Error("x")
		log.Error("x")
		time.Sleep(2 * between)
		synctest.Wait()
		if got := p.lines(t); len(got) != 4 {
			t.Fatalf("afterwards: %v", got)
		}
		h.Close()
	})
}

// Whatever is said and when: each line is written or counted, the first and
// the last of a kind are written, and no kind comes twice within a second.
func TestNoLineIsLost(t *testing.T) {
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			p, h, log := newLog()
			said := map[string]int{}
			last := map[string]int{}
			var mu sync.Mutex
			var people sync.WaitGroup
			for person := range 3 {
				pauses := make([]time.Duration, 50)
				for i := range pauses {
					pauses[i] = time.Duration(random.Int64N(int64(between) / 4))
				}
				people.Go(func() {
					for i, pause := range pauses {
						file := fmt.Sprint(i % 2)
						mu.Lock()
						said[file]++
						last[file] = 1000*person + i
						log.Warn("x", "file", file, "n", 1000*person+i)
						mu.Unlock()
						time.Sleep(pause)
					}
				})
			}
			people.Wait()
			h.Close()
			told := map[string]int{}
			final := map[string]int{}
			for _, line := range p.lines(t) {
				file := line["file"].(string)
				repeated, _ := line["repeated"].(float64)
				told[file] += 1 + int(repeated)
				final[file] = int(line["n"].(float64))
			}
			for file, n := range said {
				if told[file] != n || final[file] != last[file] {
					t.Errorf("seed %d, kind %s: said %d, told %d; the last was %d, told was %d", seed, file, n, told[file], last[file], final[file])
				}
			}
		})
	}
}

func TestKindsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, h, log := newLog()
		for n := range mostKinds + 10 {
			log.Info(fmt.Sprint(n))
		}
		log.Info(fmt.Sprint(mostKinds + 5))
		if n := len(p.lines(t)); n != mostKinds+11 || len(h.repeats.kinds) != mostKinds {
			t.Errorf("%d lines, %d kinds", n, len(h.repeats.kinds))
		}
		h.Close()
	})
}
