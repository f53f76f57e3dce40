package tck

import (
	"bytes"
	"encoding/binary"

	"github.com/slswasm/slswasm/abi"
)

// junk fills what a guest must not read.
const junk = 0xA5

// A layout is a way to write a batch. The zero layout is the one that
// ABI.md's tables show; every other is one that its words allow.
type layout struct {
	header   int    // bytes by which the header is longer
	stride   int    // bytes by which records are farther apart
	flags    uint32 // all unknown
	reserved uint32 // in each reserved word
	gap      int    // bytes of junk before each table and each value
	reverse  bool   // values before tables, last record first
	overlap  bool   // a value that is a part of another is not written again
	nowhere  bool   // offsets of absent slots and of empty texts mean nothing: out of memory, and the first record
}

// An encoder writes one batch.
type encoder struct {
	layout
	out   []byte
	texts [][2]int // where each begins and ends
}

func (l layout) encode(d *abi.Descriptor, in []abi.Event) []byte {
	e := &encoder{layout: l}
	stride := abi.RecordSize + len(d.Slots)*abi.SlotSize + l.stride
	header := abi.HeaderSize + l.header
	e.out = bytes.Repeat([]byte{junk}, header+stride*len(in))
	e.put(abi.OffHeaderLen, uint32(header))
	e.put(abi.OffFlags, l.flags)
	e.put(abi.OffCount, uint32(len(in)))
	e.put(abi.OffSlots, uint32(len(d.Slots)))
	e.put(abi.OffStride, uint32(stride))
	e.put(abi.OffCursor, 0)
	e.put(abi.OffCursor+4, l.reserved)
	e.put(abi.OffCursor+8, l.reserved)
	for i := range in {
		if l.reverse {
			i = len(in) - 1 - i
		}
		e.record(d, &in[i], header+i*stride)
	}
	return e.out
}

func (e *encoder) put(at int, v uint32) { binary.LittleEndian.PutUint32(e.out[at:], v) }

func (e *encoder) record(d *abi.Descriptor, log *abi.Event, at int) {
	binary.LittleEndian.PutUint64(e.out[at+abi.RecTime:], uint64(log.Time))
	e.put(at+abi.RecGroup, log.Group)
	e.put(at+abi.RecCount+4, e.reserved)
	table, rows := 0, 0
	if d.Table {
		table, rows = e.table(log), len(log.Fields)
	}
	e.put(at+abi.RecFields, uint32(table))
	e.put(at+abi.RecCount, uint32(rows))
	for s, name := range d.Slots {
		slot := at + abi.RecordSize + s*abi.SlotSize
		if v, ok := log.Get(string(name)); ok {
			e.put(slot, e.place(v))
			e.put(slot+4, uint32(len(v)))
			continue
		}
		e.put(slot, 0)
		if e.nowhere {
			e.put(slot, 0x7FFFFFF0) // in no memory
		}
		e.put(slot+4, abi.Absent)
	}
}

// table writes a record's field table and returns where it starts.
func (e *encoder) table(log *abi.Event) int {
	rows := make([]byte, 0, len(log.Fields)*abi.FieldSize)
	at := e.skip()
	if !e.reverse {
		e.out = append(e.out, rows[:cap(rows)]...)
	}
	for _, f := range log.Fields {
		for _, v := range [][]byte{f.Key, f.Value} {
			rows = binary.LittleEndian.AppendUint32(rows, e.place(v))
			rows = binary.LittleEndian.AppendUint32(rows, uint32(len(v)))
		}
	}
	if e.reverse {
		at = e.skip()
		e.out = append(e.out, rows...)
	}
	copy(e.out[at:], rows)
	return at
}

// place returns the offset of a text, and writes it unless it is there.
func (e *encoder) place(v []byte) uint32 {
	if len(v) == 0 && e.nowhere {
		return uint32(abi.HeaderSize + e.header)
	}
	if e.overlap {
		for _, t := range e.texts {
			if i := bytes.Index(e.out[t[0]:t[1]], v); i >= 0 {
				return uint32(t[0] + i)
			}
		}
	}
	at := e.skip()
	e.out = append(e.out, v...)
	e.texts = append(e.texts, [2]int{at, len(e.out)})
	return uint32(at)
}

// skip leaves a gap and returns where it ends.
func (e *encoder) skip() int {
	for range e.gap {
		e.out = append(e.out, junk)
	}
	return len(e.out)
}
