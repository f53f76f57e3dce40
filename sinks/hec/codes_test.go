package hec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

type row struct {
	name   string
	script []sinktest.HECAnswer
	want   delivery
	reason string // a part of the first rejection's
}

// held and tried are what one Hold and one Retry before success look like.
var (
	plainly = delivery{arrived: "0 1 2 3", stats: sinks.Stats{Delivered: 4}}
	held    = delivery{arrived: "0 1 2 3", stats: sinks.Stats{Delivered: 4, Holds: 1}}
	tried   = delivery{arrived: "0 1 2 3", stats: sinks.Stats{Delivered: 4, Retries: 1}}
)

// refused is what the isolation of one event looks like.
func refused(arrived, number string) delivery {
	return delivery{arrived: arrived, rejected: number, stats: sinks.Stats{Delivered: 3, Rejected: 1}}
}

func once(name string, want delivery, a sinktest.HECAnswer) row {
	return row{name: name, script: []sinktest.HECAnswer{a}, want: want}
}

// codeRows has every code of Splunk's table with its status.
func codeRows() []row {
	var rows []row
	for _, c := range []struct {
		status int
		codes  []int
		want   delivery
	}{
		{401, []int{2, 3}, held},
		{403, []int{1, 4}, held},
		{400, []int{5, 10, 11, 14, 16, 21, 22, 28}, held},
		{404, []int{404}, held}, {405, []int{405}, held}, {418, []int{99}, held}, {400, []int{99}, held},
		{400, []int{8, 9, 23, 26}, tried}, // the code knows better than the status
		{408, []int{99}, tried},
		{429, []int{26, 27}, tried},
		{500, []int{8, 6, 0}, tried},
		{502, []int{99}, tried},
		{503, []int{9, 18, 19, 20, 23}, tried},
		{504, []int{99}, tried},
		{401, []int{6, 0}, held}, {403, []int{7}, held}, // no event is blamed for what is said with these
	} {
		for _, code := range c.codes {
			rows = append(rows, once(fmt.Sprintf("%d code %d", c.status, code), c.want,
				sinktest.HECError(c.status, code, sinktest.NoNumber)))
		}
	}
	for _, code := range []int{0, 17, 24, 25} {
		a := sinktest.HECError(200, code, sinktest.NoNumber)
		a.Indexed = 4
		rows = append(rows, once(fmt.Sprintf("200 code %d", code), plainly, a))
	}
	return rows
}

// isolationRows has the codes that blame an event by itself.
func isolationRows() []row {
	var rows []row
	for _, code := range []int{6, 12, 13, 15} {
		for bad, arrived := range []string{"1 2 3", "0 2 3", "0 1 3", "0 1 2"} {
			r := once(fmt.Sprintf("code %d event %d", code, bad), refused(arrived, fmt.Sprint(bad)),
				withIndexed(sinktest.HECError(400, code, bad), bad))
			r.reason = fmt.Sprintf("(code %d)", code)
			rows = append(rows, r)
		}
	}
	// Without a number that makes sense, halves are tried: [0 1 2 3] refused,
	// [0 1] taken, [2 3] refused, [2] refused alone, and then [3].
	for _, c := range []struct{ code, number int }{{6, sinktest.NoNumber}, {6, 4}, {6, -7}, {13, 1 << 40}} {
		bad := sinktest.HECError(400, c.code, c.number)
		rows = append(rows, row{
			name:   fmt.Sprintf("code %d number %d", c.code, c.number),
			script: []sinktest.HECAnswer{bad, ok(2), bad, bad},
			want:   refused("0 1 3", "2"),
		})
	}
	return rows
}

func ok(indexed int) sinktest.HECAnswer {
	return sinktest.HECAnswer{Status: 200, Body: `{"text":"Success","code":0}`, Indexed: indexed}
}

