package tap

import (
	"bytes"
	"time"

	"github.com/slswasm/slswasm/abi"
)

// A Verdict says what became of a log.
type Verdict string

// The verdicts of a whole chain of guests.
const (
	Kept    Verdict = "kept"    // as it was
	Edited  Verdict = "edited"  // one event that differs
	Dropped Verdict = "dropped" // by a guest, on purpose
	Several Verdict = "several" // events, or one log made two or more
	Failed  Verdict = "failed"  // a guest could not transform it
)

// A Mark says what happened to a field.
type Mark string

// The marks of a Row.
const (
	Same    Mark = ""
	Added   Mark = "added"
	Changed Mark = "changed"
	Removed Mark = "removed"
)

// A Pair is a log before and after the guests. It is a copy, and bounded.
type Pair struct {
	At      time.Time `json:"at"` // when it came by
	Flow    string    `json:"flow,omitempty"`
	Source  string    `json:"source"`
	Shard   int       `json:"shard"`
	Topic   string    `json:"topic"`
	Verdict Verdict   `json:"verdict"`
	Guest   string    `json:"guest,omitempty"`  // that failed it
	Reason  string    `json:"reason,omitempty"` // for the failure

	Before []Row  `json:"before"` // the fields of the log
	After  []Side `json:"after"`  // an event each
	More   int    `json:"more"`   // events that are not shown
}

// A Side is one event beside its log.
type Side struct {
	Rows []Row `json:"rows"` // of the fields of both, in the log's order, what is new at the end
	More int   `json:"more"` // rows that are not shown
}

// A Row is one field before and after. A text that is nil is not there; that
// of After is left out when the mark says that it is the same.
type Row struct {
	Key    string `json:"key"`
	Mark   Mark   `json:"mark,omitempty"`
	Before *Text  `json:"before,omitempty"`
	After  *Text  `json:"after,omitempty"`
	Beside bool   `json:"beside,omitempty"` // no field, but what the receiver gets beside them
	JSON   bool   `json:"json,omitempty"`   // After is nested as JSON, not quoted
	// Within are the members that differ, when both are JSON objects.
	Within []Row `json:"within,omitempty"`
}

// A Text is the beginning of a value.
type Text struct {
	Text string `json:"text"`
	Size int    `json:"size,omitempty"` // of all of it in bytes, when Text is not all
}

// What a pair shows at most.
const (
	maxEvents = 8
	maxRows   = 200     // of a side
	maxText   = 4 << 10 // bytes of a value
	maxPair   = 96 << 10
)

// pair copies one log and what became of it.
func (b *Batch) pair(i int, now time.Time) *Pair {
	verdict, failure := b.verdict(i)
	c := copier{left: maxPair}
	log := &b.Logs[i]
	topic, _ := log.Get("__topic__")
	p := &Pair{
		At: now, Flow: b.Flow, Source: b.Source, Shard: b.Shard, Topic: c.text(topic).Text, Verdict: verdict,
		Before: []Row{}, After: []Side{},
	}
	if failure != nil {
		p.Guest, p.Reason = failure.Guest, c.text([]byte(failure.Err.Error())).Text
	}
	events := b.events(i)
	p.More = max(0, len(events)-maxEvents)
	for k := range events[:len(events)-p.More] {
		p.After = append(p.After, c.side(log, &events[k]))
	}
	if len(events) == 0 {
		for _, f := range log.Fields[:min(len(log.Fields), maxRows)] {
			p.Before = append(p.Before, Row{Key: c.text(f.Key).Text, Before: c.text(f.Value)})
		}
	}
	return p
}

// same reports whether the event says what the log says.
func same(log *abi.Log, e *abi.Event) bool {
	if e.Body != nil || e.Meta != nil || e.Time != log.Time || len(e.Fields) != len(log.Fields) {
		return false
	}
	for i := range e.Fields {
		if f := &log.Fields[i]; !bytes.Equal(f.Key, e.Fields[i].Key) || !sameValue(f, &e.Fields[i]) {
			return false
		}
	}
	return true
}

func sameValue(a, b *abi.Field) bool { return a.JSON == b.JSON && bytes.Equal(a.Value, b.Value) }

// A copier copies texts as long as there is room for them.
type copier struct{ left int }

func (c *copier) text(b []byte) *Text {
	n := min(len(b), maxText, c.left)
	c.left -= n
	t := &Text{Text: string(bytes.ToValidUTF8(b[:n], []byte("\uFFFD")))}
	if n < len(b) {
		t.Size = len(b)
	}
	return t
}
