package abi

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Apply reads a guest's reply to a batch and appends what becomes of its
// logs. The reply is copied first, once, so that nothing in the Output points
// into a guest's memory. first is the index of in[0], for Failures. When the
// error, a *ReplyError, is not nil, the Output is as it was before.
func (o *Output) Apply(d *Descriptor, in []Event, first int, reply []byte, lim Limits) error {
	m := o.Mark()
	a := &o.a
	*a = applier{reader: reader{rec: -1}, out: o, desc: d, lim: lim, spent: o.spent}
	if len(reply) <= lim.Bytes || a.exceeds(lim.Bytes, "bytes") {
		a.buf = o.bytes.keep(append(o.bytes.open(len(reply)), reply...))
		a.reply(in, first)
	}
	err, spent := a.err, a.spent
	*a = applier{} // holds on to nothing
	if err != nil {
		o.Rewind(m)
		return err
	}
	o.spent = spent
	return nil
}

// A reader walks a reply. Its first error stays, and after it everything
// reads as zero, which ends every list.
type reader struct {
	buf []byte
	pos int
	rec int
	err *ReplyError
}

func (r *reader) fail(at int, err error) {
	if r.err == nil {
		r.err = &ReplyError{Record: r.rec, Offset: at, Err: err}
	}
}

// take returns the next n bytes; nil after an error.
func (r *reader) take(n uint32) []byte {
	if r.err != nil {
		return nil
	}
	if left := len(r.buf) - r.pos; uint64(n) > uint64(left) {
		r.fail(r.pos, fmt.Errorf("%d bytes expected, %d left", n, left))
		return nil
	}
	end := r.pos + int(n)
	b := r.buf[r.pos:end:end]
	r.pos = end
	return b
}

func (r *reader) u8() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) i64() int64 {
	if b := r.take(8); b != nil {
		return int64(binary.LittleEndian.Uint64(b))
	}
	return 0
}

func (r *reader) text() []byte { return r.take(r.u32()) }

// value reads a text that must be one JSON value when isJSON is set.
func (r *reader) value(isJSON bool) []byte {
	at := r.pos
	v := r.text()
	if isJSON && r.err == nil && !ValidJSON(v) {
		r.fail(at, errors.New("not one JSON value"))
	}
	return v
}

// name reads a text that must not be empty.
func (r *reader) name() []byte {
	at := r.pos
	b := r.text()
	if len(b) == 0 {
		r.fail(at, errEmptyKey)
	}
	return b
}

// An applier makes events of one reply.
type applier struct {
	reader
	out  *Output
	desc *Descriptor
	lim  Limits

	in      *Event // the log in hand
	free    Limits // of what it may cost without drawing on what logs share
	granted bool   // free counts its size
	spent   Limits // of what logs share
	worked  int

	ev   Event // in the making
	own  bool  // ev.Fields is ours to change, and still open
	meta *Meta // ours to change; nil: ev.Meta is somebody else's
}

// reply reads all verdicts.
func (a *applier) reply(in []Event, first int) {
	if n := a.u32(); a.err == nil && n != uint32(len(in)) {
		a.fail(0, fmt.Errorf("n is %d, but the batch has %d records", n, len(in)))
	}
	for i := range in {
		if a.err != nil {
			return
		}
		a.record(i, &in[i], first+i)
	}
	if rest := len(a.buf) - a.pos; rest > 0 {
		a.fail(a.pos, fmt.Errorf("%d bytes after the last verdict", rest))
	}
}

// record reads one verdict and charges its bytes.
func (a *applier) record(i int, in *Event, index int) {
	p := &a.lim.PerLog
	a.rec, a.in, a.granted = i, in, false
	a.free = Limits{Events: p.Events, Fields: p.Fields, Bytes: p.Bytes}
	at := a.pos
	a.verdict(in, index)
	a.bytes(a.pos - at)
}

func (a *applier) verdict(in *Event, index int) {
	at := a.pos
	switch v := Verdict(a.u8()); v {
	case Keep:
		a.out.Events = append(a.out.Events, *in)
	case Drop:
		a.out.Dropped++
	case Edit:
		a.event(*in)
	case Emit:
		a.emit(in)
	case Fail:
		a.out.Fail(index, FailError(Printable(a.text(), failTextMax)))
	default:
		a.fail(at, fmt.Errorf("verdict %d is not known", v))
	}
}

// emit reads k events in place of one log.
func (a *applier) emit(in *Event) {
	k := int(a.u32())
	if !a.events(k) {
		return
	}
	if k == 0 && a.err == nil {
		a.out.Dropped++
	}
	size := 0
	if k > 1 {
		size = weight(in)
	}
	for ; k > 0 && a.err == nil; k-- {
		at := a.pos
		switch base := Base(a.u8()); base {
		case Clone:
			if a.bytes(size) {
				a.event(*in)
			}
		case Empty:
			a.event(Event{Log: Log{Time: in.Time, Group: in.Group}, Origin: in.Origin})
		default:
			a.fail(at, fmt.Errorf("base %d is not known", base))
		}
	}
}

// weight is about how many bytes an event is for whoever delivers it.
func weight(e *Event) int {
	n := len(e.Body)
	for _, f := range e.Fields {
		n += len(f.Key) + len(f.Value)
	}
	if e.Meta != nil {
		for _, f := range e.Meta.Fields {
			n += len(f.Key) + len(f.Value)
		}
		for _, p := range e.Meta.Structured {
			n += len(p.ID) + len(p.Name) + len(p.Value)
		}
	}
	return n
}
