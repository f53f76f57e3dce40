package soak

import (
	"fmt"
	"regexp"
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
	refusals   map[string]int // answers of the receiver that refuse an event, by their code
	refused    map[string]map[int]bool
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
	at         time.Time
	unanswered bool // its sender was not told
	acks       bool // of a receiver that acknowledges later
}

func newAccount(seed uint64, h *history) *account {
	return &account{
		logs: logs{seed}, history: h, faulty: map[int]bool{}, causes: map[string]int{},
		refusals: map[string]int{}, refused: map[string]map[int]bool{},
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

// refuses takes note that the receiver answered that it refuses one of the
// events of a request, by its own choice and not for what is in the event.
func (a *account) refuses(code string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refusals[code]++
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
	code := codeIn.FindStringSubmatch(l.Reason)
	if f.isSentToHEC() && l.Stage.Kind == deadletter.StageSink && code != nil {
		by := code[1] + code[2]
		if a.refused[by] == nil {
			a.refused[by] = map[int]bool{}
		}
		a.refused[by][n] = true
		if len(a.refused[by]) <= a.refusals[by] {
			return
		}
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
