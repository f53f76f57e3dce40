package replay

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"time"

	"github.com/slswasm/slswasm/sinks/deadletter"
)

// A Filter takes some letters and leaves out others; the zero Filter takes
// all of them.
type Filter struct {
	Reason string    `json:"reason,omitempty"` // a regular expression (RE2)
	Stage  string    `json:"stage,omitempty"`  // guest or sink
	Since  time.Time `json:"since,omitzero"`   // given up then or later

	reason *regexp.Regexp
}

// NewFilter checks a filter.
func NewFilter(f Filter) (Filter, error) {
	switch f.Stage {
	case "", deadletter.StageGuest, deadletter.StageSink:
	default:
		return f, fmt.Errorf("--stage: %q is none of: %s, %s", f.Stage, deadletter.StageGuest, deadletter.StageSink)
	}
	var err error
	if f.reason, err = regexp.Compile(f.Reason); err != nil {
		return f, fmt.Errorf("--reason: %w", err)
	}
	return f, nil
}

func (f *Filter) takes(l *deadletter.Letter) bool {
	return (f.Stage == "" || f.Stage == l.Stage.Kind) && !l.At.Before(f.Since) &&
		(f.Reason == "" || f.reason.MatchString(l.Reason))
}

// within says that whatever f takes, other takes too.
func (f *Filter) within(other *Filter) bool {
	return (other.Reason == "" || other.Reason == f.Reason) &&
		(other.Stage == "" || other.Stage == f.Stage) && !f.Since.Before(other.Since)
}

// logs is a set of logs, in 16 bytes each.
type logs map[[16]byte]struct{}

// add says whether the letter's log is new. Two letters are of the same log
// when they name the same place and flow, for each has its own sinks, and hold
// the same bytes: project names alone may repeat from region to region.
func (s logs) add(l *deadletter.Letter) bool {
	h := sha256.New()
	var size [8]byte
	put := func(b []byte) {
		binary.LittleEndian.PutUint64(size[:], uint64(len(b)))
		h.Write(size[:])
		h.Write(b)
	}
	put([]byte(l.Flow))
	put([]byte(l.Project))
	put([]byte(l.Logstore))
	put(fmt.Appendf(nil, "%d %s %d %d", l.Shard, l.Cursor, l.Index, l.Log.Time))
	for _, f := range l.Log.Fields {
		put(f.Key)
		put(f.Value)
	}
	var key [16]byte
	copy(key[:], h.Sum(nil))
	if _, known := s[key]; known {
		return false
	}
	s[key] = struct{}{}
	return true
}
