package host

import (
	"cmp"
	"errors"
	"slices"
	"sync"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// Bounds of what is known of dead letters: reasons are texts of others, who
// may think of a new one for each log.
const (
	mostReasons = 50  // further ones of a place are counted together
	reasonLen   = 120 // bytes
)

// What stands for all that is beyond a bound.
const (
	otherReasons = "other reasons"
	noSuchSink   = "(no such sink)"
)

// Why a log became a dead letter, where that is no guest.Kind.
const (
	refusedByGuest = "refused by the guest"
	refusedBySink  = "rejected"
)

// kindOf says in which way a log failed in a guest.
func kindOf(err error) string {
	if f, ok := errors.AsType[*guest.Fault](err); ok {
		return string(f.Kind)
	}
	return refusedByGuest
}

// reasons counts dead letters by their causes and by what their reasons have in
// common.
type reasons struct {
	mu sync.Mutex
	n  map[LetterCount]uint64 // by all but N
}

// add counts letters that were written, with their kinds.
func (r *reasons) add(letters []deadletter.Letter, kinds []string, sinks []NamedSink) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == nil {
		r.n = map[LetterCount]uint64{}
	}
	for i := range letters {
		l := &letters[i]
		c := LetterCount{Stage: l.Stage.Kind, Name: l.Stage.Name, Kind: kinds[i], Reason: likeness(l.Reason)}
		if c.Stage == deadletter.StageSink && !slices.ContainsFunc(sinks, func(s NamedSink) bool { return s.Name == c.Name }) {
			c.Name = noSuchSink // guests name sinks
		}
		if _, known := r.n[c]; !known && len(r.n) >= mostReasons {
			c.Reason = otherReasons
		}
		r.n[c]++
	}
}

// snapshot returns the counts, the highest first.
func (r *reasons) snapshot() []LetterCount {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]LetterCount, 0, len(r.n))
	for c, n := range r.n {
		c.N = n
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b LetterCount) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason))
	})
	return all
}

// likeness is what a reason has in common with others of its kind: the text
// without its numbers and without what it quotes, which may be of a log.
func likeness(reason string) string {
	reason = reason[:min(len(reason), 4*reasonLen)]
	text := make([]byte, 0, len(reason))
	quote := byte(0)
	for i := 0; i < len(reason); i++ {
		c := reason[i]
		switch {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '`':
			quote = c
			text = append(text, "..."...)
		case c < '0' || c > '9':
			text = append(text, c)
		case len(text) == 0 || text[len(text)-1] != '#':
			text = append(text, '#')
		}
	}
	return abi.Printable(text, reasonLen)
}
