package shard

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/host/slstest"
)

func TestParseTarget(t *testing.T) {
	for text, want := range map[string]Target{
		"begin": {at: Begin}, "END": {at: End}, "now": {at: End},
		"2023-11-14T22:13:20Z": {at: "1700000000"}, "MTIz": {cursor: "MTIz"},
	} {
		if got, err := ParseTarget(text); got != want || err != nil {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "yesterday", "MTI", "2026-13-01"} {
		if _, err := ParseTarget(text); err == nil || !strings.Contains(err.Error(), "want begin, end") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestMoves(t *testing.T) {
	t.Parallel()
	var clock shifting
	w := newWorld(t, 2, clock.config)
	o := w.observer()
	w.create(o)
	clock.shift(-5 * time.Minute)
	w.putLogs(0, 2)
	w.putLogs(1, 2)
	clock.shift(-2 * time.Minute)
	middle := clock.now()
	w.putLogs(0, 3)
	clock.shift(0)
	w.saved(o, "a", 0, 1)
	g := o.look(t)
	plan := func(text string, shards ...int) []Move {
		t.Helper()
		to, err := ParseTarget(text)
		if err != nil {
			t.Fatal(err)
		}
		moves, err := o.Plan(t.Context(), g, to, shards...)
		if err != nil {
			t.Fatal(err)
		}
		return moves
	}
	ends := plan("end")
	if len(ends) != 2 || ends[0].Groups != 4 || !near(ends[0].Time(), 3*time.Minute) || !ends[0].Skips() || ends[1].Groups != 2 || ends[1].Time() != 0 {
		t.Fatalf("to the end: %+v", ends)
	}
	if m := plan("begin", 0); len(m) != 1 || m[0].Groups != -1 || m[0].Skips() || !m[0].Repeats() {
		t.Errorf("to the begin: %+v", m)
	}
	if m := plan(middle.UTC().Format(time.RFC3339), 0)[0]; m.Groups != 1 || !near(m.Time(), 3*time.Minute) {
		t.Errorf("to a time: %+v", m)
	}
	if m := plan(g.Shards[0].Next, 0)[0]; m.Skips() || m.Repeats() || m.Groups != 0 {
		t.Errorf("to where it is: %+v", m)
	}
	if n := w.Calls(slstest.UpdateCheckPoint); n != 1 {
		t.Errorf("a plan changed something: %d saves", n)
	}

	if err := o.Apply(t.Context(), ends); err != nil {
		t.Fatal(err)
	}
	for _, s := range o.look(t).Shards {
		if s.Checkpoint != s.End || s.Consumer != "" || s.Saved.IsZero() {
			t.Errorf("moved: %+v", s)
		}
	}
	if err := o.Idle(t.Context(), o.look(t)); err != nil {
		t.Errorf("what was moved by hand is no sign of a consumer: %v", err)
	}
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	o := w.observer()
	w.create(o)
	w.putLogs(0, 2)
	g := o.look(t)
	for name, c := range map[string]struct {
		to     Target
		shards []int
		want   string
	}{
		"no such shard":        {Target{at: End}, []int{7}, "the logstore has no shard [7]"},
		"a cursor for all":     {Target{cursor: g.Shards[0].End}, nil, "a cursor is of one shard only"},
		"another shard's":      {Target{cursor: g.Shards[1].End}, []int{0}, "is no cursor within shard 0"},
		"a word like a cursor": {Target{cursor: "tomorrow"}, []int{0}, `"tomorrow" is no cursor within shard 0`},
	} {
		if _, err := o.Plan(t.Context(), g, c.to, c.shards...); err == nil || !strings.Contains(err.Error(), c.want) || !Misset(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIdle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.putLogs(slstest.AnyShard, 4)
	var r receiver
	c := w.run(w.config("worker"), r.handle)
	w.await("all arrived", w.caughtUp)
	o := w.observer()
	later := w.observer()
	later.client.clock.local = func() time.Time { return time.Now().Add(time.Minute) }

	var alive *AliveError
	if err := o.Idle(t.Context(), o.look(t)); !errors.As(err, &alive) || alive.Holds || alive.Consumer != "worker" {
		t.Errorf("one that has just saved: %v", err)
	}
	before := w.group().Checkpoints
	if err := later.Idle(t.Context(), later.look(t)); !errors.As(err, &alive) || !alive.Holds || alive.Consumer != "worker" {
		t.Errorf("one that has nothing to do: %v", err)
	}
	if after := w.group().Checkpoints; after[0] != before[0] || after[1] != before[1] {
		t.Errorf("checkpoints %v became %v", before, after)
	}
	g := later.look(t)
	end, err := ParseTarget("begin")
	if err != nil {
		t.Fatal(err)
	}
	moves, err := o.Plan(t.Context(), g, end)
	if err != nil {
		t.Fatal(err)
	}
	mend := w.Inject(slstest.Fault{Kind: slstest.UpdateCheckPoint, When: func(c slstest.Call) bool { return c.Consumer == "" }, Status: 403, Code: "AccessDenied"})
	if err := o.Apply(t.Context(), moves); err == nil || !strings.Contains(err.Error(), "save checkpoint of shard 0") || !strings.Contains(err.Error(), "save checkpoint of shard 1") {
		t.Errorf("saves that are refused: %v", err)
	}
	mend()
	c.stop()
	if err := c.wait(t); err != nil {
		t.Fatal(err)
	}
}

func TestIdleAfterADeath(t *testing.T) {
	t.Parallel()
	var clock shifting
	w := newWorld(t, 1, clock.config)
	o := w.observer()
	w.create(o)
	w.putLogs(0, 1)
	clock.shift(-time.Minute)
	w.saved(o, "dead", 0, 1)
	clock.shift(0)
	if err := o.Idle(t.Context(), o.look(t)); err != nil {
		t.Errorf("a consumer that the service does not know: %v", err)
	}
	mend := w.Inject(slstest.Fault{Kind: slstest.UpdateCheckPoint, Status: 400, Code: "ConsumerNotMatch"})
	var alive *AliveError
	if err := o.Idle(t.Context(), o.look(t)); !errors.As(err, &alive) {
		t.Errorf("a consumer that is there without the shard: %v", err)
	}
	mend()
	w.Inject(slstest.Fault{Kind: slstest.UpdateCheckPoint, Status: 403, Code: "AccessDenied"})
	if err := o.Idle(t.Context(), o.look(t)); err == nil || errors.As(err, &alive) {
		t.Errorf("a service that does not tell: %v", err)
	}
}

// A consumer that saves its own again is not passed over in silence.
func TestApplyTellsWhoIsAtWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	consumer := w.observer()
	w.create(consumer)
	w.putLogs(0, 3)
	w.saved(consumer, "a", 0, 1)
	moved := false
	o := w.observer(func(c *Config) {
		c.HTTPClient = w.answering(func(r *http.Request) *http.Response {
			if moved && r.Method == http.MethodGet {
				w.saved(consumer, "a", 0, 2)
			}
			moved = moved || r.URL.Query().Get("forceSuccess") == "true"
			return nil
		})
	})
	moves, err := o.Plan(t.Context(), o.look(t), Target{at: End})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Apply(t.Context(), moves); err == nil || !strings.Contains(err.Error(), `consumer "a" is at work`) {
		t.Errorf("error %v", err)
	}
}
