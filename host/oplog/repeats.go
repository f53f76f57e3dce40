package oplog

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// between is the least time between two lines of one kind.
const between = time.Second

// mostKinds bounds the memory: what is of still another kind goes through.
const mostKinds = 4096

// repeats lets a line through at most once a second, and the last one of a
// second when that is over, with how many were left out. So each line is
// either written or counted.
type repeats struct {
	write func(slog.Record)

	mu     sync.Mutex
	kinds  map[string]*kind // that were written less than a second ago
	closed bool
}

// A kind is lines that say the same of the same place.
type kind struct {
	over *time.Timer // the second
	last *slog.Record
	left int // lines, before the last
}

func (r *repeats) take(record slog.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if record.Level < slog.LevelInfo || r.closed { // who asks for all gets all
		r.write(record)
		return
	}
	id := identity(record)
	if k := r.kinds[id]; k != nil {
		if k.last != nil {
			k.left++
		}
		k.last = &record
		return
	}
	r.write(record)
	if len(r.kinds) >= mostKinds {
		return
	}
	if r.kinds == nil {
		r.kinds = map[string]*kind{}
	}
	r.kinds[id] = &kind{over: time.AfterFunc(between, func() { r.over(id) })}
}

// over ends the second of a kind.
func (r *repeats) over(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.kinds[id]
	switch {
	case k == nil: // closed meanwhile
	case k.last == nil:
		delete(r.kinds, id)
	default:
		r.flush(k)
		k.over.Reset(between)
	}
}

func (r *repeats) flush(k *kind) {
	if k.last == nil {
		return
	}
	if k.left > 0 {
		k.last.AddAttrs(slog.Int("repeated", k.left))
	}
	r.write(*k.last)
	k.last, k.left = nil, 0
}

// close writes what is held back. No timer writes afterwards.
func (r *repeats) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for id, k := range r.kinds {
		k.over.Stop()
		r.flush(k)
		delete(r.kinds, id)
	}
}

// identity is what the lines of a kind have in common. Alarms are of one kind
// only when they are the same to the letter. Otherwise texts say where
// something happened, and numbers, durations, times and errors what: those may
// differ, and so may the texts that are listed.
func identity(r slog.Record) string {
	var b strings.Builder
	b.WriteString(r.Level.String())
	b.WriteByte(0)
	b.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		identify(&b, a, r.Level >= slog.LevelError)
		return true
	})
	return b.String()
}

// happened are the attributes that are texts and say what happened.
var happened = map[string]bool{
	"error": true, "reason": true, "answer": true, "first": true,
	"cursor": true, "saved": true, "settled": true,
}

// whereabouts are the attributes that are numbers and say where.
var whereabouts = map[string]bool{"shard": true}

func identify(b *strings.Builder, a slog.Attr, all bool) {
	if a.Value.Kind() == slog.KindGroup {
		for _, inner := range a.Value.Group() {
			identify(b, inner, all)
		}
		return
	}
	if all || whereabouts[a.Key] || isText(a.Value) && !happened[a.Key] {
		b.WriteByte(0)
		b.WriteString(a.Key)
		b.WriteByte(1)
		b.WriteString(a.Value.String())
	}
}

func isText(v slog.Value) bool {
	switch v.Kind() {
	case slog.KindString, slog.KindBool:
		return true
	case slog.KindAny:
		err, _ := v.Any().(error)
		return !errors.As(err, new(said))
	}
	return false
}
