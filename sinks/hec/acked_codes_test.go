package hec

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

// With acknowledgement every answer means what it means without; only a
// success needs its promise, and what a bad event follows is sent again.
func TestAnswersWithAcks(t *testing.T) {
	rows := append(append(codeRows(), isolationRows()...), oddRows()...)
	for _, c := range rows {
		if len(c.script) > 1 && (c.unpromised() || c.want.stats.Rejected > 0) {
			continue // what is sent again would meet another part of the script: see isolation_test.go
		}
		t.Run(c.name, func(t *testing.T) {
			s, r := start(t, sinktest.HECOptions{Acks: sinktest.HECAcks{On: true}, Answer: sinktest.HECScript(c.script...)},
				func(cfg *Config) { cfg.Ack, cfg.AckTimeout = true, hour })
			s.polling = polling{first: time.Millisecond, longest: time.Millisecond, lost: hour}
			got, _ := deliver(t, s, r, numbered(4))
			// All arrive that arrive without; how often is not the matter here.
			got.arrived, c.want.arrived = sorted(got.arrived), sorted(c.want.arrived)
			if c.unpromised() {
				c.want.stats.Holds++
			}
			if got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// unpromised says whether the script has a success without an ackId.
func (r row) unpromised() bool {
	for _, a := range r.script {
		v := answer{status: a.Status, body: []byte(a.Body[:min(len(a.Body), answerLen)]), header: http.Header{}}.judge(4, time.Time{})
		if a.Fault == sinktest.HECAnswers && v.kind == delivered {
			return true
		}
	}
	return false
}

// sorted are the numbers that there are.
func sorted(numbers string) string {
	var all []string
	for i := range 10 {
		if n := fmt.Sprint(i); strings.Contains(numbers, n) {
			all = append(all, n)
		}
	}
	return strings.Join(all, " ")
}

// The receiver's wish to wait goes with every answer that may be tried again.
func TestRetryAfterIsPassedOn(t *testing.T) {
	for _, status := range []int{408, 429, 500, 502, 503, 504} {
		for _, in := range []string{"7", "date"} {
			text := in
			if in == "date" {
				text = time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
			}
			a := sinktest.HECAnswer{Status: status, Header: map[string]string{"Retry-After": text}}
			s, _ := start(t, sinktest.HECOptions{Answer: sinktest.HECScript(a)})
			_, err := s.Send(t.Context(), numbered(1))
			retry, ok := errors.AsType[*sinks.Retry](err)
			switch {
			case !ok:
				t.Errorf("%d: %T %v", status, err, err)
			case in == "7" && retry.After != 7*time.Second, in == "date" && (retry.After < 50*time.Second || retry.After > time.Minute):
				t.Errorf("%d with Retry-After %s: after %v", status, text, retry.After)
			}
		}
	}
}

// The polls' Retry-After is kept to, as far as the time for it goes.
func TestRetryAfterOfAPoll(t *testing.T) {
	a := sinktest.HECAnswer{Status: 503, Header: map[string]string{"Retry-After": "3600"}, Early: true}
	s, r := startAcks(t, sinktest.HECOptions{Acks: sinktest.HECAcks{Answer: sinktest.HECScript(a)}}, func(c *Config) { c.AckTimeout = 50 * time.Millisecond })
	if n, err := s.Send(t.Context(), numbered(1)); n != 1 || err != nil || r.Polls() != 2 {
		t.Errorf("%d, %v, %d polls", n, err, r.Polls())
	}
}