// oddRows are answers that no table has.
func oddRows() []row {
	loginPage := "<html>Please log in to the hotel's network</html>"
	return []row{
		once("200 of a captive portal", held, sinktest.HECAnswer{Status: 200, Body: loginPage}),
		once("200 without a body", held, sinktest.HECAnswer{Status: 200}),
		once("200 without a code", held, sinktest.HECAnswer{Status: 200, Body: `{"text":"Success"}`}),
		once("200 with a list", held, sinktest.HECAnswer{Status: 200, Body: `[{"text":"Success","code":0}]`}),
		once("200 with two values", held, sinktest.HECAnswer{Status: 200, Body: `{"code":0}{"code":0}`}),
		once("200 with a code of no table", held, sinktest.HECError(200, 99, sinktest.NoNumber)),
		once("200 with a code in text", held, sinktest.HECAnswer{Status: 200, Body: `{"code":"0"}`}),
		once("200 but busy", tried, sinktest.HECError(200, 9, sinktest.NoNumber)),
		once("200 with a huge page", held, sinktest.HECAnswer{Status: 200, Body: `{"code":0,"text":"` + strings.Repeat("x", 1<<20) + `"}`}),
		once("204", held, sinktest.HECAnswer{Status: 204}),
		once("400 of a proxy", held, sinktest.HECAnswer{Status: 400, Body: loginPage}),
		once("400 that says success", held, sinktest.HECError(400, 0, sinktest.NoNumber)),
		once("503 of a proxy", tried, sinktest.HECAnswer{Status: 503, Body: loginPage}),
		once("redirect", held, sinktest.HECAnswer{Status: 307, Header: map[string]string{"Location": "https://elsewhere/"}}),
		once("redirect to itself", held, sinktest.HECAnswer{Status: 302, Header: map[string]string{"Location": eventPath}}),
		once("reset", tried, sinktest.HECAnswer{Fault: sinktest.HECReset}),
		once("reset before the body is read", tried, sinktest.HECAnswer{Fault: sinktest.HECReset, Early: true}),
		// The answer is lost, the events are not: they arrive twice, and none is missing.
		once("reset after indexing", delivery{arrived: "0 1 2 3 0 1 2 3", stats: tried.stats},
			sinktest.HECAnswer{Fault: sinktest.HECReset, Indexed: 4}),
		{
			name:   "413, then halves",
			script: []sinktest.HECAnswer{{Status: 413}},
			want:   plainly,
		},
		{
			name:   "413 down to one small event",
			script: []sinktest.HECAnswer{{Status: 413}, {Status: 413}, {Status: 413}},
			want:   tried,
		},
		{
			name: "everything at once",
			script: []sinktest.HECAnswer{
				sinktest.HECError(503, 9, sinktest.NoNumber), sinktest.HECError(403, 4, sinktest.NoNumber),
				{Status: 429, Header: map[string]string{"Retry-After": "0"}}, withIndexed(sinktest.HECError(400, 12, 1), 1), {Fault: sinktest.HECReset},
			},
			want: delivery{arrived: "0 2 3", rejected: "1", stats: sinks.Stats{Delivered: 3, Rejected: 1, Retries: 3, Holds: 1}},
		},
	}
}

func withIndexed(a sinktest.HECAnswer, n int) sinktest.HECAnswer {
	a.Indexed = n
	return a
}

func TestAnswers(t *testing.T) {
	rows := append(append(codeRows(), isolationRows()...), oddRows()...)
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			s, r := start(t, sinktest.HECOptions{Answer: sinktest.HECScript(c.script...)})
			got, reasons := deliver(t, s, r, numbered(4))
			if got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
			if c.reason != "" && (len(reasons) == 0 || !strings.Contains(reasons[0], c.reason)) {
				t.Errorf("reasons %q, want one with %q", reasons, c.reason)
			}
		})
	}
}

