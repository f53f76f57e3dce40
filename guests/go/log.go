package slswasm

import (
	"encoding/binary"
	"iter"
	"time"
)

// A Log is one log on its way: what is in it, what becomes of it, and, by way
// of Event, edits to it. Reading shows the log as it came: edits are
// instructions to the host, and change nothing here.
//
// Keep, Drop, Fail and Emit each decide what becomes of the log; whichever
// is called last holds, but edits to the log itself after Drop, Fail or Emit
// are a mistake, and panic.
type Log struct {
	Event
	record []byte
}

// Get returns the value of a field, nil if the log has none. The bytes belong
// to the host: copy what you keep, and do not write to them.
func (l *Log) Get(k Key) []byte {
	if k.slot != 0 {
		return viewOf(l.g.batch, binary.LittleEndian.Uint64(l.record[recordSize+int(k.slot&^slotKey)*slotSize:]))
	}
	return l.find(k)
}

// find is apart from Get because its loop makes TinyGo allocate, run or not.
func (l *Log) find(k Key) []byte {
	if !l.g.allFields {
		panic("slswasm: cannot read " + quote(k.name) + ": it was not declared with slswasm.Field")
	}
	for key, value := range l.All() {
		if view(key) == k.name {
			return value
		}
	}
	return nil
}

// GetString is Get as text, "" if the log has no such field. It is a view of
// the host's bytes and no copy, to compare or look up; strings.Clone what you
// keep. (In TinyGo the conversion string(l.Get(k)) copies and allocates, even if
// the result is only compared.)
func (l *Log) GetString(k Key) string { return view(l.Get(k)) }

// Has says whether the log has a field of this name.
func (l *Log) Has(k Key) bool { return l.Get(k) != nil }

// All lists all fields, key and value, in the order of the flattened log.
// The guest must have asked for AllFields.
func (l *Log) All() iter.Seq2[[]byte, []byte] {
	if !l.g.allFields {
		panic("slswasm: cannot list the fields: the guest did not ask for them with slswasm.AllFields")
	}
	return func(yield func(key, value []byte) bool) {
		rows := l.g.batch[word(l.record, recFields):]
		for n := word(l.record, recCount); n > 0; n-- {
			key, value := binary.LittleEndian.Uint64(rows), binary.LittleEndian.Uint64(rows[8:])
			if !yield(viewOf(l.g.batch, key), viewOf(l.g.batch, value)) {
				return
			}
			rows = rows[fieldSize:]
		}
	}
}

// Len returns the number of fields, 0 unless the guest asked for AllFields.
func (l *Log) Len() int { return int(word(l.record, recCount)) }

// Time returns when the event happened, in UTC.
func (l *Log) Time() time.Time {
	return time.Unix(0, int64(binary.LittleEndian.Uint64(l.record[recTime:]))).UTC()
}

// Group returns a number that logs of one batch share when they came in one
// LogGroup, with the same topic, source and tags.
func (l *Log) Group() uint32 { return word(l.record, recGroup) }

// viewOf returns the bytes of which a batch says, in two words, where they are and how many;
// never nil unless the field is absent.
func viewOf(batch []byte, place uint64) []byte {
	off, n := place&0xFFFFFFFF, place>>32
	if n == absent {
		return nil
	}
	return batch[off : off+n : off+n]
}

// Keep lets the log pass unchanged: it takes back whatever was said before.
func (l *Log) Keep() {
	l.g.reply = l.g.reply[:l.g.start]
	l.g.writable++
	l.seq = l.g.writable
}

// Drop discards the log, on purpose: it counts as settled and is not
// delivered.
func (l *Log) Drop() { l.decide(drop) }

// Fail says that the guest cannot transform this log, and why. The log goes
// the way of --on-error: by default to the dead letters.
func (l *Log) Fail(why string) {
	l.decide(fail)
	l.g.reply = append(binary.LittleEndian.AppendUint32(l.g.reply, uint32(len(why))), why...)
}

// EmitClone puts an event with the log's fields in place of the log; EmitEmpty
// one with no field and the log's time. Call them as often as there are
// events; edits to the log itself do not carry over. An event can be edited
// until the next one is begun.
func (l *Log) EmitClone() Event { return l.emit(clone) }

// EmitEmpty is described at EmitClone.
func (l *Log) EmitEmpty() Event { return l.emit(empty) }

func (l *Log) emit(base byte) Event {
	g := l.g
	if len(g.reply) > g.start && g.reply[g.start] == emit {
		g.endEvent()
		g.writable++
	} else {
		l.decide(emit)
		g.emitted = len(g.reply)
		g.reply = append(g.reply, 0, 0, 0, 0)
	}
	g.reply = append(g.reply, base)
	return Event{g, g.writable}
}

// endEvent completes the emitted event under way, and counts it.
func (g *guest) endEvent() {
	g.reply = append(g.reply, opEnd)
	count := g.reply[g.emitted:]
	binary.LittleEndian.PutUint32(count, word(count, 0)+1)
}

// decide writes a verdict in place of whatever was said before.
func (l *Log) decide(verdict byte) {
	l.g.reply = append(l.g.reply[:l.g.start], verdict)
	l.g.writable++ // no edit of the log itself after this
}
