package sinks

import (
	"log/slog"
	"sync"
	"time"
)

// quiet is the least time between two log lines about retries.
const quiet = time.Second

// trouble tells people that a sink does not deliver. All Delivers of a
// Retrier share one, since what stands in their way is the same receiver:
// a hundred shards that wait for it are one fault and one line.
type trouble struct {
	logger *slog.Logger
	alarm  time.Duration

	mu      sync.Mutex
	since   time.Time // of the first failure; zero: all is well
	err     error     // the last one
	waits   int       // Delivers that have it in their way now
	told    bool      // there was a line about it
	alarmed bool      // there was an alarm about it
	lines   throttle
	alarms  throttle
}

// Waiting is what stands in the way of delivery.
type Waiting struct {
	Err   error     // of the last send
	Code  string    // see CodeOf
	Held  bool      // until somebody changes a setting
	Since time.Time // of the first failure
}

// waiting is about those who wait: when nobody has anything to deliver any
// more, as after the shards have gone to others, what was in the way is over
// for us.
func (t *trouble) waiting() (Waiting, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waits == 0 || t.since.IsZero() {
		return Waiting{}, false
	}
	return Waiting{Err: t.err, Code: CodeOf(t.err), Held: holds(t.err), Since: t.since}, true
}

// enter and leave note that a Deliver waits because of err, and that it no
// longer does.
func (t *trouble) enter(w *wait, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err = err
	if !w.waits {
		w.waits = true
		t.waits++
	}
}

func (t *trouble) leave(w *wait) {
	if !w.waits { // as nearly always
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	w.waits = false
	t.waits--
}

// held raises the alarm, at once and then from time to time.
func (t *trouble) held(err error, delay time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begin()
	every := quiet
	if t.alarmed {
		every = t.alarm
	}
	if n, ok := t.alarms.pass(every); ok {
		t.alarmed = true
		t.logger.Error("delivery is held until a setting is changed; nothing is dropped",
			"error", err, "tries", n, "for", since(t.since), "next", delay.Round(time.Second))
	}
}

// retried logs a failure that should pass by itself.
func (t *trouble) retried(err error, delay time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begin()
	if n, ok := t.lines.pass(quiet); ok {
		t.told = true
		t.logger.Warn("delivery failed and is tried again",
			"error", err, "tries", n, "for", since(t.since), "next", delay.Round(time.Millisecond))
	}
}

// over is called after each success of a Send that began then: one that was
// under way when the trouble came says nothing about it. The throttles keep the
// time of their last line, so that a receiver that fails and recovers many
// times a second does not fill the log.
func (t *trouble) over(began time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.since.IsZero() || began.Before(t.since) {
		return
	}
	switch {
	case t.alarmed:
		t.logger.Info("delivering again; the hold is over", "after", since(t.since))
	case t.told:
		t.logger.Info("delivering again", "after", since(t.since))
	}
	t.since, t.told, t.alarmed = time.Time{}, false, false
	t.lines.n, t.alarms.n = 0, 0
}

func (t *trouble) begin() {
	if t.since.IsZero() {
		t.since = time.Now()
	}
}

func since(t time.Time) time.Duration { return time.Since(t).Round(time.Millisecond) }

// A throttle lets one line pass in a given time and counts those it stops.
type throttle struct {
	last time.Time
	n    int
}

// pass says whether a line may be written now, and how many events it stands
// for.
func (t *throttle) pass(every time.Duration) (int, bool) {
	t.n++
	if !t.last.IsZero() && time.Since(t.last) < every {
		return 0, false
	}
	n := t.n
	t.last, t.n = time.Now(), 0
	return n, true
}
