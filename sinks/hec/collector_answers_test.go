package hec

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/sinks/sinktest"
)

// TestAnswersOfCollector puts the same requests to the collector and to the scripted
// receiver, which answers as Splunk was seen to: what the collector says,
// what Splunk says where that is not the same, and what this sink makes of
// the collector's answer.
//
// The collector takes a body whole or not at all, and names no event to
// blame. It blames one by number with code 15 only, and then has kept none of
// those before it: trusting that number would lose them. This sink cannot
// provoke it, because it writes indexed fields as texts.
func TestAnswersOfCollector(t *testing.T) {
	findCollector(t) // or skip once
	arrivals := startArrivals(t)
	c := startCollector(t, arrivals)
	fake := startFake(t, sinktest.HECOptions{Indexes: []string{"main"}, MaxBody: 2_000_000})
	const good = `{"event":"good"}`
	large := `{"event":"` + strings.Repeat("x", 2_000_000) + `"}`
	for _, r := range []struct {
		name              string
		request           hecRequest
		collector, splunk string // splunk "": the same
		verdict           kind
	}{
		{"good", hecRequest{body: good + good}, "200 code 0, 2 kept", "", delivered},
		{"zipped", hecRequest{body: zipped(good), header: "Content-Encoding: gzip"}, "200 code 0, 1 kept", "", delivered},
		{"nothing", hecRequest{}, "400 code 5, 0 kept", "", stopped},

		// Whoever checks the token, it is not the receiver itself.
		{"no token", hecRequest{token: "none", body: good}, "401 text, 0 kept", "401 code 2, 0 kept", stopped},
		{"another scheme", hecRequest{token: "Basic abc", body: good}, "401 text, 0 kept", "401 code 3, 0 kept", stopped},
		{"wrong token", hecRequest{token: "Splunk wrong", body: good}, "401 text, 0 kept", "403 code 4, 0 kept", stopped},

		{"no JSON", hecRequest{body: good + "nonsense"}, "400 code 6, 0 kept", "400 code 6 event 1, 1 kept", invalid},
		{"cut off", hecRequest{body: good + `{"event":`}, "400 code 6, 0 kept", "400 code 6 event 1, 1 kept", invalid},
		{"empty event", hecRequest{body: good + `{"event":""}`}, "400 code 13, 0 kept", "400 code 13 event 1, 1 kept", invalid},
		{"blank event", hecRequest{body: good + `{"event":" "}`}, "200 code 0, 2 kept", "400 code 13 event 1, 1 kept", delivered},
		{"null", hecRequest{body: good + `{"event":null}`}, "400 code 12, 0 kept", "400 code 6 event 1, 1 kept", invalid},
		{"no event", hecRequest{body: good + `{"time":1}`}, "400 code 12, 0 kept", "400 code 12 event 1, 1 kept", invalid},
		{"fields alone", hecRequest{body: good + `{"fields":{"a":"b"}}`}, "400 code 12, 0 kept", "200 code 0, 1 kept", invalid},
		{"nested fields", hecRequest{body: good + `{"event":"a","fields":{"a":{}}}`}, "400 code 15 event 1, 0 kept", "400 code 15 event 1, 1 kept", invalid},
		{"unknown key", hecRequest{body: `{"event":"a","key":1}` + good}, "200 code 0, 2 kept", "200 code 0, 0 kept", delivered},
		{"unknown index", hecRequest{body: `{"event":"a","index":"unknown"}`}, "200 code 0, 1 kept", "400 code 7 event 1, 0 kept", delivered},
		{"list", hecRequest{body: "[" + good + "," + good + "]"}, "200 code 0, 2 kept", "400 code 6 event 0, 0 kept", delivered},
		{"no UTF-8", hecRequest{body: "{\"event\":\"\xff\"}"}, "200 code 0, 1 kept", "400 code 6 event 0, 0 kept", delivered},
		{"too large", hecRequest{body: large}, "400 code 6, 0 kept", "413 text, 0 kept", invalid},
		{"too large unzipped", hecRequest{body: zipped(large), header: "Content-Encoding: gzip"}, "400 code 6, 0 kept", "413 text, 0 kept", invalid},
		{"not zipped", hecRequest{body: good, header: "Content-Encoding: gzip"}, "400 text, 0 kept", "400 code 6 event 0, 0 kept", stopped},

		{"health", hecRequest{method: http.MethodGet, path: healthPath}, "200 code 17, 0 kept", "", delivered},
		{"health, no token", hecRequest{method: http.MethodGet, path: healthPath, token: "none"}, "401 text, 0 kept", "200 code 17, 0 kept", stopped},
		{"GET", hecRequest{method: http.MethodGet}, "400 text, 0 kept", "405 text, 0 kept", stopped},
		{"other path", hecRequest{path: "/services/other", body: good}, "200 code 0, 1 kept", "404 text, 0 kept", delivered},
	} {
		t.Run(r.name, func(t *testing.T) {
			before := len(arrivals.all())
			a := r.request.ask(t, "http://"+c.addr)
			if got := fmt.Sprintf("%s, %d kept", a.summary(), len(arrivals.all())-before); got != r.collector {
				t.Errorf("the collector: %s, want %s: %s", got, r.collector, a.excerpt())
			}
			if v := a.judge(2, time.Now()); v.kind != r.verdict {
				t.Errorf("the sink takes %s for %d, want %d", a.excerpt(), v.kind, r.verdict)
			}
			before = fake.Count()
			a = r.request.ask(t, fake.URL())
			want := r.splunk
			if want == "" {
				want = r.collector
			}
			if got := fmt.Sprintf("%s, %d kept", a.summary(), fake.Count()-before); got != want {
				t.Errorf("the scripted receiver: %s, want %s: %s", got, want, a.excerpt())
			}
		})
	}
}

