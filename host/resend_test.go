package host

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

func name(i int) string { return "letters:" + strconv.Itoa(i+1) }

// resend opens a pipeline that consumes nothing, and passes letters through it.
func resend(t *testing.T, cfg Config, all []deadletter.Letter) (Counts, error) {
	t.Helper()
	cfg.Resend = true
	p, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Resend(t.Context(), all, name)
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
	return p.Counts(), err
}

// TestResend makes letters with a guest that fails everything, and sends them
// again without it: the logs are those that were pulled, and their identities
// too.
func TestResend(t *testing.T) {
	service := newService(t, 10)
	ids := map[string]string{}
	know := func(e *abi.Event) error {
		n, _ := e.Get("n")
		ids[string(e.ID)] = string(n)
		return nil
	}
	cfg := newConfig(t, service, &fakeSink{accept: know})
	cfg.EventIDs = true
	if _, err := run(t, cfg); err != nil {
		t.Fatal(err)
	}
	pulled := maps.Clone(ids)
	clear(ids)

	first := newConfig(t, service, &fakeSink{})
	first.Flows[0].Sources[0].Group = "failing"
	first.Flows[0].Guests = []guest.Config{hostile(t, "always")}
	if c, err := run(t, first); err != nil || c.DeadLetters != 10 {
		t.Fatalf("%+v, %v", c, err)
	}
	all := letters(t, first.DeadLetters)

	sink := &fakeSink{accept: know}
	again := newConfig(t, service, sink)
	again.EventIDs = true
	c, err := resend(t, again, all)
	if err != nil || c.Delivered != 10 || c.DeadLetters != 0 || !slices.Equal(sink.events, numbers(0, 10)) {
		t.Errorf("%+v, %v, %v", c, sink.events, err)
	}
	if !maps.Equal(ids, pulled) {
		t.Errorf("identities changed:\n%v\n%v", pulled, ids)
	}
}

// TestResendFailsAgain keeps the log's place in the new letter.
func TestResendFailsAgain(t *testing.T) {
	service := newService(t, 3)
	first := newConfig(t, service, &fakeSink{accept: func(*abi.Event) error { return &sinks.Rejected{Reason: "no"} }})
	if _, err := run(t, first); err != nil {
		t.Fatal(err)
	}
	all := letters(t, first.DeadLetters)
	again := newConfig(t, service, &fakeSink{})
	again.Flows[0].Guests = []guest.Config{hostile(t, "always")}
	if c, err := resend(t, again, all); err != nil || c.DeadLetters != 3 || c.Failed != 3 {
		t.Errorf("%+v, %v", c, err)
	}
	for i, l := range letters(t, again.DeadLetters) {
		was := all[i]
		if l.Stage.Kind != deadletter.StageGuest || l.Cursor != was.Cursor || l.Index != was.Index || l.Shard != was.Shard ||
			l.Project != testProject || l.Logstore != testLogstore {
			t.Errorf("%+v\nwas %+v", l, was)
		}
	}
	again.Flows[0].OnError, again.DeadLetters = OnErrorHalt, again.DeadLetters+".other"
	if c, err := resend(t, again, all); err == nil || !strings.HasPrefix(err.Error(), "letters:1: guest always: ") || c.Pulled != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestResendPanics(t *testing.T) {
	service := newService(t, 0)
	cfg := newConfig(t, service, &fakeSink{accept: func(*abi.Event) error { panic("in the sink") }})
	_, err := resend(t, cfg, []deadletter.Letter{{Project: testProject, Logstore: testLogstore}})
	if err == nil || !strings.Contains(err.Error(), "in the sink") {
		t.Errorf("%v", err)
	}
}
