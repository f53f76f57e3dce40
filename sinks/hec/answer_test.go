package hec

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestHints(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		header string
		want   string
	}{
		{403, `{"text":"Invalid token","code":4}`, "", "the receiver answered 403: Invalid token (code 4); check --hec-token or --hec-token-file"},
		{403, "<h1>\nForbidden\x1b[31m</h1>", "", `the receiver answered 403 "<h1> Forbidden [31m</h1>"; check --hec-token or --hec-token-file`},
		{
			400, `{"text":"Data channel is missing","code":10}`, "",
			"the receiver answered 400: Data channel is missing (code 10); the token has indexer acknowledgement enabled: give --hec-ack (or --hec-channel, to do without), or disable it in Splunk",
		},
		{
			301, "", "https://other:8088/",
			"the receiver answered 301; redirects are not followed: set --hec-url to where it points (https://other:8088/)",
		},
		{
			200, "<html>" + strings.Repeat("x", 200), "",
			`the receiver answered 200 "<html>` + strings.Repeat("x", 114) + `", which is no answer of a HTTP Event Collector; ` +
				"check that --hec-url names the HTTP Event Collector (port 8088 by default), not Splunk's web or management port",
		},
	} {
		a := answer{status: c.status, body: []byte(c.body), header: http.Header{"Location": {c.header}}}
		if got := a.judge(1, time.Now()).err.Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "0": 0, "-1": 0, "1.5": 0, "soon": 0, "99999999999999": 0,
		"Fri, 02 Jan 2026 03:04:35 GMT": 30 * time.Second, "Fri, 02 Jan 2026 03:04:00 GMT": 0,
	} {
		v := answer{status: 503, header: http.Header{"Retry-After": {text}}}.judge(1, now)
		if v.kind != busy || v.after != want {
			t.Errorf("%q: kind %v, after %v, want %v", text, v.kind, v.after, want)
		}
	}
}

// FuzzAnswer: no answer makes a panic, a delivery without Splunk's word for
// it, or a blame outside of the body.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		`{"text":"Success","code":0}`, `{"text":"Success","code":0,"ackId":7}`, `{"text":"Invalid data format","code":6,"invalid-event-number":2}`,
		`{"text":"Incorrect index","code":7,"invalid-event-number":1}`, `{"code":null}`, `{"code":0.0}`, `{"code":1e99}`, `{"Code":0}`, `[]`, ``, "<html>",
		`{"code":6,"invalid-event-number":-9223372036854775808}`, "\xff\xfe", `{"code":0}x`,
	} {
		f.Add(200, []byte(s), "", uint8(3))
		f.Add(400, []byte(s), "3", uint8(1))
		f.Add(503, []byte(s), "Fri, 02 Jan 2026 03:04:35 GMT", uint8(0))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, after string, n uint8) {
		v := answer{status: status, body: body, header: http.Header{"Retry-After": {after}}}.judge(int(n), time.Now())
		switch {
		case v.kind == delivered && (status != 200 || v.code != 0 && v.code != 17 && v.code != 24 && v.code != 25):
			t.Errorf("status %d with %q counts as delivered", status, body)
		case v.kind != delivered && v.err == nil:
			t.Error("no error")
		case v.bad != -1 && (v.kind != invalid || v.bad < 0 || v.bad >= int(n)):
			t.Errorf("blames event %d of %d", v.bad, n)
		case v.kind == invalid && status != 400 && status != 200:
			t.Errorf("status %d blames an event", status)
		case v.after < 0:
			t.Errorf("wait %v", v.after)
		}
		if v.err != nil && strings.ContainsFunc(v.err.Error(), isControl) {
			t.Errorf("control characters in %q", v.err)
		}
		if (v.outcome() == nil) != (v.kind == delivered) {
			t.Errorf("outcome %v", v.outcome())
		}
	})
}
