package syslog

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

// TestKills kills real receivers with SIGKILL in the middle of a stream,
// starts them again, and looks for every message in the file at the end.
// SLSWASM_KILLS says how often (default 5), SLSWASM_SEED when.
func TestKills(t *testing.T) {
	kills := int(fromEnvironment(t, "SLSWASM_KILLS", 5))
	seed := uint64(fromEnvironment(t, "SLSWASM_SEED", time.Now().UnixNano()%1e6))
	for name, r := range realReceivers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := r.prepare(t)
			p := r.daemon.start(t, files)
			st := startStream(t, files.cfg)
			moment := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // repeatable
			for range kills {
				st.flows(t)
				pause(t, time.Duration(moment.IntN(int(50*time.Millisecond))))
				p.kill()
				p = r.daemon.start(t, files)
			}
			st.flows(t)
			sent := st.end(t)
			p.stop()
			missing, twice, torn := account(files.written(t), sent)
			t.Logf("seed %d: %d kills, %d messages: %d missing, %d more than once, %d torn; %d sends were tried again",
				seed, kills, sent, missing, twice, torn, st.retrier.Stats().Retries)
			if missing > 0 {
				t.Errorf("%d of %d messages that were confirmed are not in the file", missing, sent)
			}
			if r := st.retrier.Stats(); r.Retries == 0 {
				t.Error("no send failed: the kills were not in the middle of anything")
			}
		})
	}
}

func fromEnvironment(t *testing.T, name string, def int64) int64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return def
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// A stream sends numbered messages through a sink and its retry, from two
// goroutines, as two shards would.
type stream struct {
	sink    *Sink
	retrier *sinks.Retrier
	next    atomic.Int64
	batches chan struct{} // one after each batch that is delivered
	stop    chan struct{}
	senders sync.WaitGroup
}

const streamBatch = 100

func startStream(t *testing.T, cfg Config) *stream {
	t.Helper()
	cfg.Timeout = 5 * time.Second
	sink, err := New(cfg, discardLog())
	if err != nil {
		t.Fatal(err)
	}
	soon := sinks.RetryConfig{Initial: 5 * time.Millisecond, Max: 20 * time.Millisecond, Hold: 20 * time.Millisecond}
	s := &stream{sink: sink, retrier: sinks.NewRetry(sink, soon, discardLog()), batches: make(chan struct{}), stop: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	for range 2 {
		s.senders.Go(func() {
			for s.batch(ctx, t) {
			}
		})
	}
	return s
}

// batch delivers the next messages, and reports whether to go on.
func (s *stream) batch(ctx context.Context, t *testing.T) bool {
	from := s.next.Add(streamBatch) - streamBatch
	events := make([]abi.Event, streamBatch)
	for i := range events {
		events[i] = abi.Event{Log: abi.Log{Time: eventTime}, Body: fmt.Appendf(nil, "message %d.", from+int64(i))}
	}
	err := s.retrier.Deliver(ctx, events, func(_ *abi.Event, reason string) error { return fmt.Errorf("rejected: %s", reason) })
	if err != nil {
		t.Error(err)
		return false
	}
	select {
	case <-s.stop:
		return false
	case s.batches <- struct{}{}:
	default:
	}
	return true
}

// flows waits until messages are delivered.
func (s *stream) flows(t *testing.T) {
	t.Helper()
	select {
	case <-s.batches:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing was delivered for 30 s")
	}
}

// end ends the stream and returns how many messages were sent.
func (s *stream) end(t *testing.T) int {
	t.Helper()
	close(s.stop)
	s.senders.Wait()
	if err := s.sink.Close(); err != nil {
		t.Error(err)
	}
	return int(s.next.Load())
}

// pause is how a moment of the stream is chosen.
func pause(t *testing.T, d time.Duration) {
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// account says how many of the messages 0 to sent-1 are not in the lines, and
// how many are there more than once.
func account(lines []string, sent int) (missing, twice, torn int) {
	seen := make([]int, sent)
	for _, line := range lines {
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "message "), "."))
		if err != nil || n < 0 || n >= sent || !strings.HasSuffix(line, ".") {
			torn++
			continue
		}
		seen[n]++
	}
	for _, n := range seen {
		switch {
		case n == 0:
			missing++
		case n > 1:
			twice++
		}
	}
	return missing, twice, torn
}
