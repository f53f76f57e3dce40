package shard

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

// A stage is a member whose calls and workers a test plays, in a bubble where
// time is the test's.
type stage struct {
	member
	mu     sync.Mutex
	assign []int
	err    error
	beats  []string // times since the start and shards reported
	began  time.Time
	events []string

	stop context.CancelFunc
	done chan struct{}
}

func newStage(assign ...int) *stage {
	s := &stage{assign: assign, began: time.Now(), done: make(chan struct{})}
	s.member = member{
		interval: 20 * time.Second, timeout: 61 * time.Second,
		start: func(n int) { s.note("start", n) }, leave: func(n int) { s.note("leave", n) }, drop: func(n int) { s.note("drop", n) },
		fail: func(err error) { s.note("fail", 0); s.stop() }, ended: make(chan ending), log: slog.New(slog.DiscardHandler),
	}
	s.beat = func(_ context.Context, held []int) ([]int, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.beats = append(s.beats, time.Since(s.began).String()+" "+ints(held))
		return slices.Clone(s.assign), s.err
	}
	var ctx context.Context
	ctx, s.stop = context.WithCancel(context.Background())
	go func() { defer close(s.done); s.run(ctx) }()
	return s
}

func ints(list []int) string {
	text := "["
	for _, n := range list {
		text += string(rune('0' + n))
	}
	return text + "]"
}

func (s *stage) note(what string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, what+" "+string(rune('0'+n)))
}

func (s *stage) set(err error, assign ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.assign = err, assign
}

// take returns what happened since the last take.
func (s *stage) take() (events, beats []string) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	events, beats = s.events, s.beats
	s.events, s.beats = nil, nil
	return events, beats
}

func (s *stage) expect(t *testing.T, events, beats []string) {
	t.Helper()
	gotEvents, gotBeats := s.take()
	if !slices.Equal(gotEvents, events) || !slices.Equal(gotBeats, beats) {
		t.Errorf("events %q, not %q; heartbeats %q, not %q", gotEvents, events, gotBeats, beats)
	}
}

func TestHeartbeatTiming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(1, 2)
		s.expect(t, []string{"start 1", "start 2"}, []string{"0s []", "0s [12]"})
		time.Sleep(45 * time.Second)
		s.expect(t, nil, []string{"20s [12]", "40s [12]"})

		s.set(nil, 1)
		time.Sleep(20 * time.Second)
		s.expect(t, []string{"leave 2"}, []string{"1m0s [12]"})
		time.Sleep(50 * time.Second) // a long time to drain
		s.expect(t, nil, []string{"1m20s [12]", "1m40s [12]"})
		s.ended <- ending{2, released}
		s.expect(t, nil, []string{"1m55s [1]"}) // at once: somebody waits

		s.stop()
		time.Sleep(40 * time.Second) // heartbeats go on while the worker drains
		s.expect(t, nil, []string{"2m15s [1]", "2m35s [1]"})
		s.ended <- ending{1, released}
		<-s.done
		s.expect(t, nil, nil) // none after the last: it would only put the timeout off
	})
}

func TestHeartbeatsThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(1)
		s.take()
		s.set(errors.New("no network"))
		time.Sleep(60*time.Second + time.Millisecond)
		events, beats := s.take()
		if len(events) != 0 || len(beats) != 9 { // at 20 s, then every 5 s
			t.Errorf("events %q, heartbeats %q", events, beats)
		}
		time.Sleep(time.Second) // a timeout after the last good one was sent
		s.expect(t, []string{"drop 1"}, nil)
		s.set(nil, 1)
		time.Sleep(5 * time.Second)
		s.expect(t, nil, []string{"1m5s []"}) // not started again while the old worker unwinds
		s.ended <- ending{1, lost}
		time.Sleep(20 * time.Second)
		s.expect(t, []string{"start 1"}, []string{"1m25s []", "1m25s [1]"})
		s.stop()
		s.ended <- ending{1, released}
		<-s.done
	})
}

func TestHeartbeatsThatFailForGood(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		after time.Duration
	}{
		"deleted": {&sls.Error{HTTPCode: 404, Code: codeGroupMissing}, 0},
		"refused": {&sls.Error{HTTPCode: 401, Code: sls.UN_AUTHORIZED}, 70 * time.Second}, // credentials have a minute to come back
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage()
				s.take()
				s.set(c.err)
				time.Sleep(20 * time.Second)
				if events, _ := s.take(); c.after > 0 && len(events) > 0 {
					t.Errorf("too soon: %q", events)
				}
				time.Sleep(c.after)
				if events, _ := s.take(); c.after > 0 && len(events) == 0 {
					t.Error("it goes on")
				}
				<-s.done
			})
		})
	}
}

// A shard that is given up at the very end is handed over by a last heartbeat.
func TestTheLastHeartbeatHandsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(1)
		s.take()
		s.set(nil)
		time.Sleep(21 * time.Second)
		s.expect(t, []string{"leave 1"}, []string{"20s [1]"})
		s.stop()
		synctest.Wait()
		s.ended <- ending{1, released}
		<-s.done
		s.expect(t, nil, []string{"21s []"})
	})
}
