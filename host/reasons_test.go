package host

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

func TestLikeness(t *testing.T) {
	for _, c := range []struct{ reason, want string }{
		{"the receiver answered 400: Invalid data format (code 6)", "the receiver answered #: Invalid data format (code #)"},
		{`the guest routed it to "crown jewels"; the sinks are: a, b`, "the guest routed it to ...; the sinks are: a, b"},
		{`bad "quo\"ted" 17 and 4`, "bad ... # and #"},
		{`never closed "secret`, "never closed ..."},
		{"it ends in \x1b[31mred", `it ends in \x1b[#mred`},
		{"", ""},
		{strings.Repeat("ü", 500), strings.Repeat("ü", reasonLen/2) + "…"},
	} {
		if got := likeness(c.reason); got != c.want {
			t.Errorf("%q: %q, want %q", c.reason, got, c.want)
		}
	}
}

func FuzzLikeness(f *testing.F) {
	f.Add("the receiver answered 400: \"x\\\"y\" (code 6)")
	f.Add("\\\"`\x00\xff1")
	f.Fuzz(func(t *testing.T, reason string) {
		if got := likeness(reason); !utf8.ValidString(got) || len(got) > 11*reasonLen || strings.ContainsAny(got, "\n\r\x1b") {
			t.Errorf("%q", got)
		}
	})
}

func TestReasonsAreBounded(t *testing.T) {
	var r reasons
	named := []NamedSink{{Name: "splunk"}}
	for i := range 1000 { // words without a digit, so that each is new
		words := strings.Map(func(c rune) rune { return c - '0' + 'a' }, fmt.Sprint(i))
		r.add([]deadletter.Letter{
			{Stage: deadletter.Stage{Kind: deadletter.StageGuest, Name: "g.wasm"}, Reason: words},
			{Stage: deadletter.Stage{Kind: deadletter.StageSink, Name: "route " + words}, Reason: "no such sink"},
			{Stage: deadletter.Stage{Kind: deadletter.StageSink, Name: "splunk"}, Reason: "answered 400"},
		}, []string{"trap", refusedBySink, refusedBySink}, named)
	}
	all := r.snapshot()
	if len(all) > mostReasons+1 {
		t.Errorf("%d reasons", len(all))
	}
	sums := map[string]uint64{}
	for i, c := range all {
		sums[c.Name] += c.N
		if i > 0 && c.N > all[i-1].N {
			t.Errorf("%+v comes after %+v", c, all[i-1])
		}
	}
	if sums["g.wasm"] != 1000 || sums["splunk"] != 1000 || sums[noSuchSink] != 1000 || len(sums) != 3 {
		t.Errorf("%v", sums)
	}
}

func TestKindOf(t *testing.T) {
	for want, err := range map[string]error{
		"trap":         &guest.Fault{Kind: guest.Trap, Err: errors.New("unreachable")},
		"time limit":   &guest.Fault{Kind: guest.Time},
		refusedByGuest: abi.FailError("no"),
	} {
		if got := kindOf(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}
