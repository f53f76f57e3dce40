package soak

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slswasm/slswasm/sinks/sinktest"
)

const (
	token     = "soak-token"
	index     = "main" // the one index that there is
	allEvents = 1 << 30

	nearCapacity = "hec_near_capacity"
	refusesOne   = "hec_refusal_" // and the code
)

// A hecSite is a Splunk HEC receiver that answers everything that Splunk and
// what stands before it were seen to answer, and breaks off in between.
type hecSite struct {
	*sinktest.HECReceiver
	name    string
	account *account
	deck    *deck[hecFault]
	polls   *deck[hecFault] // of those with acks
	healed  *atomic.Bool
	faults  *tally
	acks    bool

	mu       sync.Mutex
	requests map[int]*request
}

// A request is what is known of a POST before it is read.
type request struct {
	begun   time.Time
	lost    bool     // its events are taken and its sender is not told
	refused *refusal // nil: it is not
}

// A hecFault is one answer, under the name that it is counted by.
type hecFault struct {
	name   string
	answer sinktest.HECAnswer
}

func hecFaults() []hecFault {
	html := func(status int) sinktest.HECAnswer {
		return sinktest.HECAnswer{Status: status, Body: "<html><body>somebody else</body></html>"}
	}
	all := []hecFault{
		{"hec_reset", sinktest.HECAnswer{Fault: sinktest.HECReset}},
		{"hec_reset_early", sinktest.HECAnswer{Fault: sinktest.HECReset, Early: true}},
		{"hec_reset_after_taking", sinktest.HECAnswer{Fault: sinktest.HECReset, Indexed: allEvents}},
		{"hec_stall", sinktest.HECAnswer{Fault: sinktest.HECStall}},
		{"hec_stall_after_taking", sinktest.HECAnswer{Fault: sinktest.HECStall, Indexed: allEvents}},
		{"hec_trickle", sinktest.HECAnswer{Status: 200, Fault: sinktest.HECDrip, Indexed: allEvents}},
		{"hec_503_after_taking", sinktest.HECAnswer{Status: 503, Body: "", Indexed: allEvents}},
		{"hec_status_302", sinktest.HECAnswer{Status: 302, Header: map[string]string{"Location": "http://127.0.0.1:1/"}}},
		{"hec_retry_after", sinktest.HECAnswer{Status: 429, Header: map[string]string{"Retry-After": "1"}}},
	}
	for _, code := range []int{24, 25, 24, 25} { // twice, for one of three receivers leaves them out
		body := fmt.Sprintf(`{"text":"near capacity","code":%d}`, code)
		all = append(all, hecFault{fmt.Sprintf("%s_%d", nearCapacity, code), sinktest.HECAnswer{Status: 200, Body: body, Indexed: allEvents}})
	}
	for _, status := range []int{200, 400, 403, 404, 405, 408, 413, 500, 502, 503, 504} {
		all = append(all, hecFault{fmt.Sprintf("hec_status_%d", status), html(status)})
	}
	for _, c := range []struct{ status, code int }{
		{401, 2}, {401, 3}, {403, 1}, {403, 4}, {400, 5}, {400, 10}, {400, 11}, {400, 14}, {400, 16}, {400, 21}, {400, 22}, {400, 28},
		{429, 26}, {429, 27}, {500, 8}, {503, 9}, {503, 18}, {503, 19}, {503, 20}, {503, 23},
	} {
		all = append(all, hecFault{fmt.Sprintf("hec_code_%d", c.code), sinktest.HECError(c.status, c.code, sinktest.NoNumber)})
	}
	for i, code := range []int{6, 7, 12, 13, 15} {
		number := i % 3 // of the event that is refused; mostly the request has more
		answer := sinktest.HECError(400, code, number)
		answer.Indexed = number
		if code == 7 {
			answer.Indexed-- // it is counted from 1
		}
		all = append(all, hecFault{refusesOne + strconv.Itoa(code), answer})
	}
	return all
}

