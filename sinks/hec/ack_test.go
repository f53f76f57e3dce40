package hec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

// hour is longer than any test: what ends before it did not wait for it.
const hour = time.Hour

// startAcks starts a receiver that acknowledges, and a sink that waits for it
// and sends one numbered event in a body.
func startAcks(t *testing.T, opt sinktest.HECOptions, change ...func(*Config)) (*Sink, *sinktest.HECReceiver) {
	t.Helper()
	opt.Acks.On = true
	one := func(c *Config) { c.Ack, c.AckTimeout, c.MaxBody = true, hour, 10 }
	s, r := start(t, opt, append([]func(*Config){one}, change...)...)
	s.polling = polling{first: time.Millisecond, longest: 4 * time.Millisecond, lost: hour}
	return s, r
}

// told is an answer about acknowledgements that the receiver did not give.
func told(body string) sinktest.HECAnswer {
	return sinktest.HECAnswer{Status: 200, Body: body, Early: true}
}

// Whatever is answered about acknowledgements, events are delivered once they
// were told true, and not before.
func TestAcks(t *testing.T) {
	again := delivery{arrived: "0 1 2 3 0 1 2 3"}
	holding, trying := again, again
	holding.stats, trying.stats = held.stats, tried.stats
	for name, c := range map[string]struct {
		after  int
		script []sinktest.HECAnswer // of polls; then as Splunk does
		change func(*Config)
		want   delivery
		polls  int
	}{
		"at once":                {want: plainly, polls: 1},
		"after a while":          {after: 5, want: plainly, polls: 6},
		"false":                  {script: []sinktest.HECAnswer{told(`{"acks":{"0":false,"1":false,"2":false,"3":false}}`)}, want: plainly, polls: 2},
		"nothing of it":          {script: []sinktest.HECAnswer{told(`{"acks":{}}`)}, want: plainly, polls: 2},
		"of others":              {script: []sinktest.HECAnswer{told(`{"acks":{"4":true,"-1":true,"x":true," 0":true,"00":true}}`)}, want: plainly, polls: 2},
		"busy":                   {script: []sinktest.HECAnswer{early(503, 9), early(429, 27), early(500, 8)}, want: plainly, polls: 4},
		"busy proxy":             {script: []sinktest.HECAnswer{{Status: 502, Body: "<html>", Early: true}}, want: plainly, polls: 2},
		"wrong token":            {script: []sinktest.HECAnswer{early(403, 4)}, want: holding, polls: 2},
		"acks off":               {script: []sinktest.HECAnswer{early(400, 14)}, want: holding, polls: 2},
		"unknown channel":        {script: []sinktest.HECAnswer{early(400, 11)}, want: holding, polls: 2},
		"blame where none is":    {script: []sinktest.HECAnswer{early(400, 6)}, want: holding, polls: 2},
		"not found":              {script: []sinktest.HECAnswer{{Status: 404, Body: "not found", Early: true}}, want: holding, polls: 2},
		"too large":              {script: []sinktest.HECAnswer{{Status: 413, Early: true}}, want: holding, polls: 2},
		"success, but of what":   {script: []sinktest.HECAnswer{told(`{"text":"Success","code":0}`)}, want: holding, polls: 2},
		"a page":                 {script: []sinktest.HECAnswer{told("<html>Please log in</html>")}, want: holding, polls: 2},
		"nothing":                {script: []sinktest.HECAnswer{told("")}, want: holding, polls: 2},
		"null":                   {script: []sinktest.HECAnswer{told(`{"acks":null}`)}, want: holding, polls: 2},
		"text for true":          {script: []sinktest.HECAnswer{told(`{"acks":{"0":"true"}}`)}, want: holding, polls: 2},
		"cut off":                {script: []sinktest.HECAnswer{told(`{"acks":{"0":true`)}, want: holding, polls: 2},
		"an error with acks":     {script: []sinktest.HECAnswer{{Status: 401, Body: `{"acks":{"0":true,"1":true,"2":true,"3":true}}`, Early: true}}, want: holding, polls: 2},
		"no answer, then one":    {script: []sinktest.HECAnswer{{Fault: sinktest.HECReset, Early: true}}, want: plainly, polls: 2},
		"no answer in time":      {script: []sinktest.HECAnswer{{Fault: sinktest.HECStall, Early: true}}, change: func(c *Config) { c.Timeout = 300 * time.Millisecond }, want: plainly, polls: 2},
		"last one first":         {script: []sinktest.HECAnswer{told(`{"acks":{"3":true}}`), told(`{"acks":{"1":true,"2":true}}`), told(`{"acks":{"0":true}}`)}, polls: 3, want: delivery{stats: plainly.stats}},
		"all but one, then busy": {script: []sinktest.HECAnswer{told(`{"acks":{"0":true,"2":true,"3":true}}`), early(503, 9)}, polls: 3, want: delivery{arrived: "1", stats: plainly.stats}},
		"with gzip":              {change: func(c *Config) { c.Gzip = true }, want: plainly, polls: 1},
	} {
		t.Run(name, func(t *testing.T) {
			change := c.change
			if change == nil {
				change = func(*Config) {}
			}
			s, r := startAcks(t, sinktest.HECOptions{Acks: sinktest.HECAcks{After: c.after, Answer: sinktest.HECScript(c.script...)}}, change)
			got, _ := deliver(t, s, r, numbered(4))
			if got.stats.Holds > 0 { // what was sent first is never asked for again: only the repeat is indexed
				c.want.arrived = "0 1 2 3"
			}
			if got != c.want || r.Polls() != c.polls {
				t.Errorf("got  %+v, %d polls\nwant %+v, %d polls", got, r.Polls(), c.want, c.polls)
			}
		})
	}
}

