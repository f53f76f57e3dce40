package abi

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// The guest's side of the two codecs, for tests.

// A record is one decoded record of a batch.
type record struct {
	Log
	slots [][]byte // nil: absent
}

// decodeBatch reads a batch as ABI.md tells a guest to.
func decodeBatch(b []byte) ([]record, error) {
	le := binary.LittleEndian
	at := func(off, n uint32) []byte { return b[off:][:n:n] }
	hdr, n, slots, stride := le.Uint32(b), le.Uint32(b[OffCount:]), le.Uint32(b[OffSlots:]), le.Uint32(b[OffStride:])
	if le.Uint32(b[OffFlags:]) != 0 || le.Uint32(b[OffCursor:]) != 0 || le.Uint64(b[24:]) != 0 {
		return nil, fmt.Errorf("header % x", b[:HeaderSize])
	}
	var out []record
	for i := range n {
		r := at(hdr+i*stride, stride)
		rec := record{Log: Log{Time: int64(le.Uint64(r[RecTime:])), Group: le.Uint32(r[RecGroup:])}}
		table, rows := le.Uint32(r[RecFields:]), le.Uint32(r[RecCount:])
		for j := range rows {
			f := at(table+j*FieldSize, FieldSize)
			rec.Fields = append(rec.Fields, Field{
				Key:   at(le.Uint32(f), le.Uint32(f[4:])),
				Value: at(le.Uint32(f[8:]), le.Uint32(f[12:])),
			})
		}
		for s := range slots {
			v := r[RecordSize+s*SlotSize:]
			if l := le.Uint32(v[4:]); l == Absent {
				rec.slots = append(rec.slots, nil)
			} else {
				rec.slots = append(rec.slots, at(le.Uint32(v), l))
			}
		}
		out = append(out, rec)
	}
	return out, nil
}

// A reply under construction.
type reply []byte

func newReply(n int) reply { return reply(nil).u32(uint32(n)) }

func (r reply) u8(v ...byte) reply { return append(r, v...) }
func (r reply) u32(v uint32) reply { return binary.LittleEndian.AppendUint32(r, v) }
func (r reply) i64(v int64) reply  { return binary.LittleEndian.AppendUint64(r, uint64(v)) }

func (r reply) text(s ...string) reply {
	for _, s := range s {
		r = append(r.u32(uint32(len(s))), s...)
	}
	return r
}

// op appends an op whose operands are texts.
func (r reply) op(op Op, text ...string) reply { return r.u8(byte(op)).text(text...) }

// slotOp appends an op whose key is a slot.
func (r reply) slotOp(op Op, slot uint32, text ...string) reply {
	return r.u8(byte(op)).u32(SlotKey | slot).text(text...)
}

func (r reply) meta(id MetaID, text ...string) reply {
	return r.u8(byte(OpMeta), byte(id)).text(text...)
}

// log makes an event from key, value pairs.
func log(kv ...string) Event {
	e := Event{Log: Log{Time: 1_700_000_000_000_000_000, Group: 3}}
	for p := range slices.Chunk(kv, 2) {
		e.Fields = append(e.Fields, Field{Key: []byte(p[0]), Value: []byte(p[1])})
	}
	return e
}

// describe makes a descriptor of these names.
func describe(names ...string) *Descriptor {
	d := &Descriptor{BatchMax: DefaultBatchMax}
	if err := d.declare(names); err != nil {
		panic(err)
	}
	return d
}

// show writes an event in one line.
func show(e Event) string {
	var b bytes.Buffer
	for i, f := range e.Fields {
		if i > 0 {
			b.WriteByte(' ')
		}
		eq := "="
		if f.JSON {
			eq = ":="
		}
		fmt.Fprintf(&b, "%s%s%s", f.Key, eq, f.Value)
	}
	if e.Body != nil {
		fmt.Fprintf(&b, " body=%s json=%t", e.Body, e.BodyJSON)
	}
	if m := e.Meta; m != nil {
		fmt.Fprintf(&b, " meta=%s|%s|%s|%s", m.Index, m.Source, m.SourceType, m.Host)
		fmt.Fprintf(&b, "|%d.%d|%s|%s|%s|%s|%s", m.Facility, m.Severity, m.AppName, m.ProcID, m.MsgID, m.Hostname, m.Route)
		for _, f := range m.Fields {
			fmt.Fprintf(&b, " +%s=%s", f.Key, f.Value)
		}
		for _, p := range m.Structured {
			fmt.Fprintf(&b, " [%s %s=%s]", p.ID, p.Name, p.Value)
		}
	}
	return b.String()
}