// TestAcksOfCollector: the same for acknowledgements, request after request.
// Splunk counts them from 0, and the collector from 1.
func TestAcksOfCollector(t *testing.T) {
	c := startCollector(t, startArrivals(t))
	fake := startFake(t, sinktest.HECOptions{Acks: sinktest.HECAcks{On: true}})
	const (
		good, blank = `{"event":"good"}`, `{"event":""}`
		channel     = "X-Splunk-Request-Channel: 00000000-0000-0000-0000-00000000000a"
		another     = "X-Splunk-Request-Channel: 00000000-0000-0000-0000-00000000000b"
		notOne      = "X-Splunk-Request-Channel: a"
	)
	poll := func(header, body string) hecRequest { return hecRequest{path: ackPath, body: body, header: header} }
	type step struct {
		name              string
		request           hecRequest
		collector, splunk string
	}
	ask := func(steps ...step) {
		t.Helper()
		for _, s := range steps {
			if got := s.request.ask(t, "http://"+c.addr).summary(); got != s.collector {
				t.Errorf("%s: the collector: %s, want %s", s.name, got, s.collector)
			}
			if got := s.request.ask(t, fake.URL()).summary(); got != s.splunk {
				t.Errorf("%s: the scripted receiver: %s, want %s", s.name, got, s.splunk)
			}
		}
	}
	ask(
		step{"one", hecRequest{body: good, header: channel}, "200 code 0 ack 1", "200 code 0 ack 0"},
		step{"two", hecRequest{body: good + good, header: channel}, "200 code 0 ack 2", "200 code 0 ack 1"},
		step{"refused", hecRequest{body: good + blank, header: channel}, "400 code 13", "400 code 13 event 1"},
		step{"nothing", hecRequest{header: channel}, "400 code 5", "400 code 5"},
		step{"another channel", hecRequest{body: good, header: another}, "200 code 0 ack 1", "200 code 0 ack 0"},
		step{"no channel", hecRequest{body: good}, "200 code 0", "400 code 10"},
		step{"no UUID", hecRequest{body: good, header: notOne}, "400 code 11", "400 code 11"},

		step{"poll", poll(channel, `{"acks":[0,1,2,3]}`), "200 map[0:false 1:true 2:true 3:false]", "200 map[0:true 1:true 2:false 3:false]"},
		step{"true is told once", poll(channel, `{"acks":[0,1,2]}`), "200 map[0:false 1:false 2:false]", "200 map[0:false 1:false 2:false]"},
		step{"poll of no channel", poll("", `{"acks":[1]}`), "400 code 10", "400 code 10"},
		step{"poll of no UUID", poll(notOne, `{"acks":[1]}`), "400 code 11", "400 code 11"},
		step{"poll of nothing", poll(channel, `{"acks":[]}`), "400 code 6", "200 map[]"},
		step{"poll of no number", poll(channel, `{"acks":["1"]}`), "400 code 6", "400 code 6"},
		step{"poll, wrong token", hecRequest{path: ackPath, body: `{"acks":[1]}`, header: channel, token: "Splunk wrong"}, "401 text", "403 code 4"},
	)
	c.down()
	fake.Crash()
	if err := errors.Join(c.up(t.Context()), fake.Up()); err != nil {
		t.Fatal(err)
	}
	ask( // A number from before must not be taken for the same number of now.
		step{"poll after a restart", poll(another, `{"acks":[0,1]}`), "200 map[0:false 1:false]", "200 map[0:false 1:false]"},
		step{"one after a restart", hecRequest{body: good, header: another}, "200 code 0 ack 1", "200 code 0 ack 0"},
		step{"and its poll", poll(another, `{"acks":[0,1]}`), "200 map[0:false 1:true]", "200 map[0:true 1:false]"},
	)
	c, fake = startCollector(t, c.arrivals, noAcks), startFake(t, sinktest.HECOptions{})
	ask( // Without them, a poll is for the collector one more event without an event.
		step{"acks off", hecRequest{body: good, header: channel}, "200 code 0", "200 code 0"},
		step{"poll, acks off", poll(channel, `{"acks":[1]}`), "400 code 12", "400 code 14"},
	)
}