func early(status, code int) sinktest.HECAnswer {
	a := sinktest.HECError(status, code, sinktest.NoNumber)
	a.Early = true
	return a
}

// A question holds all that is open; nothing is asked while nothing is.
func TestAcksAreAskedForTogether(t *testing.T) {
	s, r := startAcks(t, sinktest.HECOptions{})
	for range 3 {
		if n, err := s.Send(t.Context(), numbered(20)); n != 20 || err != nil {
			t.Fatal(n, err)
		}
	}
	if n, err := s.Send(t.Context(), nil); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if r.Polls() != 3 || r.Channels() != 1 || len(r.Requests()) != 60 {
		t.Errorf("%d polls on %d channels for %d requests, want 3 on 1 for 60", r.Polls(), r.Channels(), len(r.Requests()))
	}
}

// However many bodies there are, only so many are open at once.
func TestOpenAcksAreBounded(t *testing.T) {
	var receiver atomic.Pointer[sinktest.HECReceiver]
	var most, before int
	s, r := startAcks(t, sinktest.HECOptions{Acks: sinktest.HECAcks{Answer: func(int) *sinktest.HECAnswer {
		sent := len(receiver.Load().Requests())
		most, before = max(most, sent-before), sent
		return nil
	}}})
	receiver.Store(r)
	if n, err := s.Send(t.Context(), numbered(3*mostOpen)); n != 3*mostOpen || err != nil {
		t.Fatal(n, err)
	}
	if most != mostOpen {
		t.Errorf("%d were open at once, want %d", most, mostOpen)
	}
}

func channelsOf(r *sinktest.HECReceiver) []string {
	var all []string
	for _, req := range r.Requests() {
		if c := req.Header.Get("X-Splunk-Request-Channel"); len(all) == 0 || all[len(all)-1] != c {
			all = append(all, c)
		}
	}
	return all
}

