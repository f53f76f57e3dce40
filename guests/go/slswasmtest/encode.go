package slswasmtest

import "encoding/binary"

const (
	headerSize = 32
	recordSize = 24
	absent     = 0xFFFFFFFF
)

var le = binary.LittleEndian

// encode appends the batch of abi/ABI.md to an empty dst.
func encode(dst []byte, slots []string, table bool, logs []Log) []byte {
	stride := recordSize + 8*len(slots)
	for _, v := range []int{headerSize, 0, len(logs), len(slots), stride, 0, 0, 0} {
		dst = le.AppendUint32(dst, uint32(v))
	}
	dst = append(dst, make([]byte, stride*len(logs))...)
	for i, l := range logs {
		at := headerSize + i*stride
		le.PutUint64(dst[at:], uint64(l.Time))
		le.PutUint32(dst[at+8:], l.Group)

		values := make([]int, len(l.Fields)) // where each value stands
		for j, f := range l.Fields {
			values[j] = len(dst)
			dst = append(dst, f.Value...)
		}
		for j, slot := range slots {
			off, n := 0, uint32(absent)
			if k := find(l.Fields, slot); k >= 0 {
				off, n = values[k], uint32(len(l.Fields[k].Value))
			}
			le.PutUint32(dst[at+recordSize+8*j:], uint32(off))
			le.PutUint32(dst[at+recordSize+8*j+4:], n)
		}
		if table {
			dst = encodeTable(dst, at, l.Fields, values)
		}
	}
	return dst
}

// encodeTable appends the record's keys and its field table.
func encodeTable(dst []byte, record int, fields []Field, values []int) []byte {
	keys := make([]int, len(fields))
	for j, f := range fields {
		keys[j] = len(dst)
		dst = append(dst, f.Key...)
	}
	le.PutUint32(dst[record+12:], uint32(len(dst)))
	le.PutUint32(dst[record+16:], uint32(len(fields)))
	for j, f := range fields {
		for _, v := range []int{keys[j], len(f.Key), values[j], len(f.Value)} {
			dst = le.AppendUint32(dst, uint32(v))
		}
	}
	return dst
}
