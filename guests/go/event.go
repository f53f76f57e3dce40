package slswasm

import (
	"encoding/binary"
	"slices"
	"time"
	"unsafe"
)

// An Event is what leaves in place of a log: the log itself with edits, or
// one of those that Log.EmitClone and Log.EmitEmpty begin. Edits apply in the
// order of the calls, and copy what they are given.
type Event struct {
	g *guest
	// The reply is written as the calls come, so only the last event begun can
	// be edited. This number tells it from those that are finished.
	seq uint32
}

// Set replaces a field's value where it stands, or adds the field at the end.
func (e Event) Set(k Key, value []byte) { e.set(opSet, k, view(value)) }

// SetString is Set for text.
func (e Event) SetString(k Key, value string) { e.set(opSet, k, value) }

// SetJSON is Set with one JSON value, which receivers that take JSON get
// nested as it is. Text that is not valid JSON is an error that costs the log
// and the instance: check what you did not write (jsonscan.Valid).
func (e Event) SetJSON(k Key, value []byte) { e.set(opSetJSON, k, view(value)) }

// Delete removes a field, if there is one.
func (e Event) Delete(k Key) {
	putKey(e.room(1+keySize(k)), opDelete, k)
}

// Rename gives a field another name and leaves it in its place. A field that
// already has that name is removed. If there is no field k, nothing happens.
func (e Event) Rename(k Key, name string) {
	if name == "" {
		panic("slswasm: cannot rename " + quote(k.name) + " to nothing")
	}
	e.set(opRename, k, name)
}

// Clear removes all fields.
func (e Event) Clear() { e.room(1)[0] = opClear }

// Body makes text the whole HEC event or syslog MSG, in place of the fields.
func (e Event) Body(text []byte) { e.body(opBody, text) }

// BodyJSON is Body with one JSON value; see SetJSON.
func (e Event) BodyJSON(value []byte) { e.body(opBodyJSON, value) }

// SetTime changes when the event happened: 1970 to 2262, in nanoseconds.
func (e Event) SetTime(t time.Time) {
	ns := t.UnixNano()
	if ns < 0 || !time.Unix(0, ns).Equal(t) {
		panic("slswasm: the time of an event cannot be before 1970 or after 2262")
	}
	b := e.room(1 + 8)
	b[0] = opTime
	binary.LittleEndian.PutUint64(b[1:], uint64(ns))
}

// Route sends the event to the sink of this name.
func (e Event) Route(sink string) { e.metaText(metaRoute, sink) }

// room starts an operation, or goes on with one, of so many bytes, which the caller writes.
func (e Event) room(n int) []byte {
	g := e.g
	if e.seq != g.writable {
		panic("slswasm: edit of a finished event: nothing can follow Drop or Fail, and an event is finished once the next one is begun")
	}
	at := len(g.reply)
	if cap(g.reply)-at <= n {
		g.grow(n + 1)
	}
	if at == g.start {
		g.reply = append(g.reply, edit)
		at++
	}
	b := g.reply[at : at+n]
	g.reply = g.reply[:at+n]
	return b
}

//go:noinline
func (g *guest) grow(n int) { g.reply = slices.Grow(g.reply, n) }

// set writes an operation on a field that takes a text.
func (e Event) set(op byte, k Key, text string) {
	size := 1 + keySize(k)
	b := e.room(size + 4 + len(text))
	putKey(b, op, k)
	putText(b[size:], text)
}

func (e Event) body(op byte, text []byte) {
	b := e.room(1 + 4 + len(text))
	b[0] = op
	putText(b[1:], view(text))
}

func keySize(k Key) int {
	if k.slot != 0 {
		return 4
	}
	if k.name == "" {
		panic("slswasm: a Key comes from slswasm.Field or slswasm.Named")
	}
	return 4 + len(k.name)
}

func putKey(b []byte, op byte, k Key) {
	b[0] = op
	if k.slot != 0 {
		binary.LittleEndian.PutUint32(b[1:], k.slot)
		return
	}
	putText(b[1:], k.name)
}

func putText(b []byte, text string) {
	binary.LittleEndian.PutUint32(b, uint32(len(text)))
	copy(b[4:], text)
}

// view returns bytes as a string, without a copy.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
