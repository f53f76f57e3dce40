package hec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

// An answer is what a receiver said to a POST.
type answer struct {
	status int
	header http.Header
	body   []byte // the start of it
	proxy  string // that may be who answered; "": none
}

// reply is the body of a HEC answer.
type reply struct {
	Text   string
	Code   *int
	Number *int `json:"invalid-event-number"`
	AckID  json.RawMessage
}

// A kind is what an answer means for the events of the body.
type kind int

const (
	delivered kind = iota // all of them
	busy                  // try the same again later: sinks.Retry
	stopped               // somebody must change a setting first: sinks.Hold
	invalid               // one of them is refused for good
	tooLarge              // the body is, not an event
)

// A verdict is an answer understood.
type verdict struct {
	kind   kind
	err    error         // for people; nil when delivered
	after  time.Duration // busy: the receiver's wish
	bad    int           // invalid: the index of the refused event in the body; -1: unknown
	status int
	code   int    // Splunk's; -1: none
	full   bool   // delivered, and the receiver asks to slow down
	lost   bool   // busy: the words of something in between, which may have passed the body on
	ackID  []byte // delivered: the number of its acknowledgement; nil: none
}

// kindOf is what one of Splunk's codes means. What is in no table is judged by
// the status alone.
func kindOf(code int) (kind, bool) {
	switch code {
	case 0, 17, 24, 25:
		return delivered, true
	case 8, 9, 18, 19, 20, 23, 26, 27:
		return busy, true
	case 1, 2, 3, 4, 5, 10, 11, 14, 16, 21, 22, 28:
		return stopped, true
	case 6, 7, 12, 13, 15:
		return invalid, true
	}
	return 0, false
}

// judge says what an answer means for a body of n events. What is not
// understood is never taken for a delivery, nor for the fault of an event: a
// page of a proxy with status 200 is held like a redirect.
func (a answer) judge(n int, now time.Time) verdict {
	r, isHEC := a.parse()
	v := verdict{kind: stopped, status: a.status, bad: -1, code: -1}
	if isHEC {
		v.code = *r.Code
	}
	byCode, known := kindOf(v.code)
	switch {
	case a.status == http.StatusOK:
		if known {
			v.kind = byCode
		}
	case a.status == http.StatusRequestEntityTooLarge:
		v.kind = tooLarge
	case a.status == http.StatusBadRequest && known && byCode != delivered:
		v.kind = byCode
	case a.status == http.StatusRequestTimeout, a.status == http.StatusTooManyRequests, a.status >= 500:
		v.kind = busy
	}
	if v.kind == delivered {
		v.full, v.ackID = v.code == 24 || v.code == 25, r.AckID
		return v
	}
	v.err = errors.New(a.describe(r, isHEC))
	if v.kind == busy {
		v.after = retryAfter(a.header, now)
		v.lost = !isHEC && a.status >= 500 && a.status != http.StatusServiceUnavailable
	}
	if v.kind == invalid {
		v.bad = r.index(n)
	}
	return v
}

// pressure is what an answer says of the receiver's load.
func (v verdict) pressure(status int) pressure {
	switch {
	case v.kind == delivered && !v.full:
		return eased
	case v.kind != busy, status == http.StatusInternalServerError, status == http.StatusBadGateway:
		return steady
	}
	return pressed
}

func (a answer) parse() (reply, bool) {
	var r reply
	if json.Unmarshal(a.body, &r) != nil || r.Code == nil {
		return reply{}, false
	}
	return r, true
}

// index is the place of the event to blame among n, or -1. Splunk counts from
// 0, but from 1 when it refuses the index (code 7).
func (r reply) index(n int) int {
	if r.Number == nil {
		return -1
	}
	at := *r.Number
	if *r.Code == wrongIndex {
		at--
	}
	if at < 0 || at >= n {
		return -1
	}
	return at
}

