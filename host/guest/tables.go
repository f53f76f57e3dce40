package guest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/slswasm/slswasm/host/guest/wasmbin"
)

// tableMax is the most elements that all tables of a module may start with:
// 8 bytes of host memory each, which the memory limit does not count.
const tableMax = 1 << 20

// boundTables returns the module with an upper bound for each of its tables,
// because the engine lets a table grow to gigabytes. It may write over wasm.
func boundTables(wasm []byte) ([]byte, error) {
	const tableSection = 4
	r := wasmbin.Reader{Buf: wasm, Pos: len(wasmbin.Magic)}
	for r.More() {
		start := r.Pos
		id, body := r.Section()
		if r.Bad {
			return nil, fmt.Errorf("is cut off or damaged: section %d at byte %d does not fit into its %d bytes", id, start, len(wasm))
		}
		if id != tableSection {
			continue
		}
		bounded, err := boundSection(body)
		if err != nil {
			return nil, err
		}
		section := append(binary.AppendUvarint([]byte{id}, uint64(len(bounded))), bounded...)
		r.Buf = slices.Replace(r.Buf, start, r.Pos, section...)
		r.Pos = start + len(section)
	}
	return r.Buf, nil
}

// boundSection rewrites the body of a table section.
func boundSection(body []byte) ([]byte, error) {
	r := wasmbin.Reader{Buf: body}
	n := r.U32()
	out := binary.AppendUvarint(nil, uint64(n))
	var total uint64
	for i := uint32(0); i < n && !r.Bad; i++ {
		kind, flags, least := r.U8(), r.U8(), r.U32()
		most := max(least, tableMax/n) // together not much above the limit
		if flags == 1 {
			most = min(most, r.U32())
		}
		if total += uint64(least); total > tableMax {
			return nil, fmt.Errorf("has tables of more than %d elements", tableMax)
		}
		// Other kinds could not be bounded here, only be missed.
		if funcref, externref := kind == 0x70, kind == 0x6f; !r.Bad && (flags > 1 || !funcref && !externref) {
			return nil, fmt.Errorf("has a table of a kind (%#x, %#x) that is not supported", kind, flags)
		}
		out = append(out, kind, 1)
		out = binary.AppendUvarint(out, uint64(least))
		out = binary.AppendUvarint(out, uint64(most))
	}
	if r.Bad || r.Pos != len(body) {
		return nil, errors.New("is damaged: its table section cannot be read")
	}
	return out, nil
}
