package host

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// twoFlows consumes two logstores: the first goes to the sink "first", the
// second through a guest to "other".
func twoFlows(t *testing.T, service *slstest.Server, first, other sinks.Sink) Config {
	cfg := newConfig(t, service, first)
	cfg.Sinks = append(cfg.Sinks, NamedSink{"other", other})
	second := cfg.Flows[0]
	second.Name, second.Sinks, second.Guests = "second", []string{"other"}, []guest.Config{hostile(t, "keep")}
	second.Sources = slices.Clone(second.Sources)
	second.Sources[0].Logstore = "second"
	cfg.Flows[0].Name, cfg.Flows[0].Sinks = "main", []string{"first", "other"}
	cfg.Flows = append(cfg.Flows, second)
	return cfg
}

func TestEachFlowHasItsOwnWay(t *testing.T) {
	service, first, other := newService(t, 50), &fakeSink{}, &fakeSink{}
	put(t, service, "second", 100, 50)
	c, err := run(t, twoFlows(t, service, first, other))
	if err != nil || c.Delivered != 100 {
		t.Errorf("%+v, %v", c, err)
	}
	if !slices.Equal(first.events, numbers(0, 50)) || !slices.Equal(other.events, numbers(100, 50)) {
		t.Errorf("first has %v, other has %v", first.events, other.events)
	}
}

