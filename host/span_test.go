package host

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/sinks"
)

// A recorder is a Tracer that keeps what it is told.
type recorder struct {
	skip bool // every batch

	mu    sync.Mutex
	steps []*recorded
}

type recorded struct {
	of     *recorder
	parent *recorded
	name   string
	began  time.Time
	ended  time.Time
	err    error
	notes  []string
	attrs  string
}

func (r *recorder) Trace(name string, began time.Time) Span {
	if r.skip {
		return nil
	}
	return r.add(nil, name, began)
}

func (r *recorder) add(parent *recorded, name string, began time.Time) *recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &recorded{of: r, parent: parent, name: name, began: began}
	r.steps = append(r.steps, s)
	return s
}

func (s *recorded) Step(name string, began time.Time) Span { return s.of.add(s, name, began) }

func (s *recorded) Note(name string, attrs ...slog.Attr) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.notes = append(s.notes, fmt.Sprint(name, attrs))
}

func (s *recorded) End(at time.Time, err error, attrs ...slog.Attr) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.ended, s.err, s.attrs = at, err, fmt.Sprint(attrs)
}

// under returns the steps of a batch by name, and checks what holds for all.
func (r *recorder) under(t *testing.T, batch *recorded) map[string][]*recorded {
	t.Helper()
	of := map[string][]*recorded{}
	for _, s := range r.steps {
		if s.ended.IsZero() || s.began.IsZero() || s.ended.Before(s.began) {
			t.Errorf("%s is from %v to %v", s.name, s.began, s.ended)
		}
		if s.parent != batch {
			continue
		}
		if s.began.Before(batch.began) || s.name != "commit" && s.ended.After(batch.ended) {
			t.Errorf("%s is from %v to %v, its batch from %v to %v", s.name, s.began, s.ended, batch.began, batch.ended)
		}
		of[s.name] = append(of[s.name], s)
	}
	return of
}

func (r *recorder) batches() (all []*recorded) {
	for _, s := range r.steps {
		if s.parent == nil {
			all = append(all, s)
		}
	}
	return all
}

func TestABatchIsWatchedStepByStep(t *testing.T) {
	tries := 0
	sink := &fakeSink{accept: func(e *abi.Event) error {
		switch tries++; tries {
		case 1:
			return &sinks.Retry{Err: sinks.Coded(errors.New("busy"), "503")}
		case 2:
			return &sinks.Hold{Err: sinks.Coded(errors.New("no token"), "403")}
		case 3:
			return &sinks.Rejected{Reason: "ugly"}
		}
		return nil
	}}
	cfg := newConfig(t, newService(t, 5), sink)
	cfg.Flows[0].Name = "way"
	cfg.Flows[0].Guests = []guest.Config{hostile(t, "keep"), hostile(t, "keep-table")}
	cfg.Retry = sinks.RetryConfig{Initial: time.Millisecond, Max: time.Millisecond, Hold: time.Millisecond}
	r := &recorder{}
	cfg.Tracer = r
	if _, err := run(t, cfg); err != nil {
		t.Fatal(err)
	}
	batches := r.batches()
	if len(batches) != 1 || batches[0].err != nil {
		t.Fatalf("%d batches, the first %+v", len(batches), batches[0])
	}
	for _, want := range []string{"flow=way", "project=" + testProject, "logstore=" + testLogstore, "shard=0", "cursor=", "first=0", "logs=5", "bytes="} {
		if !strings.Contains(batches[0].attrs, want) {
			t.Errorf("%s has no %s", batches[0].attrs, want)
		}
	}
	of := r.under(t, batches[0])
	for name, n := range map[string]int{"pull": 1, "decode": 1, "transform": 2, "deliver": 1, "dead letters": 1, "commit": 1} {
		if len(of[name]) != n {
			t.Errorf("%d steps %s, want %d", len(of[name]), name, n)
		}
	}
	if t.Failed() {
		return
	}
	if got := of["transform"][1].attrs; !strings.Contains(got, "guest=keep-table") || !strings.Contains(got, "logs=5 events=5 dropped=0 failed=0") {
		t.Errorf("a transform has %s", got)
	}
	deliver := of["deliver"][0]
	if !strings.Contains(deliver.attrs, "sink=first events=5 rejected=1") {
		t.Errorf("the delivery has %s", deliver.attrs)
	}
	if n := deliver.notes; len(n) != 2 || !strings.HasPrefix(n[0], "retry[code=503 error=busy wait=") || !strings.HasPrefix(n[1], "hold[code=403 ") {
		t.Errorf("the delivery has notes %q", n)
	}
	if got := of["dead letters"][0].attrs; got != "[letters=1]" {
		t.Errorf("the dead letters have %s", got)
	}
}

// What a guest says of a log may be part of it, and a collector is no place for
// that.
func TestAWatchedBatchThatFailsSaysSoAndNoMore(t *testing.T) {
	cfg := newConfig(t, newService(t, 5), &fakeSink{})
	cfg.Flows[0].Guests = []guest.Config{hostile(t, "always")}
	cfg.Flows[0].OnError = OnErrorHalt
	r := &recorder{}
	cfg.Tracer = r
	if _, err := run(t, cfg); !halts(err) || !strings.Contains(err.Error(), "guest always") {
		t.Fatalf("the run has ended with %v", err) // the trace alone is told less
	}
	batches := r.batches()
	if len(batches) != 1 || batches[0].err == nil || !strings.HasPrefix(batches[0].err.Error(), "halted") || strings.Contains(batches[0].err.Error(), "always") {
		t.Fatalf("%+v", batches)
	}
	of := r.under(t, batches[0])
	if of["commit"] != nil || of["deliver"] != nil || len(of["transform"]) != 1 || !strings.Contains(of["transform"][0].attrs, "failed=5") {
		t.Errorf("%+v", of)
	}
}

func TestMostBatchesAreNotWatched(t *testing.T) {
	sink := &fakeSink{}
	cfg := newConfig(t, newService(t, 5), sink)
	r := &recorder{skip: true}
	cfg.Tracer = r
	if _, err := run(t, cfg); err != nil {
		t.Fatal(err)
	}
	if len(r.steps) > 0 || !slices.Equal(sink.events, []string{"0", "1", "2", "3", "4"}) {
		t.Errorf("%d steps, events %v", len(r.steps), sink.events)
	}
}
