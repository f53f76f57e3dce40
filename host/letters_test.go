package host

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// A fullDisk writes no letter until there is room.
type fullDisk struct {
	mu      sync.Mutex
	room    bool
	tries   []time.Duration // after start
	start   time.Time
	letters []deadletter.Letter
}

var errFull = errors.New("no space left on device")

func (d *fullDisk) Write(ctx context.Context, letters []deadletter.Letter) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	d.tries = append(d.tries, time.Since(d.start))
	if !d.room {
		return errFull
	}
	d.letters = append(d.letters, letters...)
	return nil
}

func (d *fullDisk) Path() string { return "letters.jsonl" }
func (d *fullDisk) Close() error { return nil }

func (d *fullDisk) makeRoom() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = true
}

// TestFullDiskIsWaitedFor looks at the pauses and at what is said, with three
// shards that wait.
func TestFullDiskIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		d := &fullDisk{start: time.Now()}
		box := &letterbox{to: d, log: slog.New(slog.NewTextHandler(&log, nil))}
		var shards sync.WaitGroup
		for range 3 {
			shards.Go(func() {
				if err := box.Write(t.Context(), make([]deadletter.Letter, 7)); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(10 * time.Minute) // of the test's own clock
		synctest.Wait()
		alarms := strings.Count(log.String(), "dead letters cannot be written")
		if alarms < 10 || alarms > 11 {
			t.Errorf("%d alarms in 10 minutes:\n%s", alarms, &log)
		}
		for _, want := range []string{"level=ERROR", "file=letters.jsonl", "no space left on device", "letters=21", "make room"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("no alarm says %q:\n%s", want, &log)
			}
		}
		var first []time.Duration // of one shard
		for i := 0; i < 3*7; i += 3 {
			first = append(first, d.tries[i])
		}
		for i, want := range []time.Duration{0, 1, 3, 7, 15, 31, 61} {
			if first[i] != want*time.Second {
				t.Errorf("try %d after %v, want %ds", i, first[i], want)
			}
		}
		d.makeRoom()
		shards.Wait()
		if len(d.letters) != 21 || strings.Count(log.String(), "dead letters are written again") != 1 {
			t.Errorf("%d letters:\n%s", len(d.letters), &log)
		}
		if took := time.Since(d.start); took > 10*time.Minute+lettersMax {
			t.Errorf("it went on after %v", took)
		}
	})
}

func TestFullDiskUntilTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		d := &fullDisk{start: time.Now()}
		box := &letterbox{to: d, log: slog.New(slog.NewTextHandler(&log, nil))}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
		defer cancel()
		err := box.Write(ctx, make([]deadletter.Letter, 7))
		if !errors.Is(err, errFull) || time.Since(d.start) != 100*time.Second {
			t.Errorf("%v after %v", err, time.Since(d.start))
		}
		if !strings.Contains(log.String(), "sends all of it again") || box.waiting != 0 {
			t.Errorf("%d still wait; log:\n%s", box.waiting, &log)
		}
	})
}

// TestFullDiskHoldsOneShardOnly: of two sources one has a dead letter. The
// other one goes on, and its checkpoint too, until there is room.
func TestFullDiskHoldsOneShardOnly(t *testing.T) {
	service := newService(t, 5)
	put(t, service, "second", 100, 5)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	sink := &fakeSink{accept: func(e *abi.Event) error {
		if n, _ := e.Get("n"); string(n) == "3" {
			return &sinks.Rejected{Reason: "an ugly number"}
		}
		return nil
	}}
	cfg := newConfig(t, service, sink)
	second := cfg.Flows[0].Sources[0]
	second.Logstore = "second"
	cfg.Flows[0].Sources = append(cfg.Flows[0].Sources, second)
	p, err := Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.letters.Close(); err != nil {
		t.Fatal(err)
	}
	d := &fullDisk{start: time.Now()}
	p.letters.to = d
	var running sync.WaitGroup
	running.Go(func() {
		if err := p.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := service.Await(ctx, func() bool {
		return service.CaughtUp(testProject, "second", testGroup) && p.Counts().Delivered == 5
	}); err != nil {
		t.Fatal(err)
	}
	if committed(service) {
		t.Error("a checkpoint was saved past a log that is nowhere")
	}
	d.makeRoom()
	running.Wait()
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
	if c := p.Counts(); c.Delivered != 9 || c.DeadLetters != 1 || len(d.letters) != 1 {
		t.Errorf("%+v, %d letters", c, len(d.letters))
	}
	if !service.CaughtUp(testProject, testLogstore, testGroup) {
		t.Error("the checkpoint is not at the end")
	}
}