// Against a receiver that judges by itself: each kind of bad event that can
// be made with the sink's own means, alone and among good ones.
func TestBadEventsAreIsolated(t *testing.T) {
	s, r := start(t, sinktest.HECOptions{Indexes: []string{"main"}})
	events := numbered(12)
	for _, i := range []int{0, 3, 4, 11} {
		events[i].Meta = forbidden()
	}
	events[6].Body = []byte(" \n")
	events[7].Body, events[7].BodyJSON = []byte("null"), true
	events[8].Fields = []abi.Field{{Key: []byte("n"), Value: []byte("}{"), JSON: true}} // a broken promise of the host
	got, reasons := deliver(t, s, r, events)
	want := delivery{
		arrived: "1 2 5 9 10", rejected: "0 3 4 6 7 8 11",
		stats: sinks.Stats{Delivered: 5, Rejected: 7},
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	wantReason := "the receiver answered 400: Incorrect index (code 7); allow the index for the token, or change the guest that chose \"forbidden\""
	if reasons[0] != wantReason {
		t.Errorf("reason %q, want %q", reasons[0], wantReason)
	}
	if want := "blank: Splunk takes no event without content"; reasons[3] != want {
		t.Errorf("reason %q, want %q", reasons[3], want)
	}
}

// large are events of about size bytes each.
func large(n, size int) []abi.Event {
	events := numbered(n)
	for i := range events {
		events[i].Fields = append(events[i].Fields, field("pad", strings.Repeat("x", size)))
	}
	return events
}

func TestBodiesKeepToTheLimit(t *testing.T) {
	s, r := start(t, sinktest.HECOptions{}, func(c *Config) { c.MaxBody = 10_000 })
	events := large(50, 900)
	events[20].Fields[1].Value = []byte(strings.Repeat("y", 50_000))
	got, _ := deliver(t, s, r, events)
	if want := uint64(50); got.stats.Delivered != want || got.stats != (sinks.Stats{Delivered: want}) {
		t.Errorf("stats %+v", got.stats)
	}
	for i, req := range r.Requests() {
		if req.Bytes > 10_000 && req.Events != 1 {
			t.Errorf("request %d has %d bytes and %d events", i, req.Bytes, req.Events)
		}
	}
	if n := len(r.Requests()); n > 8 {
		t.Errorf("%d requests for 45 kB and one large event: bodies are not filled", n)
	}
}

// A receiver that takes less than the settings say is asked for more now and
// then, not all the time.
func TestSmallerLimitIsLearned(t *testing.T) {
	for name, opt := range map[string]sinktest.HECOptions{
		"413": {MaxBody: 1_100_000}, "Splunk Cloud": {CloudMaxBody: 1_100_000},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := start(t, opt, func(c *Config) { c.MaxBody = 4_000_000 })
			events := large(100, 30_000)
			got, _ := deliver(t, s, r, events)
			if got.rejected != "" || got.stats.Delivered != 100 || len(arrived(t, r)) != 100 {
				t.Errorf("%d arrived, stats %+v, rejected %s", len(arrived(t, r)), got.stats, got.rejected)
			}
			before := len(r.Requests())
			if _, err := s.Send(t.Context(), events); err != nil {
				t.Fatal(err)
			}
			for _, req := range r.Requests()[before:] {
				if req.Events == 0 {
					t.Errorf("a body of %d bytes was refused again", req.Bytes)
				}
			}
		})
	}
}

// What looks like Splunk Cloud's answer to a large body may be a bad event
// after all; then it alone is rejected and the limit stays.
func TestBadFirstEventInALargeBody(t *testing.T) {
	s, r := start(t, sinktest.HECOptions{}, func(c *Config) { c.MaxBody = 4_000_000 })
	events := large(100, 30_000)
	events[0].Fields[0] = abi.Field{Key: []byte("n"), Value: []byte("{"), JSON: true}
	got, _ := deliver(t, s, r, events)
	if got.rejected != "0" || got.stats.Delivered != 99 || len(arrived(t, r)) != 99 {
		t.Errorf("%d arrived, stats %+v, rejected %s", len(arrived(t, r)), got.stats, got.rejected)
	}
	if limit := s.size.limit(); limit != 4_000_000 {
		t.Errorf("the limit became %d", limit)
	}
}

func TestSingleEventThatIsTooLarge(t *testing.T) {
	for name, opt := range map[string]sinktest.HECOptions{"413": {MaxBody: 1_500_000}, "Splunk Cloud": {CloudMaxBody: 1_500_000}} {
		t.Run(name, func(t *testing.T) {
			s, r := start(t, opt)
			events := numbered(3)
			events[1].Fields = append(events[1].Fields, field("pad", strings.Repeat("x", 2_000_000)))
			got, _ := deliver(t, s, r, events)
			want := delivery{arrived: "0 2", rejected: "1", stats: sinks.Stats{Delivered: 2, Rejected: 1}}
			if got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	channel := "0aB1c2d3-0000-4000-8000-000000000000"
	s, r := start(t, sinktest.HECOptions{NeedChannel: true}, func(c *Config) { c.Channel, c.Gzip = channel, true })
	if got, _ := deliver(t, s, r, numbered(4)); got != plainly {
		t.Errorf("got %+v", got)
	}
	h := r.Requests()[0].Header
	for key, want := range map[string]string{
		"Authorization": "Splunk " + token, "X-Splunk-Request-Channel": channel, "User-Agent": userAgent,
		"Content-Type": "application/json", "Content-Encoding": "gzip",
	} {
		if got := h.Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if _, err := s.Send(t.Context(), large(10, 1000)); err != nil {
		t.Fatal(err)
	}
	if req := r.Requests()[1]; req.Wire > req.Bytes/10 {
		t.Errorf("%d bytes sent for %d", req.Wire, req.Bytes)
	}
}
