package shard

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slswasm/slswasm/host/slstest"
)

// A logBook keeps the warnings and errors of a source.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// expiredWorld has one shard whose checkpoint points to logs that are gone:
// of 30 log groups, 10 are settled and 15 are deleted.
func expiredWorld(t *testing.T) (w *world, settled, deleted int) {
	w = newWorld(t, 1)
	w.putLogs(0, 10)
	settled = w.total()
	var r receiver
	c := w.run(w.config("a"), r.handle)
	w.await("the first part arrived", w.caughtUp)
	c.stop()
	if err := c.wait(t); err != nil {
		t.Fatal(err)
	}
	w.putLogs(0, 5)
	deleted = w.total()
	if err := w.Expire(project, logstore, 0, w.Shards(project, logstore)[0].End); err != nil {
		t.Fatal(err)
	}
	w.putLogs(0, 15)
	return w, settled, deleted
}

func TestExpiredCheckpointBegin(t *testing.T) {
	t.Parallel()
	w, _, deleted := expiredWorld(t)
	var book logBook
	cfg := w.config("a")
	cfg.Logger = warnings(&book)
	var r receiver
	w.run(cfg, r.handle)
	w.await("all that is left arrived", func() bool { return r.count() == w.total()-deleted && w.caughtUp() })
	for _, part := range []string{"expired", "log_groups_skipped=5", "oldest_log_left", "shard=0", "level=ERROR"} {
		if !strings.Contains(book.String(), part) {
			t.Errorf("the log lacks %q: %s", part, &book)
		}
	}
}

func TestExpiredCheckpointEnd(t *testing.T) {
	t.Parallel()
	w, _, _ := expiredWorld(t)
	var book logBook
	cfg := w.config("a")
	cfg.Logger, cfg.OnExpired = warnings(&book), ExpiredEnd
	var r receiver
	c := w.run(cfg, r.handle)
	w.await("the jump is saved", w.caughtUp)
	c.stop()
	if err := c.wait(t); err != nil {
		t.Fatal(err)
	}
	if r.count() != 0 || !strings.Contains(book.String(), "log_groups_skipped=20") {
		t.Errorf("%d logs; %s", r.count(), &book)
	}
	before := w.total()
	w.putLogs(0, 5) // while nobody runs: they must not be jumped over as well
	w.run(cfg, r.handle)
	w.await("what came after the jump arrived", func() bool { return r.count() == w.total()-before && w.caughtUp() })
}

func TestExpiredCheckpointHalt(t *testing.T) {
	t.Parallel()
	w, _, _ := expiredWorld(t)
	at := w.group().Checkpoints[0]
	cfg := w.config("a")
	cfg.OnExpired = ExpiredHalt
	err := w.run(cfg, (&receiver{}).handle).wait(t)
	if code(err) != "InvalidCursor" {
		t.Fatalf("Run returned %v", err)
	}
	for _, part := range []string{"shard 0", at, "--on-expired"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error lacks %q: %v", part, err)
		}
	}
	if w.group().Checkpoints[0] != at {
		t.Error("the checkpoint moved")
	}
}

// The cursor of the next pull can expire while a batch is in hand.
func TestExpiredWhileRunning(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.putLogs(0, 10)
	cfg := w.config("a")
	cfg.PullCount = 1
	entered, gate := make(chan struct{}, 100), make(chan struct{})
	r := receiver{before: func(context.Context, *Batch) error {
		entered <- struct{}{}
		<-gate
		return nil
	}}
	w.run(cfg, r.handle)
	<-entered
	w.await("the second is pulled", func() bool { return w.Calls(slstest.PullLogs) == 2 })
	w.beats(2) // and answered
	if err := w.Expire(project, logstore, 0, cursorAfter(w, 0, 8)); err != nil {
		t.Fatal(err)
	}
	close(gate)
	w.await("the rest arrived", w.caughtUp)
	if r.count() != 3*4 { // the two in hand and the two that are left
		t.Errorf("%d logs arrived, not 12", r.count())
	}
}

// A service that calls its own cursor invalid, here on a shard that gets no
// more logs, is asked again at a pace, and what is there is read when it
// comes to its senses.
func TestACursorThatStaysInvalid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSilentWorld(t, 1)
		w.putLogs(0, 1)
		w.split(0)
		var pulls atomic.Int32
		var book logBook
		cfg := w.config("a")
		cfg.Endpoint, cfg.Logger = "http://log.example", warnings(&book)
		cfg.HTTPClient = w.answering(func(r *http.Request) *http.Response {
			if r.URL.Query().Get("type") != "logs" || pulls.Add(1) > 20 {
				return nil
			}
			return answerOf(r, 400, `{"errorCode":"InvalidCursor","errorMessage":"x"}`)
		})
		s, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		begin, err := s.client.cursor(t.Context(), 0, Begin)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		p := &puller{
			cfg: &s.cfg, client: s.client, readonly: func(context.Context, int) bool { return true },
			pace: &pace{}, log: cfg.Logger, out: make(chan *pulled),
		}
		go p.run(t.Context(), begin)
		groups := 0
		for got := range p.out {
			groups += got.groups
			p.discard(got)
		}
		if p.err != nil || groups != 1 {
			t.Errorf("%d groups, then %v", groups, p.err)
		}
		if took := time.Since(start); took < 2*time.Minute || took > 5*time.Minute {
			t.Errorf("20 refusals were over in %v", took)
		}
		if lines := strings.Count(book.String(), "\n"); lines != 20 || !strings.Contains(book.String(), "times=20") {
			t.Errorf("%d lines of log: %s", lines, &book)
		}
	})
}
