package shard

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"github.com/slswasm/slswasm/host/slstest"
)

// A shifting clock is the service's: the present, moved.
type shifting struct{ by atomic.Int64 }

func (s *shifting) now() time.Time           { return time.Now().Add(time.Duration(s.by.Load())) }
func (s *shifting) shift(by time.Duration)   { s.by.Store(int64(by)) }
func (s *shifting) config(c *slstest.Config) { c.Now = s.now }
func (w *world) observer(edit ...func(*Config)) *Observer {
	w.t.Helper()
	cfg := w.config("")
	for _, f := range edit {
		f(&cfg)
	}
	o, err := Observe(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	o.client.pause = time.Millisecond
	w.t.Cleanup(o.Close)
	return o
}

// create makes the group, with a timeout of ten seconds and no consumer.
func (w *world) create(o *Observer) {
	w.t.Helper()
	if err := o.client.createGroup(w.t.Context(), sls.ConsumerGroup{ConsumerGroupName: groupID, Timeout: 10}); err != nil {
		w.t.Fatal(err)
	}
}

// saved sets a checkpoint as a consumer would have, so many log groups after
// the begin.
func (w *world) saved(o *Observer, consumer string, shard int, groups int64) {
	w.t.Helper()
	begin, err := slstest.DecodeCursor(w.Shards(project, logstore)[shard].Begin)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := o.client.saveAs(w.t.Context(), consumer, true, shard, slstest.EncodeCursor(begin+groups)); err != nil {
		w.t.Fatal(err)
	}
}

func (o *Observer) look(t *testing.T) *Group {
	t.Helper()
	g, err := o.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func near(got, want time.Duration) bool { return (got - want).Abs() <= 3*time.Second }

func TestLook(t *testing.T) {
	t.Parallel()
	var clock shifting
	w := newWorld(t, 5, clock.config)
	o := w.observer()
	w.create(o)
	clock.shift(-5 * time.Minute)
	for shard := range 4 { // the fifth stays empty
		w.putLogs(shard, 2)
	}
	clock.shift(-2 * time.Minute)
	w.putLogs(1, 3)
	clock.shift(0)
	w.saved(o, "a", 0, 2) // to its end
	w.saved(o, "b", 1, 1)
	w.saved(o, "c", 2, 2)
	w.split(2) // which is over
	calls := w.Calls(slstest.UpdateCheckPoint)

	g := o.look(t)
	if g.Timeout != 10*time.Second || g.Order || len(g.Shards) != 7 {
		t.Fatalf("%+v", g)
	}
	at := func(ago time.Duration, got time.Time) {
		t.Helper()
		if !near(time.Since(got), ago) {
			t.Errorf("time %v: want %v ago", got, ago)
		}
	}
	s := g.Shards[0]
	if !s.UpToDate || s.Over() || s.Consumer != "a" || s.Groups != 0 || s.Lag != 0 || s.Waiting != 0 || s.Checkpoint != s.End {
		t.Errorf("up to date: %+v", s)
	}
	at(5*time.Minute, s.Time)
	at(0, s.Saved)
	if s = g.Shards[1]; s.UpToDate || s.Groups != 4 || !near(s.Lag, 3*time.Minute) || !near(s.Waiting, 5*time.Minute) || s.Consumer != "b" {
		t.Errorf("behind: %+v", s)
	}
	at(5*time.Minute, s.Time)
	at(2*time.Minute, s.Newest)
	if s = g.Shards[2]; !s.ReadOnly || !s.Over() {
		t.Errorf("over: %+v", s)
	}
	if s = g.Shards[3]; s.Checkpoint != "" || s.Consumer != "" || !s.Saved.IsZero() || s.Groups != 2 || s.Lag != 0 || !near(s.Waiting, 5*time.Minute) {
		t.Errorf("never saved: %+v", s)
	}
	if s = g.Shards[4]; !s.UpToDate || !s.Time.IsZero() || s.Lag != 0 || s.Over() {
		t.Errorf("empty: %+v", s)
	}
	for _, kind := range []slstest.Kind{slstest.HeartBeat, slstest.UpdateConsumerGroup, slstest.PullLogs} {
		if n := w.Calls(kind); n > 0 {
			t.Errorf("%d calls of %s", n, kind)
		}
	}
	if n := w.Calls(slstest.UpdateCheckPoint) - calls + w.Calls(slstest.CreateConsumerGroup) - 1; n > 0 {
		t.Errorf("%d calls that change something", n)
	}
}

// What is not saved is looked at from where it would be started.
func TestLookFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	o := w.observer(func(c *Config) { c.From = End })
	w.create(o)
	w.putLogs(0, 2)
	if s := o.look(t).Shards[0]; !s.UpToDate || s.Checkpoint != "" {
		t.Errorf("%+v", s)
	}
}

func TestLookAtExpired(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	o := w.observer()
	w.create(o)
	w.putLogs(0, 5)
	w.putLogs(1, 5)
	w.saved(o, "a", 0, 1)
	w.saved(o, "a", 1, 1)
	for shard, keep := range []int{2, 0} {
		end, err := slstest.DecodeCursor(w.Shards(project, logstore)[shard].End)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Expire(project, logstore, shard, slstest.EncodeCursor(end-int64(keep))); err != nil {
			t.Fatal(err)
		}
	}
	g := o.look(t)
	if s := g.Shards[0]; !s.Expired || s.UpToDate || s.Groups != 2 || s.Next == s.Checkpoint {
		t.Errorf("some are left: %+v", s)
	}
	if s := g.Shards[1]; !s.Expired || !s.UpToDate || s.Groups != 0 || !s.Time.IsZero() {
		t.Errorf("none is left: %+v", s)
	}
}

// Cursors are opaque: where they are no numbers, times tell.
func TestLookAtOpaqueCursors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	o := w.observer(func(c *Config) {
		c.HTTPClient = w.answering(func(r *http.Request) *http.Response {
			q := r.URL.Query()
			switch {
			case q.Get("type") == "cursor":
				return answerOf(r, 200, `{"cursor":"`+map[string]string{"begin": "Yg==", "end": "ZQ=="}[q.Get("from")]+`"}`)
			case q.Get("type") == "cursor_time":
				return answerOf(r, 200, `{"cursor_time":`+map[string]string{"Yg==": "1700000000", "ZQ==": "1700000060"}[q.Get("cursor")]+`}`)
			}
			return nil
		})
	})
	w.create(o)
	g := o.look(t)
	if s := g.Shards[0]; s.Groups != -1 || s.UpToDate || s.Lag != time.Minute {
		t.Errorf("%+v", s)
	}
	moves, err := o.Plan(t.Context(), g, Target{at: End})
	if err != nil || len(moves) != 1 || !moves[0].Skips() || moves[0].Repeats() || moves[0].Counted || moves[0].Time() != time.Minute {
		t.Errorf("%+v, %v", moves, err)
	}
}

func TestLookFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	_, err := w.observer().Look(t.Context())
	if !errors.Is(err, ErrNoGroup) || !Misset(err) || !strings.Contains(err.Error(), `--group "audit": there is no such consumer group: this logstore has none`) {
		t.Errorf("no group: %v", err)
	}
	w.create(w.observer())
	_, err = w.observer(func(c *Config) { c.Group = "audti" }).Look(t.Context())
	if !Misset(err) || !strings.Contains(err.Error(), "this logstore has: audit") {
		t.Errorf("another group: %v", err)
	}
	_, err = w.observer(func(c *Config) { c.Project = "nowhere" }).Look(t.Context())
	if !Misset(err) || !strings.Contains(err.Error(), `check --project "nowhere"`) {
		t.Errorf("no project: %v", err)
	}
	w.Inject(slstest.Fault{Kind: slstest.GetCursorTime, Status: 400, Code: "ParameterInvalid"})
	if _, err = w.observer().Look(t.Context()); !Misset(err) {
		t.Errorf("a fault: %v", err)
	}
	if _, err := Observe(Config{}); err == nil || !strings.Contains(err.Error(), "--endpoint is missing") {
		t.Errorf("no settings: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = w.observer().Look(ctx); err == nil || Misset(err) {
		t.Errorf("at the end: %v", err)
	}
}
