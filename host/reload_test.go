package host

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/slstest"
)

// start launches a pipeline and returns it.
func start(t *testing.T, cfg Config) (p *Pipeline, stop func()) {
	t.Helper()
	_, stop = launch(t, cfg, func(opened *Pipeline) { p = opened })
	return p, stop
}

func TestReloadUnderLoad(t *testing.T) {
	service := newService(t, 1)
	const rounds, each = 30, 50
	arrived := make(chan struct{}, rounds*each+1)
	sink := &fakeSink{accept: func(*abi.Event) error { arrived <- struct{}{}; return nil }}
	cfg := newConfig(t, service, sink)
	cfg.Flows[0].Sources[0].Until = ""
	cfg.Flows[0].Guests = []guest.Config{hostile(t, "keep")}
	p, stop := start(t, cfg)
	if err := p.Reload(t.Context(), [][]guest.Config{{hostile(t, "keep")}}); err != nil {
		t.Fatal(err)
	}
	for i := range rounds {
		put(t, service, testLogstore, 1+i*each, each)
		next := []string{"keep-table", "keep"}[i%2]
		if err := p.Reload(t.Context(), [][]guest.Config{{hostile(t, next)}}); err != nil {
			t.Fatal(err)
		}
	}
	for range rounds*each + 1 {
		select {
		case <-arrived:
		case <-time.After(time.Minute):
			t.Fatal("logs are missing")
		}
	}
	stop()
	if !slices.Equal(sink.events, numbers(0, rounds*each+1)) {
		t.Errorf("%d logs arrived, not each once and in order", len(sink.events))
	}
}

func TestReloadRefusesWhatIsWorse(t *testing.T) {
	service := newService(t, 10)
	arrived := make(chan struct{}, 100)
	sink := &fakeSink{accept: func(*abi.Event) error { arrived <- struct{}{}; return nil }}
	cfg := newConfig(t, service, sink)
	cfg.Flows[0].Sources[0].Until = ""
	cfg.Flows[0].Guests = []guest.Config{hostile(t, "keep")}
	p, stop := start(t, cfg)
	defer stop()
	<-arrived // the last batch is known
	for _, c := range []struct {
		guests []guest.Config
		err    string
	}{
		{[]guest.Config{hostile(t, "init-trap")}, "--transform: guest init-trap: "},
		{[]guest.Config{hostile(t, "always")}, "of the last 10 logs it fails 10 that the guest in use can transform; the first error: guest always: trap"},
		{nil, "0 guests in the place of 1"},
	} {
		if err := p.Reload(t.Context(), [][]guest.Config{c.guests}); err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("Reload: %v, want %q", err, c.err)
		}
	}
	// The one in use is still in use.
	put(t, service, testLogstore, 10, 10)
	for range 19 {
		<-arrived
	}
}

func TestReloadMendsAGuestThatFails(t *testing.T) {
	service := newService(t, 10)
	cfg := newConfig(t, service, &fakeSink{})
	cfg.Flows[0].Sources[0].Until = ""
	cfg.Flows[0].OnError = OnErrorDrop
	cfg.Flows[0].Guests = []guest.Config{hostile(t, "always")}
	p, stop := start(t, cfg)
	defer stop()
	if err := service.Await(t.Context(), func() bool { return service.CaughtUp(testProject, testLogstore, testGroup) }); err != nil {
		t.Fatal(err)
	}
	for _, next := range []string{"always", "keep"} {
		if err := p.Reload(t.Context(), [][]guest.Config{{hostile(t, next)}}); err != nil {
			t.Errorf("%s: %v", next, err)
		}
	}
}

func TestReloadWaitsForNoOneElse(t *testing.T) {
	service := newService(t, 1)
	hang := slstest.Log{Time: 1_700_000_000, Contents: []slstest.KV{{Key: "bad"}}}
	g := slstest.Group{Logs: slices.Repeat([]slstest.Log{hang}, 3)}
	if err := service.Put(testProject, testLogstore, slstest.AnyShard, g.Marshal()); err != nil {
		t.Fatal(err)
	}
	arrived := make(chan struct{}, 100)
	sink := &fakeSink{accept: func(*abi.Event) error { arrived <- struct{}{}; return nil }}
	cfg := newConfig(t, service, sink)
	second := cfg.Flows[0].Sources[0]
	second.Logstore = "second"
	cfg.Flows[0].Sources = append(cfg.Flows[0].Sources, second)
	for i := range cfg.Flows[0].Sources {
		cfg.Flows[0].Sources[i].Until = ""
	}
	spin := hostile(t, "spin")
	spin.TimeLimit = time.Second // for each of the three logs that hang
	cfg.Flows[0].OnError, cfg.Flows[0].Guests = OnErrorDrop, []guest.Config{spin}
	p, stop := start(t, cfg)
	if err := service.Await(t.Context(), func() bool { return len(p.flows[0].last.logs()) > 0 }); err != nil {
		t.Fatal(err)
	}
	reloaded := make(chan error)
	go func() { reloaded <- p.Reload(t.Context(), [][]guest.Config{{hostile(t, "keep")}}) }()
	put(t, service, "second", 100, 10)
	for range 10 {
		<-arrived
	}
	if c := p.Counts(); c.Pulled > 10 {
		t.Errorf("the healthy source waited for the hanging logs: %+v", c)
	}
	if err := <-reloaded; err != nil {
		t.Error(err)
	}
	stop()
}