func startFake(t *testing.T, opt sinktest.HECOptions) *sinktest.HECReceiver {
	t.Helper()
	opt.Token = token
	fake, err := sinktest.StartHEC(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fake.Close() })
	return fake
}

// A hecRequest is a POST of events with the right token, unless it says otherwise.
type hecRequest struct {
	method, path, token string // token "none": no header
	header              string // one more
	body                string
}

func (r hecRequest) ask(t *testing.T, base string) answer {
	t.Helper()
	or := func(text, otherwise string) string {
		if text == "" {
			return otherwise
		}
		return text
	}
	req, err := http.NewRequestWithContext(t.Context(), or(r.method, http.MethodPost), base+or(r.path, eventPath), strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if r.token != "none" {
		req.Header.Set("Authorization", or(r.token, "Splunk "+token))
	}
	if name, value, found := strings.Cut(r.header, ": "); found {
		req.Header.Set(name, value)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	return a
}

// summary is what an answer says, whatever its words.
func (a answer) summary() string {
	var r struct {
		Code, AckID *int
		Number      *int `json:"invalid-event-number"`
		Acks        map[string]bool
	}
	said := fmt.Sprint(a.status)
	if json.Unmarshal(a.body, &r) != nil {
		return said + " text"
	}
	if r.Code != nil {
		said += fmt.Sprint(" code ", *r.Code)
	}
	if r.Number != nil {
		said += fmt.Sprint(" event ", *r.Number)
	}
	if r.AckID != nil {
		said += fmt.Sprint(" ack ", *r.AckID)
	}
	if r.Acks != nil {
		said += fmt.Sprint(" ", r.Acks)
	}
	return said
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}
