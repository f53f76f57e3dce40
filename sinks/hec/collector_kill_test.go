package hec

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

// TestCollectorKilled kills the collector with -9 in the middle of a stream,
// $SLSWASM_KILLS times (5), and starts it again: nothing that was told to be
// delivered may be missing. $SLSWASM_SEED repeats a run's choices.
func TestCollectorKilled(t *testing.T) {
	findCollector(t) // or skip once
	kills := number(t, "SLSWASM_KILLS", 5)
	seed := uint64(number(t, "SLSWASM_SEED", int(rand.Uint32())))
	for name, change := range map[string]func(*Config){
		"acks":                     acks,
		"acks, zipped and smaller": func(c *Config) { acks(c); c.Gzip, c.MaxBody = true, 100_000 },
		"status 200":               func(*Config) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Logf("SLSWASM_KILLS=%d SLSWASM_SEED=%d", kills, seed)
			s := newStream(t, seed, change)
			s.run(t, kills)
			account := s.account(t)
			t.Logf("%d kills: %v", kills, account)
			if account.missing > 0 || account.altered > 0 {
				t.Errorf("lost: %v", account)
			}
		})
	}
}

// TestToldTooEarly: what a collector only remembers dies with it, though it
// has answered and acknowledged. That is a setting of the collector's, and
// RATIONALE.md says which one it must have.
func TestToldTooEarly(t *testing.T) {
	findCollector(t) // or skip once
	for name, change := range map[string]func(*Config){"acks": acks, "status 200": func(*Config) {}} {
		t.Run(name, func(t *testing.T) {
			arrivals := startArrivals(t)
			c := startCollector(t, arrivals, queued)
			arrivals.onArrival(func(req *http.Request, _ func()) { <-req.Context().Done() })
			if n, err := c.sink(t, change).Send(t.Context(), numbered(10)); n != 10 || err != nil {
				t.Fatalf("%d sent, %v: the queue has not taken them", n, err)
			}
			c.down()
			if n := len(arrivals.all()); n != 0 {
				t.Errorf("%d arrived from a queue that nothing left", n)
			}
		})
	}
}

func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s: %q is no number", variable, text)
	}
	return n
}

// A stream is numbered events on their way through one sink, from several
// goroutines, to a collector that dies.
type stream struct {
	collector *collector
	retry     *sinks.Retrier

	mu        sync.Mutex
	rnd       *rand.Rand
	next      int
	delivered []int
	doom      *doom // nil: none is near
}

// A doom is the end of the collector: at a request to arrivals, in a phase of it.
type doom struct {
	in     int // requests from now
	phase  int
	struck chan struct{}
}

// The phases of a request to arrivals at which the collector is killed.
const (
	beforeKept   = iota // the events are lost with it, and nobody may have been told otherwise
	beforeAnswer        // the events are kept, and the collector does not know
	afterAnswer         // and soon after: in the answer to us, in a poll, in the next bodies
	phases
)

func newStream(t *testing.T, seed uint64, change func(*Config)) *stream {
	t.Helper()
	s := &stream{
		collector: startCollector(t, startArrivals(t)),
		rnd:       rand.New(rand.NewPCG(seed, 0)),
	}
	soon := sinks.RetryConfig{Initial: 5 * time.Millisecond, Max: 20 * time.Millisecond, Hold: 20 * time.Millisecond}
	s.retry = sinks.NewRetry(s.collector.sink(t, change), soon, quiet())
	s.collector.arrivals.onArrival(s.arrived)
	return s
}

// arrived is the arrivals' hook.
func (s *stream) arrived(req *http.Request, keep func()) {
	d := s.struck()
	if d == nil {
		keep()
		return
	}
	if d.phase != beforeKept {
		keep()
	}
	close(d.struck)
	if d.phase != afterAnswer {
		<-req.Context().Done() // the connection breaks when the collector is dead
	}
}