func TestFlowsAreChecked(t *testing.T) {
	service := newService(t, 1)
	for want, edit := range map[string]func(*Config){
		`second: there is no sink "third"`:  func(c *Config) { c.Flows[1].Sinks = []string{"third"} },
		"second: --transform: guest":        func(c *Config) { c.Flows[1].Guests = []guest.Config{hostile(t, "init-trap")} },
		"source host-project/: --logstore ": func(c *Config) { c.Flows[1].Sources[0].Logstore = "" },
	} {
		cfg := twoFlows(t, service, &fakeSink{}, &fakeSink{})
		edit(&cfg)
		if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// unbounded runs until everything is consumed from both logstores.
func unbounded(t *testing.T, service *slstest.Server, cfg Config) error {
	t.Helper()
	for i := range cfg.Flows {
		cfg.Flows[i].Sources[0].Until = ""
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- p.Run(ctx) }()
	caughtUp := service.Await(ctx, func() bool {
		return service.CaughtUp(testProject, testLogstore, testGroup) && service.CaughtUp(testProject, "second", testGroup)
	})
	if !errors.Is(caughtUp, context.DeadlineExceeded) {
		cancel()
	}
	err = <-ended
	return errors.Join(err, p.Close(t.Context()))
}

func TestSourceThatFailsIsOpenedAgain(t *testing.T) {
	ofSecond := func(c slstest.Call) bool { return c.Logstore == "second" }
	for name, fault := range map[string]slstest.Fault{
		"running": {Kind: slstest.PullLogs, When: ofSecond, Nth: 1, Status: 404, Code: "LogStoreNotExist"},
		"opening": {Kind: slstest.ListShards, When: ofSecond, Nth: 1, Status: 404, Code: "LogStoreNotExist"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service, first, other := newService(t, 50), &fakeSink{}, &fakeSink{}
			put(t, service, "second", 100, 50)
			service.Inject(fault)
			if err := unbounded(t, service, twoFlows(t, service, first, other)); err != nil {
				t.Error(err)
			}
			if !slices.Equal(first.events, numbers(0, 50)) || !slices.Equal(other.events, numbers(100, 50)) {
				t.Errorf("first has %v, other has %v", first.events, other.events)
			}
		})
	}
}

func TestSourceThatFailsEndsAll(t *testing.T) {
	gone := slstest.Fault{Kind: slstest.PullLogs, When: func(c slstest.Call) bool { return c.Logstore == "second" }, Status: 404, Code: "LogStoreNotExist"}
	for name, edit := range map[string]func(*Config){
		"--exit-on-failure": func(c *Config) { c.ExitOnFailure = true },
		"alone":             func(c *Config) { c.Flows = c.Flows[1:] },
	} {
		service := newService(t, 1)
		service.Inject(gone)
		cfg := twoFlows(t, service, &fakeSink{}, &fakeSink{})
		edit(&cfg)
		for i := range cfg.Flows {
			cfg.Flows[i].Sources[0].Until = ""
		}
		p, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "source host-project/second: ") {
			t.Errorf("%s: %v", name, err)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestHaltEndsAll: --on-error halt means that everything stops.
func TestHaltEndsAll(t *testing.T) {
	service := newService(t, 1)
	put(t, service, "second", 100, 1)
	cfg := twoFlows(t, service, &fakeSink{}, &fakeSink{})
	cfg.Flows[1].OnError, cfg.Flows[1].Guests = OnErrorHalt, []guest.Config{hostile(t, "always")}
	for i := range cfg.Flows {
		cfg.Flows[i].Sources[0].Until = ""
	}
	p, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing was skipped") {
		t.Error(err)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAllSourcesFailAtTheStart(t *testing.T) {
	service := newService(t, 1)
	service.Inject(slstest.Fault{Kind: slstest.ListShards, Status: 404, Code: "LogStoreNotExist"})
	cfg := twoFlows(t, service, &fakeSink{}, &fakeSink{})
	for i := range cfg.Flows {
		cfg.Flows[i].Sources[0].Until = ""
	}
	if _, err := Open(t.Context(), cfg); err == nil || strings.Count(err.Error(), "LogStoreNotExist") != 2 {
		t.Error(err)
	}
}

// TestLettersNameTheirFlow: two flows may consume one logstore.
func TestLettersNameTheirFlow(t *testing.T) {
	service := newService(t, 1)
	no := func(*abi.Event) error { return &sinks.Rejected{Reason: "no"} }
	cfg := twoFlows(t, service, &fakeSink{accept: no}, &fakeSink{accept: no})
	cfg.Flows[1].Sources[0].Logstore, cfg.Flows[1].Sources[0].Group = testLogstore, "another"
	if c, err := run(t, cfg); err != nil || c.DeadLetters != 2 {
		t.Fatalf("%+v, %v", c, err)
	}
	var flows []string
	for _, l := range letters(t, cfg.DeadLetters) {
		flows = append(flows, l.Flow)
	}
	slices.Sort(flows)
	if !slices.Equal(flows, []string{"main", "second"}) {
		t.Errorf("the letters are of %q", flows)
	}
}

func TestResendGoesTheWayOfTheLetter(t *testing.T) {
	service, first, other := newService(t, 0), &fakeSink{}, &fakeSink{}
	var all []deadletter.Letter
	for i, from := range []struct{ flow, logstore string }{
		{"", testLogstore}, {"second", "second"}, {"main", "second"}, {"", "second"}, {"gone", "second"}, {"second", testLogstore},
	} {
		field := abi.Field{Key: []byte("n"), Value: []byte(numbers(i, 1)[0])}
		all = append(all, deadletter.Letter{Flow: from.flow, Project: testProject, Logstore: from.logstore, Cursor: "c", Log: abi.Log{Fields: []abi.Field{field}}})
	}
	c, err := resend(t, twoFlows(t, service, first, other), all)
	if err != nil || c.Delivered != 6 || !slices.Equal(first.events, []string{"0", "2"}) || !slices.Equal(other.events, []string{"1", "3", "4", "5"}) {
		t.Errorf("%+v, %v; first has %v, other has %v", c, err, first.events, other.events)
	}
}

// A silentSink does not answer when it is asked first.
type silentSink struct{ fakeSink }

func (*silentSink) Check(ctx context.Context) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

func TestReceiverThatIsSilentAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := errors.Join(checkSinks(ctx, []NamedSink{{"first", &fakeSink{}}, {"other", &silentSink{}}}, slog.New(slog.NewTextHandler(&out, nil)))...)
		if err == nil || !strings.HasPrefix(err.Error(), "sink other: ") {
			t.Error(err)
		}
		synctest.Wait()
		if strings.Count(out.String(), "the receiver has not answered yet") != 1 || !strings.Contains(out.String(), "sink=other") {
			t.Error(out.String())
		}
	})
}

// A deadSink has a receiver that is down.
type deadSink struct{ fakeSink }

func (*deadSink) Check(context.Context) error { return errDown }

func TestReceiverThatIsDownAtTheStart(t *testing.T) {
	for name, c := range map[string]struct {
		edit   func(*Config)
		starts bool
	}{
		"another flow does without": {func(*Config) {}, true},
		"no flow does without":      {func(c *Config) { c.Flows[1].Sinks = nil }, false},
		"only one flow":             {func(c *Config) { c.Flows = c.Flows[:1] }, false},
		"--exit-on-failure":         {func(c *Config) { c.ExitOnFailure = true }, false},
		"--until":                   {func(c *Config) { c.Flows[1].Sources[0].Until = shard.Now }, false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := twoFlows(t, newService(t, 1), &deadSink{}, &fakeSink{})
			for i := range cfg.Flows {
				cfg.Flows[i].Sources[0].Until = ""
			}
			c.edit(&cfg)
			p, err := Open(t.Context(), cfg)
			if started := err == nil; started != c.starts || !started && !errors.Is(err, errDown) {
				t.Errorf("started: %v, %v", started, err)
			}
			if p != nil && err == nil {
				if err := p.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestOthersReachTheEnd: in a run with an end, one source that fails is told in
// the end, and the others get there.
func TestOthersReachTheEnd(t *testing.T) {
	service, first, other := newService(t, 50), &fakeSink{}, &fakeSink{}
	put(t, service, "second", 100, 50)
	service.Inject(slstest.Fault{Kind: slstest.PullLogs, When: func(c slstest.Call) bool { return c.Logstore == "second" }, Status: 404, Code: "LogStoreNotExist"})
	_, err := run(t, twoFlows(t, service, first, other))
	if err == nil || !strings.HasPrefix(err.Error(), "source host-project/second: ") {
		t.Error(err)
	}
	if !slices.Equal(first.events, numbers(0, 50)) || len(other.events) > 0 {
		t.Errorf("first has %v, other has %v", first.events, other.events)
	}
}

// TestLettersOfNobodyGoNowhere: what one receiver was to get must not reach
// another because a file lacks a source.
func TestLettersOfNobodyGoNowhere(t *testing.T) {
	service, first, other := newService(t, 0), &fakeSink{}, &fakeSink{}
	of := func(project, logstore string) deadletter.Letter {
		return deadletter.Letter{Project: project, Logstore: logstore, Cursor: "c", Log: abi.Log{Fields: []abi.Field{{Key: []byte("n"), Value: []byte("1")}}}}
	}
	_, err := resend(t, twoFlows(t, service, first, other), []deadletter.Letter{of(testProject, "second"), of(testProject, "third")})
	if err == nil || !strings.HasPrefix(err.Error(), "letters:2: it is of logstore third of project host-project, which no source names") {
		t.Error(err)
	}
	if len(first.events) > 0 || len(other.events) != 1 {
		t.Errorf("first has %v, other has %v", first.events, other.events)
	}
}
