package shard

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/slswasm/slswasm/host/slstest"
)

// A pull whose views take much memory is handed over in parts. The checkpoint
// moves past all of them or none.
func TestALargePullComesInParts(t *testing.T) {
	t.Parallel()
	const logs = 3000
	w := newWorld(t, 1)
	g := slstest.Group{}
	for i := range 100 {
		g.Tags = append(g.Tags, slstest.KV{Key: fmt.Sprint("t", i), Value: "v"})
	}
	for i := range logs {
		g.Logs = append(g.Logs, slstest.Log{Time: 1, Contents: []slstest.KV{{Key: "id", Value: fmt.Sprint(i)}}})
	}
	if err := w.Put(project, logstore, 0, g.Marshal()); err != nil {
		t.Fatal(err)
	}
	cfg := w.config("a")
	cfg.Budget = NewBudget(1)
	var begin string
	next, parts, broken := 0, 0, errors.New("enough")
	handler := func(_ context.Context, b *Batch) error {
		if at := w.group().Checkpoints[0]; begin == "" {
			begin = at
		} else if at != begin {
			t.Errorf("the checkpoint is at %s before log %d is settled", at, b.First)
		}
		if b.Cursor != begin || b.First != next {
			t.Errorf("the part at %s begins at log %d, not at %s and %d", b.Cursor, b.First, begin, next)
		}
		for i := range b.Logs {
			if id, _ := b.Logs[i].Get("id"); string(id) != fmt.Sprint(b.First+i) {
				t.Errorf("log %d has id %s", b.First+i, id)
			}
		}
		next += len(b.Logs)
		if parts++; parts == 3 {
			return broken
		}
		return nil
	}
	if err := w.run(cfg, handler).wait(t); !errors.Is(err, broken) {
		t.Fatalf("Run returned %v", err)
	}
	next = 0 // and so all of it comes again
	cfg.Until = Now
	c := w.run(cfg, handler)
	if err := c.wait(t); err != nil {
		t.Fatal(err)
	}
	if next != logs || parts < 10 || !w.caughtUp() {
		t.Errorf("%d of %d logs in %d parts", next, logs, parts)
	}
	if p := c.Progress(); p.Logs != logs || p.Done != 1 {
		t.Errorf("progress %+v", p)
	}
	if b := cfg.Budget; !b.sem.TryAcquire(b.size) || b.debt != 0 {
		t.Errorf("part of the budget was not given back; %d of debt", b.debt)
	}
}
