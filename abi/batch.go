package abi

import (
	"bytes"
	"encoding/binary"
)

// A Batch lays out logs for one guest. Plan works out where everything goes,
// Write then fills the guest's memory in one pass, so a value is copied once
// and the guest is asked for exactly the memory that is needed. A Batch is
// reused and serves one goroutine.
type Batch struct {
	desc *Descriptor
	in   []Event // planned, to be written
	rows []row   // field tables of all records, one after the other
	vals []span  // slots of all records, one after the other
	at   []int   // per slot: the field that had it in the record before
	size uint64
	data uint64 // bytes of keys and values
}

// A span is a place among the keys and values, counted from their start. A
// span that is not shared starts where the one before it ended: that is how
// Write knows which bytes it still has to copy.
type span struct{ off, len uint32 }

type row struct{ key, val span }

// NewBatch returns a Batch for guests with this descriptor.
func NewBatch(d *Descriptor) *Batch {
	return &Batch{desc: d, at: make([]int, len(d.Slots))}
}

// Plan lays out the first logs of in: as many as maxRecords and maxBytes
// allow, but always one. It returns their number and the size of the batch in
// bytes. The logs must not change before Write; a size beyond what 32 bits
// can address cannot be written.
func (b *Batch) Plan(in []Event, maxRecords int, maxBytes uint64) (n int, size uint64) {
	b.rows, b.vals, b.data, b.size = b.rows[:0], b.vals[:0], 0, HeaderSize
	clear(b.at)
	fixed := uint64(b.stride())
	for n < len(in) && n < maxRecords {
		rows, vals, data := len(b.rows), len(b.vals), b.data
		var prev *Event
		if n > 0 {
			prev = &in[n-1]
		}
		b.add(&in[n], prev)
		grown := b.size + fixed + uint64(len(b.rows)-rows)*FieldSize + b.data - data
		if n > 0 && grown > maxBytes {
			b.rows, b.vals, b.data = b.rows[:rows], b.vals[:vals], data
			break
		}
		b.size = grown
		n++
	}
	b.in = in[:n]
	return n, b.size
}

func (b *Batch) stride() int { return RecordSize + SlotSize*len(b.desc.Slots) }

// add plans one record; prev is the one before it, nil for the first.
func (b *Batch) add(e, prev *Event) {
	first := len(b.rows)
	if b.desc.Table {
		b.addTable(e, prev)
	}
	for s, name := range b.desc.Slots {
		i := b.find(e.Fields, s, name)
		switch {
		case i < 0:
			b.vals = append(b.vals, span{0, Absent})
		case b.desc.Table:
			b.vals = append(b.vals, b.rows[first+i].val)
		default:
			b.addSlot(e.Fields[i].Value, s, name, prev)
		}
		if i >= 0 {
			b.at[s] = i
		}
	}
}

// addTable plans the rows of one field table. Keys are compared by what they
// say, because logs of one kind have the same keys in the same order and a
// guest may know a key again by its offset; values by where they lie.
func (b *Batch) addTable(e, prev *Event) {
	var before []Field
	var rows []row
	if prev != nil {
		before = prev.Fields
		rows = b.rows[len(b.rows)-len(before):]
	}
	for j := range e.Fields {
		f := &e.Fields[j]
		var r row
		if j < len(before) && bytes.Equal(before[j].Key, f.Key) {
			r.key = rows[j].key
		} else {
			r.key = b.fresh(f.Key)
		}
		if j < len(before) && sameMemory(before[j].Value, f.Value) {
			r.val = rows[j].val
		} else {
			r.val = b.fresh(f.Value)
		}
		b.rows = append(b.rows, r)
	}
}

// addSlot plans the value of slot s. The record before shares it when its
// field of the same place is the slot's and lies at the same bytes.
func (b *Batch) addSlot(v []byte, s int, name []byte, prev *Event) {
	if prev != nil && b.at[s] < len(prev.Fields) {
		f := &prev.Fields[b.at[s]]
		if sameMemory(f.Value, v) && bytes.Equal(f.Key, name) {
			b.vals = append(b.vals, b.vals[len(b.vals)-len(b.desc.Slots)])
			return
		}
	}
	b.vals = append(b.vals, b.fresh(v))
}

// find returns the index of slot s's field, or -1. It looks first where the
// record before had it.
func (b *Batch) find(fields []Field, s int, name []byte) int {
	if i := b.at[s]; i < len(fields) && bytes.Equal(fields[i].Key, name) {
		return i
	}
	for i := range fields {
		if bytes.Equal(fields[i].Key, name) {
			return i
		}
	}
	return -1
}

func (b *Batch) fresh(v []byte) span {
	s := span{uint32(b.data), uint32(len(v))}
	b.data += uint64(len(v))
	return s
}

func sameMemory(a, b []byte) bool {
	return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0]
}

// Write fills dst, whose length is the planned size, and lets go of the logs.
func (b *Batch) Write(dst []byte) {
	le, n, stride := binary.LittleEndian, len(b.in), b.stride()
	clear(dst[:HeaderSize])
	le.PutUint32(dst[OffHeaderLen:], HeaderSize)
	le.PutUint32(dst[OffCount:], uint32(n))
	le.PutUint32(dst[OffSlots:], uint32(len(b.desc.Slots)))
	le.PutUint32(dst[OffStride:], uint32(stride))

	table := HeaderSize + n*stride
	w := writer{data: dst[table+len(b.rows)*FieldSize:], base: uint32(table + len(b.rows)*FieldSize)}
	rows, vals := b.rows, b.vals
	for i := range b.in {
		e := &b.in[i]
		rec := dst[HeaderSize+i*stride:][:stride]
		le.PutUint64(rec[RecTime:], uint64(e.Time))
		le.PutUint32(rec[RecGroup:], e.Group)
		clear(rec[RecFields:RecordSize])
		if b.desc.Table {
			le.PutUint32(rec[RecFields:], uint32(table))
			le.PutUint32(rec[RecCount:], uint32(len(e.Fields)))
			for j := range e.Fields {
				w.put(dst[table:], rows[j].key, e.Fields[j].Key)
				w.put(dst[table+SlotSize:], rows[j].val, e.Fields[j].Value)
				table += FieldSize
			}
			rows = rows[len(e.Fields):]
		}
		b.writeSlots(&w, rec[RecordSize:], vals[:len(b.desc.Slots)], e)
		vals = vals[len(b.desc.Slots):]
	}
	b.in = nil
}

func (b *Batch) writeSlots(w *writer, rec []byte, vals []span, e *Event) {
	for s, v := range vals {
		var value []byte
		if v.len != Absent && v.off == w.next && v.len > 0 {
			b.at[s] = b.find(e.Fields, s, b.desc.Slots[s])
			value = e.Fields[b.at[s]].Value
		}
		w.put(rec[s*SlotSize:], v, value)
	}
}

// A writer copies keys and values, in the order in which they were planned.
type writer struct {
	data []byte // where they go
	base uint32 // offset of data in the batch
	next uint32 // offset of the next byte in data
}

// put writes the place of v, and v itself unless it is there already.
func (w *writer) put(dst []byte, s span, v []byte) {
	off := s.off + w.base
	if s.len == Absent {
		off = 0
	} else if s.off == w.next {
		w.next += uint32(copy(w.data[w.next:], v[:s.len]))
	}
	binary.LittleEndian.PutUint32(dst, off)
	binary.LittleEndian.PutUint32(dst[4:], s.len)
}
