package host

import (
	"strings"
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/tap"
)

// What a guest does to a log, the tap shows, also of the second in a chain.
func TestTapShowsBatches(t *testing.T) {
	for _, c := range []struct {
		guests  []string
		onError OnError
		want    tap.Verdict
		by      string // the guest that failed it
	}{
		{nil, OnErrorDeadLetter, tap.Kept, ""},
		{[]string{"keep"}, OnErrorDeadLetter, tap.Kept, ""},
		{[]string{"drop"}, OnErrorDeadLetter, tap.Dropped, ""},
		{[]string{"keep", "always"}, OnErrorDeadLetter, tap.Failed, "always"},
		{[]string{"always", "keep"}, OnErrorPass, tap.Failed, "always"},
		{[]string{"always", "always"}, OnErrorDrop, tap.Failed, "always"},
	} {
		t.Run(strings.Join(c.guests, " ")+" "+string(c.onError), func(t *testing.T) {
			cfg := newConfig(t, newService(t, 3), &fakeSink{})
			cfg.Tap = tap.New()
			cfg.Flows[0].Name, cfg.Flows[0].OnError, cfg.Flows[0].Guests = "main", c.onError, []guest.Config{}
			for _, name := range c.guests {
				cfg.Flows[0].Guests = append(cfg.Flows[0].Guests, hostile(t, name))
			}
			w, err := cfg.Tap.Watch(tap.Filter{Flow: "main", Source: testProject + "/" + testLogstore})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if _, err := run(t, cfg); err != nil {
				t.Fatal(err)
			}
			if n := len(w.Pairs()); n != 3 {
				t.Fatalf("%d pairs came", n)
			}
			if p := <-w.Pairs(); p.Verdict != c.want || p.Guest != c.by || (c.by != "") != (p.Reason != "") {
				t.Errorf("got %+v", p)
			}
		})
	}
}

// The log that halts a run is shown, in the place of its batch.
func TestTapShowsWhatHalts(t *testing.T) {
	cfg := newConfig(t, newService(t, 3), &fakeSink{})
	cfg.Tap = tap.New()
	cfg.Flows[0].Name, cfg.Flows[0].OnError = "main", OnErrorHalt
	cfg.Flows[0].Guests = []guest.Config{hostile(t, "keep"), hostile(t, "always")}
	w, err := cfg.Tap.Watch(tap.Filter{Flow: "main", Source: testProject + "/" + testLogstore})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := run(t, cfg); err == nil {
		t.Fatal("it does not halt")
	}
	select {
	case p := <-w.Pairs():
		if p.Verdict != tap.Failed || p.Guest != "always" || p.Reason == "" || len(p.Before) == 0 {
			t.Errorf("got %+v", p)
		}
	default:
		t.Error("nothing came")
	}
}

func TestNobodyWatchesTheTap(t *testing.T) {
	sink := &fakeSink{accept: func(*abi.Event) error { return nil }}
	cfg := newConfig(t, newService(t, 3), sink)
	cfg.Tap = tap.New()
	if c, err := run(t, cfg); err != nil || c.Delivered != 3 {
		t.Errorf("%+v, %v", c, err)
	}
}
