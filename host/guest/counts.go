package guest

import (
	"fmt"

	"github.com/slswasm/slswasm/host/guest/wasmbin"
)

// checkCounts refuses a module that claims more entries than it has bytes for:
// the engine makes room for as many as are claimed, and looks for them then.
// The sections are known to fit into the module.
func checkCounts(wasm []byte) error {
	const custom, start, dataCount = 0, 8, 12
	r := wasmbin.Reader{Buf: wasm, Pos: len(wasmbin.Magic)}
	for r.More() {
		at := r.Pos
		id, body := r.Section()
		s := wasmbin.Reader{Buf: body}
		claims := false
		switch id {
		case start, dataCount:
		case custom:
			claims = s.Name() == "name" && nameClaims(s)
		default:
			claims = uint64(s.U32()) > uint64(len(body)-s.Pos)
		}
		if claims {
			return fmt.Errorf("is damaged: section %d at byte %d says that it has more entries than bytes", id, at)
		}
	}
	return nil
}

// nameClaims looks at the names of functions, and at those within functions. The engine
// reads no others, and cares for nothing else that is wrong with them.
func nameClaims(r wasmbin.Reader) bool {
	for r.More() {
		id := r.U8()
		sub := wasmbin.Reader{Buf: r.Take(r.U32())}
		if id != 1 && id != 2 {
			continue
		}
		n := sub.U32()
		if int64(n) > int64(len(r.Buf)) {
			return true
		}
		for ; id == 2 && n > 0 && !sub.Bad; n-- {
			sub.U32()
			names := sub.U32()
			if int64(names) > int64(len(r.Buf)) {
				return true
			}
			for ; names > 0 && !sub.Bad; names-- {
				sub.U32()
				sub.Take(sub.U32())
			}
		}
	}
	return false
}
