package shard

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/slswasm/slswasm/host/slstest"
)

// A batch says when it was pulled and decoded, and hears of its checkpoint,
// once: not of one that its pull is not part of.
func TestStepsAndCommits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	g := slstest.Group{}
	for i := range 500 { // so many tags make views of more than one part
		g.Tags = append(g.Tags, slstest.KV{Key: fmt.Sprint("t", i), Value: "v"})
	}
	for i := range 200 {
		g.Logs = append(g.Logs, slstest.Log{Time: 1, Contents: []slstest.KV{{Key: "id", Value: fmt.Sprint(i)}}})
	}
	for range 2 {
		if err := w.Put(project, logstore, 0, g.Marshal()); err != nil {
			t.Fatal(err)
		}
	}
	cfg := w.config("a")
	cfg.PullCount = 1 // so each group is a pull
	last := ""        // of the pulls that are settled
	batches, commits, fail := 0, 0, true
	broken := errors.New("enough")
	handler := func(_ context.Context, b *Batch) error {
		s := b.Steps
		switch {
		case s.Pull.IsZero() != (b.First > 0), s.Pulled.IsZero() != (b.First > 0), s.Pulled.Before(s.Pull):
			t.Errorf("at log %d, pulled from %v to %v", b.First, s.Pull, s.Pulled)
		case s.Decode.IsZero(), s.Decode.Before(s.Pulled), s.Decoded.Before(s.Decode), s.Decoded.After(time.Now()):
			t.Errorf("at log %d, pulled at %v, decoded from %v to %v", b.First, s.Pulled, s.Decode, s.Decoded)
		}
		next, decoded := b.Next, s.Decoded
		told := false
		b.Committed = func(cursor string, began time.Time) {
			if told || !reached(cursor, next) || began.Before(decoded) {
				t.Errorf("told %v: the checkpoint at %s, saved from %v on, of a batch before %s, decoded at %v", told, cursor, began, next, decoded)
			}
			told, last = true, cursor
			commits++
		}
		batches++
		if fail && b.First > 0 && batches > 2 {
			return broken
		}
		return nil
	}
	if err := w.run(cfg, handler).wait(t); !errors.Is(err, broken) {
		t.Fatalf("Run returned %v", err)
	}
	saved := w.group().Checkpoints[0]
	if commits >= batches || commits > 0 != (last == saved) {
		t.Errorf("%d commits of %d batches, the last at %q; the checkpoint is %s", commits, batches, last, saved)
	}
	before := commits
	batches, fail, cfg.Until = 0, false, Now
	if err := w.run(cfg, handler).wait(t); err != nil {
		t.Fatal(err)
	}
	if commits-before != batches || batches < 4 || last != w.group().Checkpoints[0] {
		t.Errorf("%d commits of %d batches, the last at %q", commits-before, batches, last)
	}
}