// startHEC starts a receiver; with acks it is one whose token has indexer
// acknowledgement on.
func startHEC(w *world, name string, acks bool) (*hecSite, error) {
	s := &hecSite{name: name, account: w.account, healed: &w.service.healed, faults: w.faults, requests: map[int]*request{}, acks: acks}
	opt := sinktest.HECOptions{Token: token, Refuse: s.refuse, OnEvent: s.take, Answer: s.answer}
	cards := hecFaults()
	if acks {
		// A success without an ackId is not the answer of such a token.
		cards = slices.DeleteFunc(cards, func(f hecFault) bool { return strings.HasPrefix(f.name, nearCapacity) })
		opt.Acks = sinktest.HECAcks{On: true, After: 1, Answer: s.polled}
		s.polls = &deck[hecFault]{seed: w.cfg.Seed, name: name + " polls", every: 4, cards: pollFaults()}
	}
	s.deck = &deck[hecFault]{seed: w.cfg.Seed, name: name, every: 3, cards: cards}
	var err error
	s.HECReceiver, err = sinktest.StartHEC(opt)
	return s, err
}

// Down is the death of a receiver: what it has not indexed is forgotten.
func (s *hecSite) Down() { s.Crash() }

// pollFaults are answers to the question for acknowledgements. But for an
// early one, what would have been told is told then, and never again.
func pollFaults() []hecFault {
	return []hecFault{
		{"ack_reset", sinktest.HECAnswer{Fault: sinktest.HECReset, Early: true}},
		{"ack_lost", sinktest.HECAnswer{Fault: sinktest.HECReset}},
		{"ack_stall", sinktest.HECAnswer{Fault: sinktest.HECStall}},
		{"ack_trickle", sinktest.HECAnswer{Status: 200, Fault: sinktest.HECDrip}},
		{"ack_503", sinktest.HECAnswer{Status: 503, Early: true}},
		{"ack_html", sinktest.HECAnswer{Status: 200, Body: "<html></html>"}},
		{"ack_code_4", withEarly(sinktest.HECError(403, 4, sinktest.NoNumber))},
		{"ack_code_27", withEarly(sinktest.HECError(429, 27, sinktest.NoNumber))},
	}
}

func withEarly(a sinktest.HECAnswer) sinktest.HECAnswer {
	a.Early = true
	return a
}

func (s *hecSite) polled(n int) *sinktest.HECAnswer {
	fault, strikes := s.polls.at(n)
	if !strikes || s.healed.Load() {
		return nil
	}
	s.faults.add(fault.name)
	return &fault.answer
}

// answer decides about a request. It is not asked for health.
func (s *hecSite) answer(n int) (script *sinktest.HECAnswer) {
	r := &request{begun: time.Now()}
	fault, strikes := s.deck.at(n)
	if a := fault.answer; strikes && !s.healed.Load() {
		script = &a
		s.faults.add(fault.name)
		r.lost = a.Indexed > 0 && (a.Status != http.StatusOK || a.Fault != sinktest.HECAnswers)
		if code, refuses := strings.CutPrefix(fault.name, refusesOne); refuses {
			r.refused = s.account.refuses(code, a.Indexed)
		} else if a.Status == http.StatusRequestEntityTooLarge {
			r.refused = s.account.refuses("413", -1)
		}
	}
	s.mu.Lock()
	s.requests[n] = r
	s.mu.Unlock()
	return script
}

func (s *hecSite) request(n int) *request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[n]
}

// refuse looks at an event before it is taken, and refuses it for its index.
func (s *hecSite) refuse(e *sinktest.HECEvent) (code int) {
	if r := s.request(e.Request); r.refused != nil {
		s.account.held(r.refused, e.Event)
	}
	if e.Index != "" && e.Index != index {
		return 7 // incorrect index
	}
	return 0
}

func (s *hecSite) take(e *sinktest.HECEvent) {
	r := s.request(e.Request)
	s.account.arrived(toHEC, e.Event, microsOf(e.Seconds()),
		arrival{life: e.Host, receiver: s.name, begun: r.begun, at: time.Now(), unanswered: r.lost, acks: s.acks})
}

// microsOf reads seconds with six digits after the point.
func microsOf(seconds string) int64 {
	var sec, micros int64
	if _, err := fmt.Sscanf(seconds, "%d.%06d", &sec, &micros); err != nil {
		return -1
	}
	return sec*1e6 + micros
}
