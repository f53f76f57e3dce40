package slswasm

import (
	"encoding/binary"
	"time"
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
func (e Event) Set(k Key, value []byte) {
	g := e.op(opSet)
	g.reply = appendText(appendKey(g.reply, k), value)
}

// SetString is Set for text.
func (e Event) SetString(k Key, value string) {
	g := e.op(opSet)
	g.reply = appendText(appendKey(g.reply, k), value)
}

// SetJSON is Set with one JSON value, which receivers that take JSON get
// nested as it is. Text that is not valid JSON is an error that costs the log
// and the instance: check what you did not write (jsonscan.Valid).
func (e Event) SetJSON(k Key, value []byte) {
	g := e.op(opSetJSON)
	g.reply = appendText(appendKey(g.reply, k), value)
}

// Delete removes a field, if there is one.
func (e Event) Delete(k Key) {
	g := e.op(opDelete)
	g.reply = appendKey(g.reply, k)
}

// Rename gives a field another name and leaves it in its place. A field that
// already has that name is removed. If there is no field k, nothing happens.
func (e Event) Rename(k Key, name string) {
	if name == "" {
		panic("slswasm: cannot rename " + quote(k.name) + " to nothing")
	}
	g := e.op(opRename)
	g.reply = appendText(appendKey(g.reply, k), name)
}

// Clear removes all fields.
func (e Event) Clear() { e.op(opClear) }

// Body makes text the whole HEC event or syslog MSG, in place of the fields.
func (e Event) Body(text []byte) {
	g := e.op(opBody)
	g.reply = appendText(g.reply, text)
}

// BodyJSON is Body with one JSON value; see SetJSON.
func (e Event) BodyJSON(value []byte) {
	g := e.op(opBodyJSON)
	g.reply = appendText(g.reply, value)
}

// SetTime changes when the event happened: 1970 to 2262, in nanoseconds.
func (e Event) SetTime(t time.Time) {
	ns := t.UnixNano()
	if ns < 0 || !time.Unix(0, ns).Equal(t) {
		panic("slswasm: the time of an event cannot be before 1970 or after 2262")
	}
	g := e.op(opTime)
	g.reply = binary.LittleEndian.AppendUint64(g.reply, uint64(ns))
}

// Route sends the event to the sink of this name.
func (e Event) Route(sink string) { e.metaText(metaRoute, sink) }

// op starts an operation; the caller appends its operands.
func (e Event) op(op byte) *guest {
	g := e.g
	if e.seq != g.writable {
		panic("slswasm: edit of a finished event: nothing can follow Drop or Fail, and an event is finished once the next one is begun")
	}
	if len(g.reply) == g.start {
		g.reply = append(g.reply, edit)
	}
	g.reply = append(g.reply, op)
	return g
}

func appendKey(dst []byte, k Key) []byte {
	if k.slot != 0 {
		return binary.LittleEndian.AppendUint32(dst, k.slot)
	}
	if k.name == "" {
		panic("slswasm: a Key comes from slswasm.Field or slswasm.Named")
	}
	return appendText(dst, k.name)
}

func appendText[T string | []byte](dst []byte, text T) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(text)))
	return append(dst, text...)
}
