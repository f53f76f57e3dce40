package hec

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

// One bad event in 10,000: it alone is rejected, with the receiver's reason,
// and all others are delivered, in order. How often an event arrives is told
// by what the receiver indexed of the requests that it refused:
//
//   - nothing twice when it says which event is bad, and acknowledgement is off;
//   - with acknowledgement, once more what stood before the bad one: it was
//     indexed, but nothing was promised for it;
//   - when it does not say which one, once more what stood before the bad one
//     in each half that was tried.
func TestOneBadEventInTenThousand(t *testing.T) {
	for _, code := range []int{6, 7, 12, 13, 15} {
		for name, number := range map[string]func(int) int{
			"told":         nil,
			"not told":     func(int) int { return sinktest.NoNumber },
			"out of range": func(n int) int { return n + 10_000 },
		} {
			for _, ack := range []bool{false, true} {
				for _, size := range []string{"small", "Cloud"} {
					if size == "Cloud" && (code > 7 || name == "out of range") { // only code 6 may mean the size
						continue
					}
					t.Run(fmt.Sprintf("code %d number %s ack %v %s", code, name, ack, size), func(t *testing.T) {
						t.Parallel()
						bad := badEvent{code: code, number: number, ack: ack, cloud: size == "Cloud", of: 10_000, at: 6789}
						if ack && size == "small" { // every refusal sends all of it again, which takes long under the race detector
							bad.of, bad.at = 2_000, 1357
						}
						isolate(t, bad)
					})
				}
			}
		}
	}
}

// The first and the last one are as good as any.
func TestOneBadEventAtTheEnds(t *testing.T) {
	for _, at := range []int{0, 1, 299, 300} {
		for _, code := range []int{6, 7} {
			for _, ack := range []bool{false, true} {
				t.Run(fmt.Sprintf("event %d code %d ack %v", at, code, ack), func(t *testing.T) {
					t.Parallel()
					isolate(t, badEvent{code: code, ack: ack, of: 301, at: at})
				})
			}
		}
	}
}

type badEvent struct {
	code   int
	number func(int) int
	ack    bool
	cloud  bool // bodies are larger than the receiver takes, which answers like Splunk Cloud
	of, at int
}

// cloudSize is more than Splunk Cloud may be suspected of refusing, so that a
// bad first event and a body that is too large look the same.
const cloudSize = 1_050_000

func isolate(t *testing.T, bad badEvent) {
	count := make([]int, bad.of)
	last, disorder := -1, 0
	opt := sinktest.HECOptions{
		Indexes: []string{"main"}, Number: bad.number,
		Acks: sinktest.HECAcks{On: bad.ack, After: 1},
		Refuse: func(e *sinktest.HECEvent) int {
			if strings.Contains(string(e.Event), `"bad"`) {
				return bad.code
			}
			return 0
		},
		OnEvent: func(e *sinktest.HECEvent) {
			n := numberOf(t, e)
			if count[n]++; count[n] == 1 {
				disorder += min(max(last-n, 0), 1)
				last = n
			}
		},
	}
	change := func(c *Config) { c.Ack = bad.ack }
	if bad.cloud {
		opt.CloudMaxBody = cloudSize
		change = func(c *Config) { c.Ack, c.MaxBody = bad.ack, 2*cloudSize }
	}
	s, r := start(t, opt, change)
	s.polling = polling{first: time.Millisecond, longest: time.Millisecond, lost: hour}
	events := bad.events()
	got, reasons := deliver(t, s, r, events)

	want := delivery{rejected: fmt.Sprint(bad.at), stats: sinks.Stats{Delivered: uint64(bad.of - 1), Rejected: 1}}
	if got != want {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
	if !strings.Contains(reasons[0], fmt.Sprintf("(code %d)", bad.code)) {
		t.Errorf("reason %q", reasons[0])
	}
	twice := 0
	for n, times := range count {
		if (times == 0) != (n == bad.at) {
			t.Fatalf("event %d arrived %d times", n, times)
		}
		twice += max(times-1, 0)
	}
	if disorder > 0 && !bad.ack { // what was promised is indexed later than what was refused
		t.Errorf("%d events arrived for the first time behind a later one", disorder)
	}
	repeats := bad.repeats(r.Requests())
	if twice != repeats || bad.number == nil && !bad.ack && twice != 0 {
		t.Errorf("%d arrived twice, and %d were indexed of requests that were refused", twice, repeats)
	}
	t.Logf("%d arrived twice; %d requests", twice, len(r.Requests()))
}

// repeats is how many events were indexed by requests that did not deliver
// them.
func (b badEvent) repeats(requests []sinktest.HECRequest) (n int) {
	for _, req := range requests {
		if req.Status != 200 && (b.ack || b.number != nil) {
			n += req.Events
		}
	}
	return n
}

// events are those, and the bad one: of such content that the receiver minds
// it with its code, as far as this sink can write it at all.
func (b badEvent) events() []abi.Event {
	pad := ""
	if b.cloud {
		pad = strings.Repeat("x", 80)
	}
	events := numbered(b.of)
	for i := range events {
		events[i].Fields = append(events[i].Fields, field("pad", pad))
	}
	e := &events[b.at]
	switch b.code {
	case 6:
		e.Fields = append(e.Fields, abi.Field{Key: []byte("broken"), Value: []byte("{"), JSON: true})
	case 7:
		e.Meta = forbidden()
	default: // the receiver is told what to mind
		e.Fields = append(e.Fields, field("bad", ""))
	}
	return events
}

// numberOf reads {"n":"7",...}: faster than encoding/json, which matters here.
func numberOf(t *testing.T, e *sinktest.HECEvent) int {
	_, rest, _ := strings.Cut(string(e.Event), `"n":"`)
	digits, _, _ := strings.Cut(rest, `"`)
	n, err := strconv.Atoi(digits)
	if err != nil {
		t.Errorf("event %s: %v", e.Event, err)
	}
	return n
}
