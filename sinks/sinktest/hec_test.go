package sinktest_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slswasm/slswasm/sinks/sinktest"
)

func startHEC(t testing.TB, opt sinktest.HECOptions) *sinktest.HECReceiver {
	t.Helper()
	r, err := sinktest.StartHEC(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func post(t testing.TB, url, body string, header ...string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, text)
}

// The receiver must do what Splunk was seen to do, row by row.
func TestHECBodies(t *testing.T) {
	const a, b, c = `{"event":"a"}`, `{"event":"b"}`, `{"event":"c"}`
	good := `200 {"text":"Success","code":0}`
	for _, row := range []struct{ body, answer, indexed string }{
		{a, good, `"a"`},
		{a + b + "\n" + c + "\n", good, `"a" "b" "c"`},
		{"", `400 {"text":"No data","code":5}`, ""},
		{`{"time":1.5,"host":"h","source":"s","sourcetype":"t","index":"main","event":{"k":1},"fields":{"f":"v","l":["x",1]}}`, good, `{"k":1}`},
		{`{"time":"1.5","event":"a"}`, good, `"a"`},
		{"[" + a + "," + b + "]", `400 {"text":"Invalid data format","code":6,"invalid-event-number":0}`, ""},
		{a + `{"event":"x"` + b, `400 {"text":"Invalid data format","code":6,"invalid-event-number":1}`, `"a"`},
		{a + b + "garbage" + c, `400 {"text":"Invalid data format","code":6,"invalid-event-number":2}`, `"a" "b"`},
		{a + `{"event":null}` + b, `400 {"text":"Invalid data format","code":6,"invalid-event-number":1}`, `"a"`},
		{a + `{"event":false}` + b, `400 {"text":"Invalid data format","code":6,"invalid-event-number":1}`, `"a"`},
		{a + `{"event":"x","host":1}` + b, `400 {"text":"Invalid data format","code":6,"invalid-event-number":1}`, `"a"`},
		{a + `{"event":"x","time":"soon"}` + b, `400 {"text":"Invalid data format","code":6,"invalid-event-number":1}`, `"a"`},
		{a + "{\"event\":\"\xff\"}" + b, `400 {"text":"Invalid data format","code":6,"invalid-event-number":1}`, `"a"`},
		{a + `{"event":"x","event":"y"}` + b, `400 {"text":"Invalid data format","code":6,"invalid-event-number":1}`, `"a"`},
		{a + `{"index":"other","event":"x"}` + b, `400 {"text":"Incorrect index","code":7,"invalid-event-number":2}`, `"a"`},
		{`{"index":"other","event":"x"}` + b, `400 {"text":"Incorrect index","code":7,"invalid-event-number":1}`, ""},
		{a + `{"host":"h"}` + b, `400 {"text":"Event field is required","code":12,"invalid-event-number":1}`, `"a"`},
		{a + `{"event":""}` + b, `400 {"text":"Event field cannot be blank","code":13,"invalid-event-number":1}`, `"a"`},
		{a + `{"event":" \n"}` + b, `400 {"text":"Event field cannot be blank","code":13,"invalid-event-number":1}`, `"a"`},
		{a + `{"event":"x","fields":{"n":{"m":1}}}` + b, `400 {"text":"Error in handling indexed fields","code":15,"invalid-event-number":1}`, `"a"`},
		{a + `{"event":"x","fields":"f"}` + b, `400 {"text":"Error in handling indexed fields","code":15,"invalid-event-number":1}`, `"a"`},
		{a + `{"fields":{"f":"v"}}` + b, good, `"a" "b"`},     // skipped without a word
		{a + `{"event":"x","level":"info"}` + b, good, `"a"`}, // it and all after it
		{a + `{"Event":"x"}` + b + `{"event":`, good, `"a"`},  // what follows is not even read
		{strings.Repeat(a, 100), "413 request entity too large", ""},
	} {
		r := startHEC(t, sinktest.HECOptions{Token: "t", Indexes: []string{"main"}, MaxBody: 1000})
		if got := post(t, r.URL()+"/services/collector/event", row.body, "Authorization", "Splunk t"); got != row.answer {
			t.Errorf("%s\nanswer %s\nwant   %s", row.body, got, row.answer)
		}
		var indexed []string
		for _, e := range r.Events() {
			indexed = append(indexed, string(e.Event))
		}
		if d := cmp.Diff(row.indexed, strings.Join(indexed, " ")); d != "" {
			t.Errorf("%s\nindexed (-want +got):\n%s", row.body, d)
		}
	}
}

func TestHECRefusals(t *testing.T) {
	r := startHEC(t, sinktest.HECOptions{Token: "t", NeedChannel: true, CloudMaxBody: 100})
	const event = "/services/collector/event"
	for _, row := range []struct {
		path, body, want string
		header           []string
	}{
		{event, "", `401 {"text":"Token is required","code":2}`, nil},
		{event, "", `401 {"text":"Invalid authorization","code":3}`, []string{"Authorization", "Bearer t"}},
		{event, "", `403 {"text":"Invalid token","code":4}`, []string{"Authorization", "Splunk x"}},
		{event, "", `400 {"text":"Data channel is missing","code":10}`, []string{"Authorization", "Splunk t"}},
		{event, "", `400 {"text":"No data","code":5}`, []string{"Authorization", "Splunk t", "X-Splunk-Request-Channel", "c"}},
		{"/services/collector/event/1.0", "", `400 {"text":"No data","code":5}`, []string{"Authorization", "Splunk t", "X-Splunk-Request-Channel", "c"}},
		{
			event, strings.Repeat(`{"event":"a"}`, 10), `400 {"text":"Invalid data format","code":6,"invalid-event-number":0}`,
			[]string{"Authorization", "Splunk t", "X-Splunk-Request-Channel", "c"},
		},
		{
			event, `{"event":"a"}`, `400 {"text":"Invalid data format","code":6,"invalid-event-number":0}`,
			[]string{"Authorization", "Splunk t", "X-Splunk-Request-Channel", "c", "Content-Encoding", "deflate"},
		},
		{"/services/collector/health", "", `200 {"text":"HEC is healthy","code":17}`, nil},
		{"/elsewhere", "", "404 404 page not found\n", nil},
	} {
		if got := post(t, r.URL()+row.path, row.body, row.header...); got != row.want {
			t.Errorf("%s %v: %s, want %s", row.path, row.header, got, row.want)
		}
	}
	if r.Count() != 0 {
		t.Errorf("%d events were indexed", r.Count())
	}
}

func TestHECOnEvent(t *testing.T) {
	var got []string
	r := startHEC(t, sinktest.HECOptions{OnEvent: func(e *sinktest.HECEvent) { got = append(got, e.Seconds()+string(e.Event)) }})
	post(t, r.URL()+"/services/collector/event", `{"time":1,"event":"a"}{"time":"2.5","event":"b"}`, "Authorization", "Splunk x")
	if d := cmp.Diff([]string{`1"a"`, `2.5"b"`}, got); d != "" || len(r.Events()) != 0 || r.Count() != 2 {
		t.Errorf("(-want +got):\n%s\n%d kept, %d counted", d, len(r.Events()), r.Count())
	}
}

func BenchmarkHECReceiver(b *testing.B) {
	n := 0
	r := startHEC(b, sinktest.HECOptions{OnEvent: func(*sinktest.HECEvent) { n++ }})
	one := `{"index":"main","time":1700000000.123456,"event":{"__topic__":"web","__source__":"203.0.113.7","method":"GET","uri":"` +
		strings.Repeat("/segment", 20) + `","nested":{"a":[1,2,3],"b":"` + strings.Repeat("text ", 60) + "\"}}}\n"
	body := strings.Repeat(one, 1000)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		post(b, r.URL()+"/services/collector/event", body, "Authorization", "Splunk x")
	}
}