// struck returns the doom when its request is there.
func (s *stream) struck() *doom {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.doom
	if d == nil {
		return nil
	}
	if d.in--; d.in > 0 {
		return nil
	}
	s.doom = nil
	return d
}

// run streams until the collector has been killed so often.
func (s *stream) run(t *testing.T, kills int) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Duration(kills)*2*time.Second)
	defer cancel()
	var senders sync.WaitGroup
	stop := make(chan struct{})
	defer func() {
		if t.Failed() {
			cancel() // nobody may be there to deliver to
		}
		close(stop)
		senders.Wait()
	}()
	for range 4 {
		senders.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := s.deliver(ctx); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range kills {
		d, later := s.nextDoom()
		select {
		case <-d.struck:
		case <-ctx.Done():
			t.Error("nothing arrives any more")
			return
		}
		if d.phase == afterAnswer {
			<-time.After(later)
		}
		s.collector.down()
		if err := s.collector.up(ctx); err != nil {
			t.Error(err)
			return
		}
	}
}

func (s *stream) nextDoom() (d *doom, later time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doom = &doom{in: 1 + s.rnd.IntN(20), phase: s.rnd.IntN(phases), struck: make(chan struct{})}
	return s.doom, time.Duration(s.rnd.IntN(20_000)) * time.Microsecond
}

// deliver makes the next events and sees them delivered.
func (s *stream) deliver(ctx context.Context) error {
	s.mu.Lock()
	from, n, pad := s.next, 1+s.rnd.IntN(200), 1<<s.rnd.IntN(13)
	s.next += n
	s.mu.Unlock()
	events := make([]abi.Event, n)
	for i := range events {
		events[i] = streamed(from+i, pad)
	}
	err := s.retry.Deliver(ctx, events, func(e *abi.Event, reason string) error {
		return fmt.Errorf("event %d was rejected: %s", e.Origin, reason)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range events {
		s.delivered = append(s.delivered, events[i].Origin)
	}
	return nil
}

func streamed(number, pad int) abi.Event {
	return abi.Event{Origin: number, Log: abi.Log{Time: streamedAt(number), Fields: []abi.Field{
		field("number", strconv.Itoa(number)), field("pad", padding(number, pad)),
	}}}
}

func streamedAt(number int) int64 { return (1_700_000_000 + int64(number)) * 1e9 }

// padding differs from one event to the next, and shows its own length.
func padding(number, pad int) string {
	return fmt.Sprint(pad, " ", strings.Repeat(strconv.Itoa(number%10), pad))
}

// An account is what became of the events that were told to be delivered.
type account struct{ delivered, missing, altered, duplicates int }

func (a account) String() string {
	return fmt.Sprintf("%d delivered, %d missing, %d altered, %d arrived again", a.delivered, a.missing, a.altered, a.duplicates)
}

func (s *stream) account(t *testing.T) account {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	a, times := account{delivered: len(s.delivered)}, make([]int, s.next)
	for _, l := range s.collector.arrivals.all() {
		if n, intact := l.streamed(); n >= 0 && n < s.next && intact {
			times[n]++
		} else {
			a.altered++
		}
	}
	for _, n := range s.delivered {
		if times[n] == 0 {
			a.missing++
		}
		a.duplicates += max(times[n]-1, 0)
	}
	return a
}

// streamed says which event this log was, and whether it is as it was sent.
func (l *otlpLog) streamed() (n int, intact bool) {
	event, _ := l.Body.json().(map[string]any)
	number, _ := event["number"].(string)
	pad, _ := event["pad"].(string)
	n, err := strconv.Atoi(number)
	length, _, _ := strings.Cut(pad, " ")
	size, sizeErr := strconv.Atoi(length)
	return n, err == nil && sizeErr == nil && len(event) == 2 && pad == padding(n, size) && l.TimeUnixNano == fmt.Sprint(streamedAt(n))
}