// Not acknowledged in time: sent again, on another channel.
func TestAckTimeout(t *testing.T) {
	s, r := startAcks(t, sinktest.HECOptions{Acks: sinktest.HECAcks{After: sinktest.HECNever}}, func(c *Config) { c.AckTimeout = 30 * time.Millisecond })
	for range 2 {
		n, err := s.Send(t.Context(), numbered(3))
		if n != 0 || !isRetry(err) || !strings.Contains(err.Error(), "3 requests were not acknowledged within --hec-ack-timeout (30ms)") {
			t.Fatal(n, err)
		}
	}
	if all := channelsOf(r); len(all) != 2 || all[0] == all[1] {
		t.Errorf("sent on the channels %v, want two", all)
	}
	if r.Count() != 0 {
		t.Errorf("%d are indexed", r.Count())
	}
}

// The answer that told true is lost, and nothing will ever be true again:
// after a shorter wait all of it is sent again.
func TestLostAckAnswer(t *testing.T) {
	for name, lost := range map[string]sinktest.HECAnswer{
		"reset": {Fault: sinktest.HECReset}, "cut off": {Status: 200, Body: `{"acks":{"0":`}, "error": {Status: 503},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := startAcks(t, sinktest.HECOptions{Acks: sinktest.HECAcks{Answer: sinktest.HECScript(lost)}},
				func(c *Config) { c.AckTimeout = 100 * time.Millisecond })
			s.polling.lost = 20 * time.Millisecond
			if lost.Fault != sinktest.HECAnswers {
				s.cfg.AckTimeout = hour // the shorter wait is what ends it
			}
			got, _ := deliver(t, s, r, numbered(2))
			if got.arrived != "0 1 0 1" || got.stats.Delivered != 2 || got.stats.Retries+got.stats.Holds != 1 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// What was sent before a failure is asked for all the same.
func TestAcksBeforeAFailure(t *testing.T) {
	s, r := startAcks(t, sinktest.HECOptions{Acks: sinktest.HECAcks{After: 2}, Answer: func(n int) *sinktest.HECAnswer {
		if n != 2 {
			return nil
		}
		a := sinktest.HECError(503, 9, sinktest.NoNumber)
		return &a
	}})
	if n, err := s.Send(t.Context(), numbered(4)); n != 2 || !isRetry(err) {
		t.Errorf("%d, %v, want 2 and a Retry", n, err)
	}
	if r.Count() != 2 {
		t.Errorf("%d arrived, want 2", r.Count())
	}
}

// A request without an answer may have been given the number of one that is
// open, by a receiver that has restarted: none of them is believed any more.
// A proxy that has lost the answer says so; one that is busy or minds the
// size has passed nothing on.
func TestAcksAroundALostAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		answer sinktest.HECAnswer
		sent   int
	}{
		"reset":                {sinktest.HECAnswer{Fault: sinktest.HECReset}, 0},
		"bad gateway":          {sinktest.HECAnswer{Status: 502, Body: "<html>"}, 0},
		"gateway timeout":      {sinktest.HECAnswer{Status: 504, Body: "<html>"}, 0},
		"a proxy's fault":      {sinktest.HECAnswer{Status: 500, Body: "<html>"}, 0},
		"the receiver's fault": {sinktest.HECError(500, 8, sinktest.NoNumber), 2},
		"busy proxy":           {sinktest.HECAnswer{Status: 503, Body: "<html>"}, 2},
		"proxy's limit":        {sinktest.HECAnswer{Status: 429, Body: "<html>"}, 2},
		"too large":            {sinktest.HECAnswer{Status: 413, Body: "<html>"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := startAcks(t, sinktest.HECOptions{Answer: func(n int) *sinktest.HECAnswer {
				if n == 2 {
					return &c.answer
				}
				return nil
			}})
			if n, err := s.Send(t.Context(), numbered(4)); n != c.sent || !isRetry(err) || (r.Polls() == 0) != (c.sent == 0) {
				t.Errorf("%d, %v, %d polls; want %d, a Retry, and polls only for those", n, err, r.Polls(), c.sent)
			}
			if got, _ := deliver(t, s, r, numbered(4)[c.sent:]); got.arrived != plainly.arrived {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// The receiver restarts, a gateway loses its next answer, and the number in
// that is one that is open: what the restart lost is not taken for delivered.
func TestRestartBehindAGateway(t *testing.T) {
	s, r := startAcks(t, sinktest.HECOptions{}, func(c *Config) { c.AckTimeout = 300 * time.Millisecond })
	forward := httputil.NewSingleHostReverseProxy(must(url.Parse(r.URL())))
	forward.Transport = &http.Transport{DisableKeepAlives: true}
	var posts atomic.Int32
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != eventPath || posts.Add(1) != 3 {
			forward.ServeHTTP(w, req)
			return
		}
		r.Crash()
		if err := r.Up(); err != nil {
			t.Error(err)
		}
		forward.ServeHTTP(httptest.NewRecorder(), req)
		w.WriteHeader(http.StatusGatewayTimeout)
	}))
	t.Cleanup(gateway.Close)
	s.base = gateway.URL
	if got, _ := deliver(t, s, r, numbered(4)); sorted(got.arrived) != plainly.arrived {
		t.Errorf("lost: %+v", got)
	}
}

// A receiver that has restarted begins to count again. The number that comes
// twice shows it.
func TestAckTwice(t *testing.T) {
	var receiver atomic.Pointer[sinktest.HECReceiver]
	s, r := startAcks(t, sinktest.HECOptions{Answer: func(n int) *sinktest.HECAnswer {
		if n == 2 {
			receiver.Load().Move()
		}
		return nil
	}})
	receiver.Store(r)
	n, err := s.Send(t.Context(), numbered(4))
	if n != 0 || !isRetry(err) || !strings.Contains(err.Error(), "gave acknowledgement 0 twice") || r.Polls() != 0 {
		t.Errorf("%d, %v, %d polls", n, err, r.Polls())
	}
}

// What a bad event follows was indexed and got no acknowledgement: it is sent
// again before the bad one is given up.
func TestAcksOfABadEvent(t *testing.T) {
	s, r := startAcks(t, sinktest.HECOptions{Indexes: []string{"main"}}, func(c *Config) { c.MaxBody = 1000 })
	events := numbered(5)
	events[3].Meta = forbidden()
	got, reasons := deliver(t, s, r, events)
	want := delivery{arrived: "0 1 2 0 1 2 4", rejected: "3", stats: sinks.Stats{Delivered: 4, Rejected: 1}}
	if got != want || !strings.Contains(reasons[0], "(code 7)") {
		t.Errorf("got  %+v %q\nwant %+v", got, reasons, want)
	}
}

// A receiver that never promised anything is a setting to change. Its events
// arrive once, and not again with each try.
func TestNoAckID(t *testing.T) {
	s, r := start(t, sinktest.HECOptions{}, func(c *Config) { c.Ack = true })
	for i, want := range []string{"promised no acknowledgement (no ackId)", "ACK is disabled (code 14)", "ACK is disabled (code 14)"} {
		n, err := s.Send(t.Context(), numbered(4))
		if n != 0 || !isHold(err) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "leave --hec-ack out") {
			t.Errorf("try %d: %d, %v", i, n, err)
		}
	}
	if r.Count() != 4 {
		t.Errorf("%d events arrived, want 4", r.Count())
	}
}

// It is noticed when the token is set right.
func TestNoAckIDForAWhile(t *testing.T) {
	for _, body := range []string{`{"text":"Success","code":0}`, `{"code":0,"ackId":null}`, `{"code":0,"ackId":"0"}`, `{"code":0,"ackId":-1}`, `{"code":0,"ackId":0.5}`} {
		s, r := startAcks(t, sinktest.HECOptions{Answer: sinktest.HECScript(sinktest.HECAnswer{Status: 200, Body: body})})
		if got, _ := deliver(t, s, r, numbered(4)); got != held {
			t.Errorf("%s: %+v", body, got)
		}
	}
}

// The channel that the settings name is the first one.
func TestChannelOfTheSettings(t *testing.T) {
	const first = "0aB1c2d3-0000-4000-8000-000000000000"
	s, r := startAcks(t, sinktest.HECOptions{}, func(c *Config) { c.Channel = first })
	deliver(t, s, r, numbered(4))
	if all := channelsOf(r); len(all) != 1 || all[0] != first {
		t.Errorf("sent on %v", all)
	}
}

func TestCancelDuringAwait(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, r := startAcks(t, sinktest.HECOptions{Acks: sinktest.HECAcks{After: sinktest.HECNever, Answer: func(poll int) *sinktest.HECAnswer {
		if poll == 3 {
			cancel()
		}
		return nil
	}}})
	n, err := s.Send(ctx, numbered(2))
	if n != 0 || !errors.Is(err, context.Canceled) || isRetry(err) || isHold(err) {
		t.Errorf("%d, %v", n, err)
	}
	if r.Count() != 0 {
		t.Errorf("%d arrived", r.Count())
	}
}

// The receiver says 200, and crashes before it has written anything down.
// Without acknowledgement the events are gone, with it none is.
func TestCrash(t *testing.T) {
	t.Run("without", func(t *testing.T) {
		s, r := start(t, sinktest.HECOptions{Acks: sinktest.HECAcks{Delay: hour}})
		if got, _ := deliver(t, s, r, numbered(4)); got.stats != plainly.stats {
			t.Errorf("stats %+v", got.stats)
		}
		if lost := r.Crash(); lost != 4 {
			t.Errorf("%d events were lost, want 4", lost)
		}
	})
	t.Run("with", func(t *testing.T) {
		asked := make(chan struct{})
		s, r := startAcks(t, sinktest.HECOptions{Acks: sinktest.HECAcks{After: 2, Answer: func(poll int) *sinktest.HECAnswer {
			if poll == 1 {
				close(asked)
			}
			return nil
		}}}, func(c *Config) { c.AckTimeout = 300 * time.Millisecond })
		s.polling = polling{first: 20 * time.Millisecond, longest: 20 * time.Millisecond, lost: time.Millisecond}
		lost := make(chan int, 1)
		go func() {
			<-asked
			lost <- r.Crash()
			if err := r.Up(); err != nil {
				t.Error(err)
			}
		}()
		got, _ := deliver(t, s, r, numbered(4))
		if got.arrived != "0 1 2 3" || got.stats.Delivered != 4 || got.stats.Retries == 0 {
			t.Errorf("got %+v", got)
		}
		if n := <-lost; n != 4 {
			t.Errorf("%d events were lost in the crash, want 4", n)
		}
	})
}

// FuzzAcks: no answer makes a panic, or tells true what it does not say.
func FuzzAcks(f *testing.F) {
	for _, s := range []string{
		`{"acks":{"0":true,"1":false}}`, `{"acks":{}}`, `{"acks":null}`, `{"acks":[0]}`, `{"acks":{"0":1}}`, `{"text":"ACK is disabled","code":14}`, `{"text":"Success","code":0}`, `{"code":6}`, "", "<html>", "\xff",
	} {
		f.Add(200, []byte(s))
		f.Add(400, []byte(s))
		f.Add(503, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		told, after, err := answer{status: status, body: body}.acks(time.Now())
		if (told == nil) != (err != nil) || after != 0 {
			t.Errorf("told %v, after %v, error %v", told, after, err)
		}
		if err != nil && !isRetry(err) && !isHold(err) {
			t.Errorf("%T is no outcome here", err)
		}
		var said struct{ Acks map[string]bool }
		if err == nil && (status != 200 || json.Unmarshal(body, &said) != nil || fmt.Sprint(said.Acks) != fmt.Sprint(told)) {
			t.Errorf("status %d with %q tells %v", status, body, told)
		}
	})
}
