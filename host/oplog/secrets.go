package oplog

import (
	"cmp"
	"encoding/json"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// Secrets are values that nobody may read in a log. The zero value knows none.
type Secrets struct {
	mu    sync.Mutex
	slots map[string][][]string // the last values of each
	mask  atomic.Pointer[strings.Replacer]
}

const (
	masked    = "***"
	leastLong = len(masked) + 1 // of a secret: what is shorter is in any text by chance, and might be in the mask
	rotations = 8               // of which the values are still secrets
)

// Hide makes these values secrets, for good. What is shorter than four bytes
// is not hidden.
func (s *Secrets) Hide(values ...string) {
	for _, v := range values {
		s.Rotate("\x00"+v, v)
	}
}

// Rotate makes these values the secrets that a slot holds now. Those before
// are kept, but not all that there ever were: tokens that are renewed every
// hour for years would fill the memory.
func (s *Secrets) Rotate(slot string, values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.slots[slot]
	if n := len(before); n > 0 && slices.Equal(before[n-1], values) {
		return
	}
	if s.slots == nil {
		s.slots = map[string][][]string{}
	}
	s.slots[slot] = append(before[max(0, len(before)-rotations+1):], slices.Clone(values))
	s.mask.Store(s.replacer())
}

func (s *Secrets) replacer() *strings.Replacer {
	all := map[string]bool{}
	for _, sets := range s.slots {
		for _, set := range sets {
			for _, v := range set {
				if len(v) < leastLong {
					continue
				}
				for _, spelling := range spellings(v) {
					all[spelling] = true
				}
			}
		}
	}
	longestFirst := slices.SortedFunc(maps.Keys(all), func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	pairs := make([]string, 0, 2*len(all))
	for _, v := range longestFirst {
		pairs = append(pairs, v, masked)
	}
	return strings.NewReplacer(pairs...)
}

// spellings are how a value may be written: as it is, in a URL, and within
// quotes of Go and of JSON.
func spellings(v string) []string {
	inJSON, err := json.Marshal(v)
	quoted := strconv.Quote(v)
	all := []string{v, url.QueryEscape(v), url.PathEscape(v), quoted[1 : len(quoted)-1]}
	if err == nil {
		all = append(all, string(inJSON[1:len(inJSON)-1]))
	}
	return all
}

// Mask returns the text without secrets: those that are known, and what is in
// a place where secrets are.
func (s *Secrets) Mask(text string) string {
	text = maskPlaces(text)
	r := s.mask.Load()
	if r == nil {
		return text
	}
	for range mostRounds { // what is left of one secret and the next could be a third
		before := text
		if text = r.Replace(text); text == before {
			return text
		}
	}
	return masked
}

// mostRounds is how often a text is looked through before all of it is taken for a secret.
const mostRounds = 5

// Hide makes the values secrets for the Handler behind a logger, if there is
// one.
func Hide(logger *slog.Logger, values ...string) {
	if h, ok := logger.Handler().(*Handler); ok {
		h.secrets.Hide(values...)
	}
}

// Rotate is Secrets.Rotate for the Handler behind a logger, if there is one.
func Rotate(logger *slog.Logger, slot string, values ...string) {
	if h, ok := logger.Handler().(*Handler); ok {
		h.Rotate(slot, values...)
	}
}
