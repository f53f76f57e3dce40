package soak

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// testSeed is one of the few by which 300 logs have all the fates.
const testSeed = 4324

// A ledger is an account that is fed by hand.
type ledger struct {
	t *testing.T
	*account
}

func newLedger(t *testing.T) *ledger {
	l := &ledger{t, newAccount(testSeed, newHistory())}
	l.putting(300)
	return l
}

// first returns the number of the first log that the guest is asked this of.
func (l *ledger) first(do string) int {
	l.t.Helper()
	for n := range l.entries {
		if l.logs.fate(n).do == do {
			return n
		}
	}
	l.t.Fatalf("none of %d logs has the fate %q", len(l.entries), do)
	return 0
}

// event writes what has to arrive of a log.
func (l *ledger) event(n int) map[string]string {
	log := l.logs.put(n)
	e := map[string]string{"__topic__": topic, "__source__": source, receiveKey: "1760000000"}
	if log.Nanos != 0 {
		e["__time_ns_part__"] = strconv.Itoa(int(log.Nanos))
	}
	for _, kv := range log.Contents {
		e[kv.Key] = kv.Value
		if kv.Value == "e" && kv.Key == doKey {
			e["edited"] = "yes"
		}
	}
	return e
}

func (l *ledger) arrives(place, n int, event map[string]string) {
	l.t.Helper()
	text, err := json.Marshal(event)
	if err != nil {
		l.t.Fatal(err)
	}
	log := l.logs.put(n)
	l.arrived(place, text, int64(log.Time)*1e6+int64(log.Nanos)/1e3, arrival{life: "p0-1", at: time.Now()})
}

func (l *ledger) dies(n int, kind, reason string) { l.letter(l.letterOf(n, kind, reason)) }

func (l *ledger) letterOf(n int, kind, reason string) deadletter.Letter {
	log := l.logs.put(n)
	kept := abi.Log{Time: int64(log.Time)*1e9 + int64(log.Nanos)}
	add := func(key, value string) {
		kept.Fields = append(kept.Fields, abi.Field{Key: []byte(key), Value: []byte(value)})
	}
	add("__time__", strconv.Itoa(int(log.Time)))
	add("__topic__", topic)
	add("__source__", source)
	if log.Nanos != 0 {
		add("__time_ns_part__", strconv.Itoa(int(log.Nanos)))
	}
	add(receiveKey, "1760000000")
	for _, kv := range log.Contents {
		add(kv.Key, kv.Value)
	}
	return deadletter.Letter{Stage: deadletter.Stage{Kind: kind, Name: "test"}, Reason: reason, Log: kept}
}

// rest lets happen what has to happen to all logs but these.
func (l *ledger) rest(but ...int) {
	for n := range l.entries {
		f := l.logs.fate(n)
		if slices.Contains(but, n) {
			continue
		}
		for place, wanted := range f.at {
			if wanted {
				l.arrives(place, n, l.event(n))
			}
		}
		if f.stage != "" {
			l.dies(n, f.stage, "a reason: "+f.reason+".")
		}
	}
}

func TestAccountThatBalances(t *testing.T) {
	l := newLedger(t)
	l.rest()
	s := l.settle()
	if len(s.missing)+len(s.altered)+len(s.unexpected) > 0 {
		t.Errorf("%q %q %q", s.missing, s.altered, s.unexpected)
	}
	if s.put != 300 || s.delivered+s.dropped+s.deadLetters != s.put || s.dropped == 0 || s.deadLetters == 0 || s.duplicates != 0 {
		t.Errorf("%+v", s)
	}
}

