package soak

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// The places where a log can be delivered, by the names of the sinks.
const (
	toHEC = iota
	toSyslog
	places
)

var placeNames = [places]string{"hec", "syslog"}

// A fate is what the guest is asked to do with a log, and what has to become
// of the log then: it arrives at some places, or becomes a dead letter, or
// (neither) is dropped.
type fate struct {
	do     string // the field "do"; empty: left out
	weight int    // of the sum of all
	fault  string // the name under which it is counted as a fault; empty: none
	at     [places]bool
	stage  string // of the dead letter; empty: none
	reason string // in it
}

var fates = []fate{
	{do: "", weight: 5500, at: [places]bool{toHEC: true}},
	{do: "e", weight: 1500, at: [places]bool{toHEC: true}},
	{do: "s", weight: 1800, at: [places]bool{toSyslog: true}},
	{do: "b", weight: 400, at: [places]bool{true, true}},
	{do: "d", weight: 700},
	{do: "t", weight: 14, fault: "guest_trap", stage: deadletter.StageGuest, reason: "trap: unreachable"},
	{do: "l", weight: 10, fault: "guest_loop", stage: deadletter.StageGuest, reason: "time limit: still running"},
	{do: "m", weight: 14, fault: "guest_malformed_reply", stage: deadletter.StageGuest, reason: "verdict 9 is not known"},
	{do: "f", weight: 14, fault: "guest_fail", stage: deadletter.StageGuest, reason: "as asked"},
	{do: "n", weight: 14, fault: "guest_unknown_route", stage: deadletter.StageSink, reason: `routed it to "nowhere!"`},
	{do: "i", weight: 14, fault: "event_refused_index", stage: deadletter.StageSink, reason: "(code 7)"},
	{do: "w", weight: 14, fault: "event_blank", stage: deadletter.StageSink, reason: "blank"},
}

var allWeights = func() (sum int) {
	for _, f := range fates {
		sum += f.weight
	}
	return sum
}()

// logs makes the log of each number, and says what has to become of it: both
// follow from the seed, so that nothing of a log need be kept.
type logs struct{ seed uint64 }

const (
	topic      = "soak"
	source     = "10.0.0.1"
	firstTime  = 1_760_000_000 // seconds, of log 0
	idKey      = "id"
	doKey      = "do"
	textKey    = "text"
	receiveKey = "__tag__:__receive_time__"
)

// fate is drawn before anything else of a log.
func (l logs) fate(n int) *fate { return drawFate(dice(l.seed, "log", n)) }

func drawFate(r *rand.Rand) *fate {
	at := r.IntN(allWeights)
	for i := range fates {
		if at -= fates[i].weight; at < 0 {
			return &fates[i]
		}
	}
	panic("the weights do not add up")
}

// put returns the log of a number as it is put.
func (l logs) put(n int) slstest.Log {
	r := dice(l.seed, "log", n)
	f := drawFate(r)
	log := slstest.Log{Time: uint32(firstTime + n), Nanos: uint32(r.IntN(1_000_000) * 1000)}
	log.Contents = append(log.Contents, slstest.KV{Key: idKey, Value: strconv.Itoa(n)})
	if f.do != "" {
		log.Contents = append(log.Contents, slstest.KV{Key: doKey, Value: f.do})
	}
	log.Contents = append(log.Contents, slstest.KV{Key: textKey, Value: text(r)})
	if r.IntN(4) == 0 {
		log.Contents = append(log.Contents, slstest.KV{Key: keys[r.IntN(len(keys))], Value: text(r)})
	}
	return log
}

// group is a LogGroup of these logs.
func (l logs) group(first, n int) []byte {
	g := slstest.Group{Topic: topic, Source: source}
	for i := range n {
		g.Logs = append(g.Logs, l.put(first+i))
	}
	return g.Marshal()
}

