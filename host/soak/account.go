package soak

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slswasm/slswasm/sinks/deadletter"
)

// An account is kept of every log that was put: where it arrived and how
// often, and whether it became a dead letter. It is fed by the receivers and
// by the files of dead letters, and by nothing that the program under test
// says of itself.
type account struct {
	logs    logs
	history *history

	mu         sync.Mutex
	entries    []entry // of the logs, by number
	altered    []string
	unexpected []string
	faulty     map[int]bool   // logs that are in altered
	causes     map[string]int // of deliveries that were not the first
	refusals   []*refusal
}

// An entry is what is known of one log.
type entry struct {
	first   [places]arrival
	times   [places]uint16
	letters uint16
}

// An arrival is one delivery of a log.
type arrival struct {
	life       string // of the process that delivered it
	receiver   string
	begun, at  time.Time // of its request and its own
	unanswered bool      // its sender was not told
	acks       bool      // of a receiver that acknowledges later
}

func newAccount(seed uint64, h *history) *account {
	return &account{
		logs: logs{seed}, history: h, faulty: map[int]bool{}, causes: map[string]int{},
	}
}

// putting takes note of logs that are about to be put, and returns the number
// of the first.
func (a *account) putting(n int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := len(a.entries)
	a.entries = append(a.entries, make([]entry, n)...)
	return first
}

// arrived takes an event as a receiver got it.
func (a *account) arrived(place int, event []byte, micros int64, arr arrival) {
	n, err := number(event)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil || n < 0 || n >= len(a.entries) {
		a.surprise("%s: an event that is no log: %.300q", placeNames[place], event)
		return
	}
	if !a.logs.fate(n).at[place] {
		a.surprise("log %d arrived at %s, which it was not for", n, placeNames[place])
	}
	if err := a.logs.arrived(n, event, micros); err != nil {
		a.change(n, "log %d, at %s: %v", n, placeNames[place], err)
	}
	e := &a.entries[n]
	e.times[place]++
	if e.times[place] == 1 {
		e.first[place] = arr
		return
	}
	a.causes[a.history.why(place, e.first[place], arr)]++
	e.first[place].unanswered = e.first[place].unanswered || arr.unanswered
}

// A refusal is an answer that refuses one event of a request, by the
// receiver's choice and not for what is in the event.
type refusal struct {
	code string
	at   int   // place of the event in the request; -1: it names none
	logs []int // of the request, as far as it was read
}

// blames says whether a log may be a dead letter for it: where it names none of
// the events, only one that came alone.
func (r *refusal) blames(code string, n int) bool {
	at := r.at
	if at < 0 || at >= len(r.logs) {
		at = 0
		if len(r.logs) != 1 {
			return false
		}
	}
	return r.code == code && r.logs[at] == n
}

// refuses takes note that a request is going to be refused.
func (a *account) refuses(code string, at int) *refusal {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := &refusal{code: code, at: at}
	a.refusals = append(a.refusals, r)
	return r
}

// held takes the next event of such a request.
func (a *account) held(r *refusal, event []byte) {
	n, err := number(event)
	if err != nil {
		n = -1 // its arrival tells
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r.logs = append(r.logs, n)
}

var codeIn = regexp.MustCompile(`\(code (\d+)\)|answered (413)`)

// letter takes a dead letter.
func (a *account) letter(l deadletter.Letter) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id, _ := l.Log.Get(idKey)
	n, err := strconv.Atoi(string(id))
	if err != nil || n < 0 || n >= len(a.entries) {
		a.surprise("a dead letter of no log: id %.100q, %s", id, l.Reason)
		return
	}
	a.entries[n].letters++
	if err := a.logs.kept(n, &l.Log); err != nil {
		a.change(n, "log %d, as a dead letter: %v", n, err)
	}
	f := a.logs.fate(n)
	if f.stage == l.Stage.Kind && strings.Contains(l.Reason, f.reason) {
		return
	}
	if code := codeIn.FindStringSubmatch(l.Reason); code != nil && l.Stage.Kind == deadletter.StageSink &&
		slices.ContainsFunc(a.refusals, func(r *refusal) bool { return r.blames(code[1]+code[2], n) }) {
		return
	}
	a.surprise("log %d (%q) is a dead letter of %s %s: %s", n, f.do, l.Stage.Kind, l.Stage.Name, l.Reason)
}

func (a *account) surprise(format string, args ...any) {
	a.unexpected = append(a.unexpected, fmt.Sprintf(format, args...))
}

func (a *account) change(n int, format string, args ...any) {
	if !a.faulty[n] {
		a.faulty[n] = true
		a.altered = append(a.altered, fmt.Sprintf(format, args...))
	}
}

// A settlement is the account when all is over.
type settlement struct {
	put, delivered, dropped, deadLetters, duplicates int

	missing, altered, unexpected []string // what there is to say of each
	times                        map[int]int
	causes                       map[string]int
}

// settle closes the account.
func (a *account) settle() settlement {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := settlement{put: len(a.entries), altered: a.altered, unexpected: a.unexpected, times: map[int]int{}, causes: a.causes}
	for n := range a.entries {
		e, f := &a.entries[n], a.logs.fate(n)
		var lacking []string
		for place, wanted := range f.at {
			times := int(e.times[place])
			if wanted && (times > 0 || e.letters == 0) { // else it was refused there
				s.times[times]++
			}
			s.duplicates += max(times-1, 0)
			if wanted && times == 0 {
				lacking = append(lacking, placeNames[place])
			}
		}
		s.add(n, e, f, lacking)
	}
	return s
}

// add says what became of one log. A log that was refused at one place counts
// as a dead letter there; it must have arrived at the others all the same.
func (s *settlement) add(n int, e *entry, f *fate, lacking []string) {
	refused := e.letters > 0 && len(lacking) == 1 && lacking[0] == placeNames[toHEC]
	switch {
	case f.stage != "" && e.letters == 0:
		s.missing = append(s.missing, fmt.Sprintf("log %d (%q) should be a dead letter: %s", n, f.do, f.reason))
	case f.stage != "", refused:
		s.deadLetters++
	case len(lacking) > 0:
		s.missing = append(s.missing, fmt.Sprintf("log %d (%q) did not arrive at %s", n, f.do, strings.Join(lacking, " and ")))
	case f.at == [places]bool{}:
		s.dropped++
	default:
		s.delivered++
	}
}

// progress counts the logs that were put, and those that arrived somewhere.
func (a *account) progress() (put, arrived int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.entries {
		if a.entries[i].times != [places]uint16{} {
			arrived++
		}
	}
	return len(a.entries), arrived
}