// Whatever goes wrong with one log shows, and shows as that alone.
func TestAccountNotices(t *testing.T) {
	for name, tt := range map[string]struct {
		do   string // the fate of the log it happens to
		with func(l *ledger, n int)
		want string // missing, altered, unexpected and duplicates
	}{
		"lost":                 {"", func(*ledger, int) {}, "1 0 0 0"},
		"lost at one place":    {"b", func(l *ledger, n int) { l.arrives(toHEC, n, l.event(n)) }, "1 0 0 0"},
		"lost dead letter":     {"t", func(*ledger, int) {}, "1 0 0 0"},
		"twice":                {"", func(l *ledger, n int) { l.arrives(toHEC, n, l.event(n)); l.arrives(toHEC, n, l.event(n)) }, "0 0 0 1"},
		"at another place":     {"", func(l *ledger, n int) { l.arrives(toSyslog, n, l.event(n)) }, "1 0 1 0"},
		"dropped, and there":   {"d", func(l *ledger, n int) { l.arrives(toHEC, n, l.event(n)) }, "0 0 1 0"},
		"trapped, and there":   {"t", func(l *ledger, n int) { l.arrives(toHEC, n, l.event(n)) }, "1 0 1 0"},
		"another reason":       {"t", func(l *ledger, n int) { l.dies(n, deadletter.StageGuest, "reply: cut off") }, "0 0 1 0"},
		"another stage":        {"t", func(l *ledger, n int) { l.dies(n, deadletter.StageSink, "trap: unreachable") }, "0 0 1 0"},
		"innocent":             {"s", func(l *ledger, n int) { l.dies(n, deadletter.StageGuest, "trap: unreachable") }, "1 0 1 0"},
		"refused by nobody":    {"", func(l *ledger, n int) { l.dies(n, deadletter.StageSink, "refused (code 6)") }, "0 0 1 0"},
		"refused":              {"", func(l *ledger, n int) { l.refused("6", 1, n-1, n); l.dies(n, deadletter.StageSink, "refused (code 6)") }, "0 0 0 0"},
		"refused alone":        {"", func(l *ledger, n int) { l.refused("6", 2, n); l.dies(n, deadletter.StageSink, "refused (code 6)") }, "0 0 0 0"},
		"another refused":      {"", func(l *ledger, n int) { l.refused("6", 0, n-1, n); l.dies(n, deadletter.StageSink, "refused (code 6)") }, "0 0 1 0"},
		"another code":         {"", func(l *ledger, n int) { l.refused("12", 0, n); l.dies(n, deadletter.StageSink, "refused (code 6)") }, "0 0 1 0"},
		"one of two too large": {"", func(l *ledger, n int) { l.refused("413", -1, n, n+1); l.dies(n, deadletter.StageSink, "answered 413") }, "0 0 1 0"},
		"too large": {"", func(l *ledger, n int) {
			l.refused("413", -1, n)
			l.dies(n, deadletter.StageSink, "the receiver answered 413")
		}, "0 0 0 0"},
		"refused at one place":   {"b", func(l *ledger, n int) { l.refused("6", 0, n); l.dies(n, deadletter.StageSink, "refused (code 6)") }, "1 0 0 0"},
		"refused by chance":      {"i", func(l *ledger, n int) { l.refused("13", 0, n); l.dies(n, deadletter.StageSink, "blank? (code 13)") }, "0 0 0 0"},
		"refused for syslog":     {"s", func(l *ledger, n int) { l.refused("6", 0, n-1); l.dies(n, deadletter.StageSink, "refused (code 6)") }, "1 0 1 0"},
		"letter, changed":        {"t", func(l *ledger, n int) { l.change1(n) }, "0 1 0 0"},
		"edit left out":          {"e", func(l *ledger, n int) { l.arrivesWithout(n, "edited") }, "0 1 0 0"},
		"field gone":             {"", func(l *ledger, n int) { l.arrivesWithout(n, textKey) }, "0 1 0 0"},
		"field added":            {"", func(l *ledger, n int) { e := l.event(n); e["new"] = ""; l.arrives(toHEC, n, e) }, "0 1 0 0"},
		"value changed":          {"", func(l *ledger, n int) { e := l.event(n); e[textKey] += "."; l.arrives(toHEC, n, e) }, "0 1 0 0"},
		"no time of receipt":     {"", func(l *ledger, n int) { l.arrivesWithout(n, receiveKey) }, "0 1 0 0"},
		"two copies, one change": {"", func(l *ledger, n int) { l.arrives(toHEC, n, l.event(n)); l.arrivesWithout(n, textKey) }, "0 1 0 1"},
		"another's time": {"", func(l *ledger, n int) {
			text, _ := json.Marshal(l.event(n))
			l.arrived(toHEC, text, 0, arrival{})
		}, "0 1 0 0"},
		"no log": {"", func(l *ledger, n int) {
			l.arrives(toHEC, n, l.event(n))
			l.arrived(toHEC, []byte(`{"id":"999999"}`), 0, arrival{})
			l.arrived(toHEC, []byte(`"text"`), 0, arrival{})
		}, "0 0 2 0"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t)
			n := l.first(tt.do)
			l.rest(n)
			tt.with(l, n)
			s := l.settle()
			got := strings.Join([]string{strconv.Itoa(len(s.missing)), strconv.Itoa(len(s.altered)), strconv.Itoa(len(s.unexpected)), strconv.Itoa(s.duplicates)}, " ")
			if got != tt.want {
				t.Errorf("missing, altered, unexpected, duplicates: %s, want %s\n%q %q %q", got, tt.want, s.missing, s.altered, s.unexpected)
			}
			if s.delivered+s.dropped+s.deadLetters+len(s.missing) != s.put {
				t.Errorf("it does not add up: %+v", s)
			}
		})
	}
}

// refused lets a request of these logs be refused.
func (l *ledger) refused(code string, at int, logs ...int) {
	r := l.refuses(code, at)
	for _, n := range logs {
		l.held(r, fmt.Appendf(nil, `{"id":"%d"}`, n))
	}
}

func (l *ledger) arrivesWithout(n int, key string) {
	e := maps.Clone(l.event(n))
	delete(e, key)
	l.arrives(toHEC, n, e)
}

// change1 changes the last byte of a log on its way to the dead letters.
func (l *ledger) change1(n int) {
	letter := l.letterOf(n, deadletter.StageGuest, "trap: unreachable")
	last := &letter.Log.Fields[len(letter.Log.Fields)-1]
	last.Value = append(slices.Clone(last.Value), 'x')
	l.letter(letter)
}