var keys = []string{"key", "", "a b", `"quoted"\`, "ключ", "torn\xff", "event", "\n"}

// text is one of the kinds of values that programs meet, and trip over.
func text(r *rand.Rand) string {
	switch kind := r.IntN(1000); {
	case kind < 100:
		return ""
	case kind < 600:
		return fmt.Sprintf("%0*d", 1+r.IntN(120), r.IntN(1e9))
	case kind < 780:
		return many(1+r.IntN(60), func() string { return string(runes[r.IntN(len(runes))]) })
	case kind < 880:
		return many(1+r.IntN(40), func() string { return awkward[r.IntN(len(awkward))] })
	case kind < 975:
		return many(1+r.IntN(40), func() string { return string([]byte{byte(r.IntN(256))}) })
	case kind < 999:
		return strings.Repeat("0123456789abcdef", 1+r.IntN(512)) // up to 8 KiB
	default:
		return strings.Repeat("large \u00fc ", 1+r.IntN(8<<10)) // up to 72 KiB: more than a request takes
	}
}

var (
	runes   = []rune("aZ09 äßéñçøŁжЯкλΩשع中文字日本語한글ไทย🙂🚀\u200b\u2028\u2029\ufeff\ufffd")
	awkward = []string{`"`, `\`, "\n", "\r\n", "\t", "\x00", "\x1b[31m", "</script>", `{"a":[1,null]}`, "<34>1 - ", "12 <34>", "||", "\u0085", "\x7f"}
)

func many(n int, one func() string) string {
	var b strings.Builder
	for range n {
		b.WriteString(one())
	}
	return b.String()
}

// arrived says whether an event is what has to arrive of the log of a number:
// the same fields, its time beside them, and the guest's edit.
func (l logs) arrived(n int, event []byte, micros int64) error {
	log := l.put(n)
	if want := int64(log.Time)*1e6 + int64(log.Nanos)/1e3; micros != want {
		return fmt.Errorf("its time is %d µs, want %d", micros, want)
	}
	want := map[string]string{"__topic__": topic, "__source__": source}
	if log.Nanos != 0 {
		want["__time_ns_part__"] = strconv.Itoa(int(log.Nanos))
	}
	for _, kv := range log.Contents {
		want[whole(kv.Key)] = whole(kv.Value)
	}
	if want[doKey] == "e" {
		want["edited"] = "yes"
	}
	var got map[string]string
	if err := json.Unmarshal(event, &got); err != nil {
		return fmt.Errorf("it is no object of texts: %w", err)
	}
	if got[receiveKey] == "" {
		return fmt.Errorf("it has no %s", receiveKey)
	}
	delete(got, receiveKey)
	return same(got, want)
}

// whole is a text as JSON can hold it: what is no UTF-8 becomes U+FFFD.
func whole(s string) string { return string([]rune(s)) }

// kept says whether a dead letter holds the log of a number, byte for byte.
func (l logs) kept(n int, kept *abi.Log) error {
	log := l.put(n)
	if want := int64(log.Time)*1e9 + int64(log.Nanos); kept.Time != want {
		return fmt.Errorf("its time is %d ns, want %d", kept.Time, want)
	}
	want := map[string]string{"__topic__": topic, "__source__": source, "__time__": strconv.Itoa(int(log.Time))}
	if log.Nanos != 0 {
		want["__time_ns_part__"] = strconv.Itoa(int(log.Nanos))
	}
	for _, kv := range log.Contents {
		want[kv.Key] = kv.Value
	}
	got := map[string]string{}
	for _, f := range kept.Fields {
		got[string(f.Key)] = string(f.Value)
	}
	delete(got, receiveKey)
	return same(got, want)
}

func same(got, want map[string]string) error {
	if maps.Equal(got, want) {
		return nil
	}
	for k, v := range want {
		if g, ok := got[k]; !ok || g != v {
			return fmt.Errorf("field %q is %.200q, want %.200q", k, g, v)
		}
	}
	return fmt.Errorf("it has %d fields, want %d", len(got), len(want))
}

// number returns the number of a log by its event.
func number(event []byte) (int, error) {
	var e struct{ ID string }
	if err := json.Unmarshal(event, &e); err != nil {
		return 0, err
	}
	return strconv.Atoi(e.ID)
}
