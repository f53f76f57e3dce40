package shard

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slswasm/slswasm/abi"
)

// arrived is a batch whose logs arrived then, in seconds; -1: they do not say.
func arrived(seconds ...int64) *Batch {
	b := &Batch{RawBytes: 10 * len(seconds)}
	for _, s := range seconds {
		l := abi.Log{Time: 500e9} // the devices' clock: of no use
		if s >= 0 {
			l.Fields = []abi.Field{{Key: []byte(keyArrival), Value: strconv.AppendInt(nil, s, 10)}}
		}
		b.Logs = append(b.Logs, l)
	}
	return b
}

func TestUpToWhenAllIsSettled(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	for _, c := range []struct {
		name string
		does func(p *pace)
		want int64 // up to; 0: the takeover
	}{
		{"nothing yet", func(*pace) {}, 0},
		{"an empty pull", func(p *pace) { p.empty("a", at(1000)) }, 1000},
		{"an old log in hand", func(p *pace) { p.empty("a", at(900)); p.hold(arrived(950).Logs) }, 950},
		{"a backlog in hand after a takeover", func(p *pace) { p.hold(arrived(100, 200).Logs) }, 100},
		{"a full pull settled", func(p *pace) { p.hold(arrived(100, 200).Logs); p.settle("b", arrived(100, 200), time.Time{}) }, 200},
		{"a small pull does not outdo what logs say", func(p *pace) { p.settle("b", arrived(200), at(900)) }, 200},
		{"small, and the logs do not say", func(p *pace) { p.settle("b", arrived(-1), at(900)) }, 900},
		{"full, and the logs do not say", func(p *pace) { p.settle("b", arrived(-1), time.Time{}) }, 500},
		{"nothing behind what is in hand, then settled", func(p *pace) {
			p.hold(arrived(200).Logs)
			p.empty("b", at(1000))
			p.settle("b", arrived(200), time.Time{})
		}, 1000},
		{"nothing behind what is in hand, and in hand still", func(p *pace) {
			p.hold(arrived(200).Logs)
			p.empty("b", at(1000))
		}, 200},
		{"a part of a pull", func(p *pace) { p.settle("a", arrived(300), time.Time{}) }, 300},
		{"a service whose clock is late", func(p *pace) { p.empty("a", at(1000)); p.hold(arrived(400).Logs) }, 1000},
		{"a move without logs", func(p *pace) { p.empty("a", at(700)); p.settle("b", nil, time.Time{}) }, 700},
		{"a small move without logs", func(p *pace) { p.settle("b", nil, at(800)) }, 800},
		{"an arrival that is no number", func(p *pace) {
			b := arrived(5)
			b.Logs[0].Fields[0].Value = []byte("12x")
			p.settle("b", b, time.Time{})
		}, 500},
	} {
		var p pace
		p.begin()
		p.from("a")
		began := p.upTo
		c.does(&p)
		want := at(c.want)
		if c.want == 0 {
			want = began
		}
		if !p.upTo.Equal(want) {
			t.Errorf("%s: up to %v, want %v", c.name, p.upTo.Unix(), want.Unix())
		}
	}
}

func TestPaceCostsNoAllocations(t *testing.T) {
	var p pace
	b := arrived(1, 2, 3)
	n := testing.AllocsPerRun(100, func() {
		p.pull.Observe(time.Second)
		p.hold(b.Logs)
		p.settle("b", b, time.Time{})
		p.empty("b", time.Time{})
	})
	if n != 0 {
		t.Errorf("%v allocations a batch", n)
	}
}

// A shard is behind while its batch is not settled, and not when it is quiet.
func TestLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSilentWorld(t, 1)
		cfg := w.config("one")
		cfg.HTTPClient = w.InProcess()
		cfg.Endpoint, cfg.HeartbeatInterval, cfg.Timeout, cfg.FetchInterval = "http://log.example", 20*time.Second, time.Minute, time.Second
		s, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		var stuck atomic.Bool
		free := make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- s.Run(ctx, func(ctx context.Context, _ *Batch) error {
				if stuck.Load() {
					select {
					case <-free:
					case <-ctx.Done():
					}
				}
				return ctx.Err()
			})
		}()
		place := func() Place {
			synctest.Wait()
			p := s.Progress()
			if len(p.Shards) != 1 || p.Consumer != "one" {
				t.Fatalf("%+v", p)
			}
			return p.Shards[0]
		}
		lag := func() time.Duration { p := place(); return p.Lag(time.Now()) }

		time.Sleep(5 * time.Minute)
		if got := lag(); got > 2*time.Second {
			t.Errorf("an empty shard is %v behind", got)
		}
		w.putLogs(0, 5)
		time.Sleep(time.Minute)
		if p := place(); p.Lag(time.Now()) > 2*time.Second || p.Logs != 15 || p.Pull.Count == 0 || p.Commit.Count == 0 || p.Saved.IsZero() {
			t.Errorf("after all was settled: %v behind, %+v", p.Lag(time.Now()), p)
		}
		stuck.Store(true)
		w.putLogs(0, 5)
		time.Sleep(10 * time.Minute)
		if got := lag(); got < 9*time.Minute || got > 11*time.Minute {
			t.Errorf("%v behind after 10 minutes with a batch in hand", got)
		}
		stuck.Store(false)
		free <- struct{}{}
		time.Sleep(time.Minute)
		if got := lag(); got > 2*time.Second {
			t.Errorf("%v behind after it was settled", got)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if p := place(); !p.Since.IsZero() || p.Lag(time.Now()) != 0 {
			t.Errorf("a shard that is not held: %+v", p)
		}
	})
}
