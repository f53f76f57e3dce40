package guest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// tableMax is the most elements that all tables of a module may start with:
// 8 bytes of host memory each, which the memory limit does not count.
const tableMax = 1 << 20

// boundTables returns the module with an upper bound for each of its tables,
// because the engine lets a table grow to gigabytes.
func boundTables(wasm []byte) ([]byte, error) {
	const header, tableSection = 8, 4
	out := slices.Clone(wasm[:header])
	r := scanner{buf: wasm, pos: header}
	for r.pos < len(r.buf) {
		start := r.pos
		id, size := r.u8(), r.u32()
		body := r.take(size)
		if r.bad {
			return nil, fmt.Errorf("is cut off or damaged: section %d at byte %d does not fit into its %d bytes", id, start, len(wasm))
		}
		if id != tableSection {
			out = append(out, wasm[start:r.pos]...)
			continue
		}
		bounded, err := boundSection(body)
		if err != nil {
			return nil, err
		}
		out = binary.AppendUvarint(append(out, id), uint64(len(bounded)))
		out = append(out, bounded...)
	}
	return out, nil
}

// boundSection rewrites the body of a table section.
func boundSection(body []byte) ([]byte, error) {
	r := scanner{buf: body}
	n := r.u32()
	out := binary.AppendUvarint(nil, uint64(n))
	var total uint64
	for i := uint32(0); i < n && !r.bad; i++ {
		kind, flags, least := r.u8(), r.u8(), r.u32()
		most := max(least, tableMax/n) // together not much above the limit
		if flags == 1 {
			most = min(most, r.u32())
		}
		if total += uint64(least); total > tableMax {
			return nil, fmt.Errorf("has tables of more than %d elements", tableMax)
		}
		// Other kinds could not be bounded here, only be missed.
		if funcref, externref := kind == 0x70, kind == 0x6f; !r.bad && (flags > 1 || !funcref && !externref) {
			return nil, fmt.Errorf("has a table of a kind (%#x, %#x) that is not supported", kind, flags)
		}
		out = append(out, kind, 1)
		out = binary.AppendUvarint(out, uint64(least))
		out = binary.AppendUvarint(out, uint64(most))
	}
	if r.bad || r.pos != len(body) {
		return nil, errors.New("is damaged: its table section cannot be read")
	}
	return out, nil
}

// A scanner reads the binary format; after its first error all is zero.
type scanner struct {
	buf []byte
	pos int
	bad bool
}

func (s *scanner) take(n uint32) []byte {
	if s.bad || uint64(n) > uint64(len(s.buf)-s.pos) {
		s.bad = true
		return nil
	}
	b := s.buf[s.pos : s.pos+int(n)]
	s.pos += int(n)
	return b
}

func (s *scanner) u8() byte {
	if b := s.take(1); b != nil {
		return b[0]
	}
	return 0
}

// u32 reads an unsigned LEB128 number of 32 bits.
func (s *scanner) u32() uint32 {
	v, n := binary.Uvarint(s.buf[s.pos:])
	if s.bad || n <= 0 || n > 5 || v > 1<<32-1 {
		s.bad = true
		return 0
	}
	s.pos += n
	return uint32(v)
}
