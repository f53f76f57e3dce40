package hec

import (
	"fmt"
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

// bound gives all events an index that a guest chose.
func bound(events []abi.Event, index string) []abi.Event {
	meta := abi.NoMeta()
	meta.Index = []byte(index)
	for i := range events {
		events[i].Meta = &meta
	}
	return events
}

// An index of the settings is no event's fault: everything would go to the
// dead letters for it.
func TestWrongIndexOfTheSettingsHolds(t *testing.T) {
	said := "held: the receiver answered 400: Incorrect index (code 7); allow the index for the token, or "
	for name, c := range map[string]struct {
		index  string
		events []abi.Event
		want   string
	}{
		"configured":       {"clould", numbered(4), `change --hec-index ("clould")`},
		"the token's":      {"", numbered(4), "give one with --hec-index: the token's default index was refused"},
		"chosen the same":  {"clould", bound(numbered(4), "clould"), `change --hec-index ("clould")`},
		"no index in meta": {"clould", bound(numbered(4), ""), `change --hec-index ("clould")`},
	} {
		for at := range 4 {
			for _, number := range []int{at + 1, sinktest.NoNumber} { // Splunk counts from 1
				t.Run(fmt.Sprint(name, at, number), func(t *testing.T) {
					bad := withIndexed(sinktest.HECError(400, 7, number), at)
					s, r := start(t, sinktest.HECOptions{Answer: func(int) *sinktest.HECAnswer { return &bad }},
						func(cfg *Config) { cfg.Index = c.index })
					n, err := s.Send(t.Context(), c.events)
					if wantN := max(number-1, 0); n != wantN || !isHold(err) || err.Error() != said+c.want {
						t.Errorf("%d, %v; want %d, %s", n, err, wantN, said+c.want)
					}
					if got := len(arrived(t, r)); number != sinktest.NoNumber && got != n {
						t.Errorf("%d arrived, %d counted", got, n)
					}
				})
			}
		}
	}
}

// Once somebody has allowed the index, everything is delivered.
func TestHeldForItsIndex(t *testing.T) {
	script := sinktest.HECScript(withIndexed(sinktest.HECError(400, 7, 2), 1), sinktest.HECError(400, 7, 1))
	s, r := start(t, sinktest.HECOptions{Answer: script})
	got, _ := deliver(t, s, r, numbered(4))
	if want := (delivery{arrived: "0 1 2 3", stats: sinks.Stats{Delivered: 4, Holds: 2}}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// An index that a guest chose is the fault of the one event.
func TestWrongIndexOfAGuestIsRejected(t *testing.T) {
	for at, arrived := range []string{"1 2 3", "0 2 3", "0 1 3", "0 1 2"} {
		bad := withIndexed(sinktest.HECError(400, 7, at+1), at)
		s, r := start(t, sinktest.HECOptions{Answer: sinktest.HECScript(bad)}, func(c *Config) { c.Index = "main" })
		got, _ := deliver(t, s, r, bound(numbered(4), "mine"))
		if want := refused(arrived, fmt.Sprint(at)); got != want {
			t.Errorf("event %d: got %+v, want %+v", at, got, want)
		}
	}
	// Without a number that makes sense, halves are tried as for other codes.
	for _, number := range []int{sinktest.NoNumber, 0, 5} {
		bad := sinktest.HECError(400, 7, number)
		s, r := start(t, sinktest.HECOptions{Answer: sinktest.HECScript(bad, ok(2), bad, bad)})
		got, _ := deliver(t, s, r, bound(numbered(4), "mine"))
		if want := refused("0 1 3", "2"); got != want {
			t.Errorf("number %d: got %+v, want %+v", number, got, want)
		}
	}
}
