package host

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks"
)

// eventually waits until what the pipeline says of itself is so.
func eventually(t *testing.T, p *Pipeline, what string, so func(State) bool) State {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 4000 {
		if s := p.State(); so(s) {
			return s
		}
		<-tick.C
	}
	text, _ := json.Marshal(p.State())
	t.Fatalf("never: %s: %s", what, text)
	return State{}
}

func TestStateOfAWholePipeline(t *testing.T) {
	service := newService(t, 20)
	var mode atomic.Pointer[error] // of the sink
	sink := &fakeSink{accept: func(e *abi.Event) error {
		if n, _ := e.Get("n"); string(n) == "3" {
			return &sinks.Rejected{Reason: "event 3 is ugly", Code: "400/6"}
		}
		if err := mode.Load(); err != nil {
			return *err
		}
		return nil
	}}
	cfg := newConfig(t, service, sink)
	cfg.Retry = sinks.RetryConfig{Initial: time.Millisecond, Max: time.Millisecond, Hold: time.Millisecond}
	cfg.Flows[0].Name = "audit"
	cfg.Flows[0].Guests = []guest.Config{hostile(t, "keep")}
	cfg.Flows[0].Sources[0].Until = ""
	p, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := p.State()
	if !s.StartedAt.IsZero() || len(s.Sources) != 1 || len(s.Sources[0].Shards) != 0 || s.Budget != shard.DefaultBudget {
		t.Errorf("before it runs: %+v", s)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	p, stop := start(t, cfg)
	s = eventually(t, p, "all is settled", func(s State) bool {
		return s.Counts.Pulled == 20 && len(s.Sources[0].Shards) == 1 && !s.Sources[0].Shards[0].Saved.IsZero()
	})
	source := s.Sources[0]
	if source.Flow != "audit" || source.Project != testProject || source.Group != testGroup || source.Consumer == "" ||
		source.Beat.IsZero() || source.Logs != 20 || source.Shards[0].Logs != 20 || source.Shards[0].Pull.Count == 0 ||
		source.Shards[0].Commit.Count == 0 || source.Shards[0].Since.Before(s.StartedAt) || source.Shards[0].At.Unix() != 1_700_000_000 {
		t.Errorf("source: %+v", source)
	}
	if g := s.Guests; s.Batches != 1 || len(g) != 1 || g[0].Flow != "audit" || g[0].File != "keep" || len(g[0].SHA256) != 64 || g[0].Transform.Count == 0 {
		t.Errorf("guests: %+v", g)
	}
	first := s.Sinks[0]
	if first.Name != "first" || first.Delivered != 19 || first.Rejected != 1 || first.Send.Count == 0 || first.Waiting != "" ||
		!slices.Equal(first.Codes, []sinks.CodeCount{{Kind: "rejected", Code: "400/6", N: 1}}) {
		t.Errorf("sink: %+v", first)
	}
	if want := (LetterCount{"sink", "first", refusedBySink, "event # is ugly", 1}); len(s.DeadLetters) != 1 || s.DeadLetters[0] != want {
		t.Errorf("dead letters: %+v", s.DeadLetters)
	}

	held := error(&sinks.Hold{Err: sinks.Coded(errors.New("bad token"), "403/4")})
	mode.Store(&held)
	put(t, service, testLogstore, 100, 5)
	s = eventually(t, p, "the sink holds", func(s State) bool { return s.Sinks[0].Held })
	if one := s.Sinks[0]; one.Waiting != "bad token" || one.Code != "403/4" || one.WaitingSince.IsZero() || one.Holds == 0 {
		t.Errorf("held: %+v", one)
	}
	eventually(t, p, "logs are in flight", func(s State) bool { return s.InFlight > 0 })
	down := error(&sinks.Retry{Err: io.ErrUnexpectedEOF})
	mode.Store(&down)
	s = eventually(t, p, "the sink retries", func(s State) bool { return s.Sinks[0].Waiting != "" && !s.Sinks[0].Held })
	if one := s.Sinks[0]; one.Code != "reset" || one.Retries == 0 {
		t.Errorf("down: %+v", one)
	}
	mode.Store(nil)
	eventually(t, p, "the sink delivers again", func(s State) bool { return s.Sinks[0].Waiting == "" && s.Counts.Pulled == 25 })
	stop()
	if s := p.State(); len(s.Sources[0].Shards) != 0 || s.InFlight != 0 || s.Sources[0].Logs != 25 {
		t.Errorf("after the end: %+v", s)
	}
}

func TestStateCountsWhatGuestsFail(t *testing.T) {
	service := newService(t, 10)
	bad := slstest.Log{Time: 1_700_000_000, Contents: []slstest.KV{{Key: "bad"}}}
	if err := service.Put(testProject, testLogstore, slstest.AnyShard, (&slstest.Group{Logs: []slstest.Log{bad, bad}}).Marshal()); err != nil {
		t.Fatal(err)
	}
	cfg := newConfig(t, service, &fakeSink{})
	cfg.Flows[0].Guests = []guest.Config{hostile(t, "trap")}
	p, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := p.State()
	if g := s.Guests[0]; g.Faults != 2 || g.Refused != 0 {
		t.Errorf("%+v", g)
	}
	if len(s.DeadLetters) != 1 || s.DeadLetters[0].N != 2 || s.DeadLetters[0].Kind != "trap" || s.DeadLetters[0].Stage != "guest" {
		t.Errorf("%+v", s.DeadLetters)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// A state has no null where whoever reads it wants a list.
func TestStateAsJSON(t *testing.T) {
	service := newService(t, 0)
	p, err := Open(t.Context(), newConfig(t, service, &fakeSink{}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close(t.Context())
	text, err := json.Marshal(p.State())
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"null", "0001-01-01"} {
		if strings.Contains(string(text), bad) {
			t.Errorf("%s in %s", bad, text)
		}
	}
}