// describe is the answer in the receiver's words, and what to do about it.
func (a answer) describe(r reply, isHEC bool) string {
	said := fmt.Sprintf("the receiver answered %d", a.status)
	if !isHEC {
		if a.proxy != "" {
			said = fmt.Sprintf("the proxy %s, or the receiver behind it, answered %d", a.proxy, a.status)
		}
		if excerpt := a.excerpt(); excerpt != "" {
			said += fmt.Sprintf(" %q", excerpt)
		}
		if a.status == http.StatusOK {
			said += ", which is no answer of a HTTP Event Collector"
		}
		return said + a.hint(-1)
	}
	return fmt.Sprintf("%s: %s (code %d)%s", said, printable(r.Text), *r.Code, a.hint(*r.Code))
}

// wrongIndex is Splunk's code for an index that there is not, or that the
// token may not write to.
const wrongIndex = 7

// forIndex judges the refusal of one event for its index. An index that a
// guest chose is that event's fault. Any other is in the settings, here or of
// the token, and would be the end of every event: it must be changed first.
func (v verdict) forIndex(e *abi.Event, configured string) verdict {
	switch {
	case e.Meta != nil && len(e.Meta.Index) > 0 && string(e.Meta.Index) != configured:
		v.err = fmt.Errorf("%w, or change the guest that chose %q", v.err, e.Meta.Index)
		return v
	case configured == "":
		v.err = fmt.Errorf("%w, or give one with --hec-index: the token's default index was refused", v.err)
	default:
		v.err = fmt.Errorf("%w, or change --hec-index (%q)", v.err, configured)
	}
	v.kind = stopped
	return v
}

// hint is what to do about what retrying does not mend.
func (a answer) hint(code int) string {
	switch code {
	case 1:
		return "; enable the token in Splunk, or give another with --hec-token"
	case 2, 3, 4:
		return tokenHint
	case 5:
		return "; something between here and Splunk removes the body: check proxies, and try without --hec-gzip"
	case wrongIndex:
		return "; allow the index for the token"
	case 10, 11, 28:
		return "; the token has indexer acknowledgement enabled: give --hec-ack (or --hec-channel, to do without), or disable it in Splunk"
	case 14:
		return ackHint
	}
	switch s := a.status; {
	case s >= 300 && s < 400:
		return fmt.Sprintf("; redirects are not followed: set --hec-url to where it points (%s)", printable(a.header.Get("Location")))
	case s == http.StatusProxyAuthRequired:
		return "; " + passwordHint
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		return tokenHint
	case s == http.StatusNotFound, s == http.StatusMethodNotAllowed, s == http.StatusOK && code < 0:
		return "; check that --hec-url names the HTTP Event Collector (port 8088 by default), not Splunk's web or management port"
	}
	return ""
}

const (
	tokenHint = "; check --hec-token or --hec-token-file"
	ackHint   = "; enable indexer acknowledgement for the token in Splunk, or leave --hec-ack out"
)

const excerptLen = 120

func (a answer) excerpt() string {
	text := bytes.TrimSpace(a.body)
	return printable(string(text[:min(len(text), excerptLen)]))
}

// printable makes one line of what a stranger wrote.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

// retryAfter reads the header of RFC 9110, section 10.2.3: seconds or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if s, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(s) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(at.Sub(now), 0)
}

// name is the status, and Splunk's code behind it.
func (v verdict) name() string {
	if v.code < 0 {
		return strconv.Itoa(v.status)
	}
	return strconv.Itoa(v.status) + "/" + strconv.Itoa(v.code)
}

// outcome is the verdict in the words of the sinks' contract.
func (v verdict) outcome() error {
	switch v.kind {
	case busy:
		return &sinks.Retry{Err: sinks.Coded(v.err, v.name()), After: v.after}
	case invalid, tooLarge:
		return &sinks.Rejected{Reason: v.err.Error(), Code: v.name()}
	case stopped:
		return &sinks.Hold{Err: sinks.Coded(v.err, v.name())}
	case delivered:
	}
	return nil
}
