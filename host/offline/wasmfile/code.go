package wasmfile

import (
	"fmt"
	"slices"

	"github.com/slswasm/slswasm/host/guest/wasmbin"
)

// The instructions' immediates and features: WebAssembly core specification
// 3.0, section 5.4. Of an instruction that is not here the length is not
// known, so reading stops there.

// code reads one function of the code section.
func (p *parser) code(r *wasmbin.Reader) error {
	body := &wasmbin.Reader{Buf: r.Take(r.U32())}
	if r.Bad {
		return errShort
	}
	for n := body.U32(); n > 0 && !body.Bad; n-- {
		body.U32() // how many locals
		p.use("simd128", body.U8() == 0x7b)
	}
	return p.instructions(body, false)
}

// expression reads instructions up to the end of a constant expression.
func (p *parser) expression(r *wasmbin.Reader) error { return p.instructions(r, true) }

func (p *parser) instructions(r *wasmbin.Reader, one bool) error {
	for r.More() {
		at := r.Pos
		op := r.U8()
		if op == 0x0b && one {
			return nil
		}
		if !p.instruction(r, op) {
			return fmt.Errorf("an instruction that is not known, %#x, at byte %d of its function", op, at)
		}
	}
	if r.Bad || one {
		return errShort
	}
	return nil
}

var (
	alone   = []byte{0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b}
	indexed = []byte{0x0c, 0x0d, 0x10, 0x3f, 0x40}
)

// instruction reads what follows an opcode; false when that is not known.
func (p *parser) instruction(r *wasmbin.Reader, op byte) bool {
	switch {
	case op >= 0x02 && op <= 0x04:
		p.blockType(r)
	case op >= 0x28 && op <= 0x3e:
		p.memoryArgument(r)
	case op >= 0x45 && op <= 0xbf, slices.Contains(alone, op):
	case op >= 0x20 && op <= 0x24, slices.Contains(indexed, op):
		r.U32()
	case op == 0x41, op == 0x42:
		r.Signed(10)
	case op == 0x43, op == 0x44:
		r.Take(4 << (op - 0x43))
	case op == 0x0e:
		for n := uint64(r.U32()) + 1; n > 0 && !r.Bad; n-- {
			r.U32()
		}
	case op == 0x11:
		r.U32()
		p.use("reference-types", r.U32() > 0)
	default:
		return p.later(r, op)
	}
	return true
}

// later reads instructions that came after WebAssembly 1.0.
func (p *parser) later(r *wasmbin.Reader, op byte) bool {
	switch op {
	case 0xc0, 0xc1, 0xc2, 0xc3, 0xc4:
		p.features["sign-ext"] = true
	case 0x06, 0x07, 0x08, 0x09, 0x0a, 0x18, 0x19:
		p.exception(r, op)
	case 0x12, 0x13:
		p.features["tail-call"] = true
		r.U32()
		if op == 0x13 {
			r.U32()
		}
	case 0x1c, 0x25, 0x26, 0xd0, 0xd1, 0xd2:
		p.reference(r, op)
	case 0xfc:
		return p.bulk(r)
	case 0xfd:
		p.vector(r)
	case 0xfe:
		p.features["atomics"] = true
		if r.U32() == 3 {
			r.U8()
		} else {
			p.memoryArgument(r)
		}
	default:
		return false
	}
	return true
}

func (p *parser) exception(r *wasmbin.Reader, op byte) {
	p.features["exception-handling"] = true
	switch op {
	case 0x06:
		p.blockType(r)
	case 0x07, 0x08, 0x09, 0x18:
		r.U32()
	}
}

func (p *parser) reference(r *wasmbin.Reader, op byte) {
	p.features["reference-types"] = true
	switch op {
	case 0x1c:
		r.Take(r.U32())
	case 0x25, 0x26, 0xd2:
		r.U32()
	case 0xd0:
		r.Signed(10)
	}
}

// bulk reads the instructions behind 0xfc.
func (p *parser) bulk(r *wasmbin.Reader) bool {
	op := r.U32()
	indexes := map[uint32]int{8: 2, 9: 1, 10: 2, 11: 1, 12: 2, 13: 1, 14: 2, 15: 1, 16: 1, 17: 1}[op]
	switch {
	case op <= 7:
		p.features["nontrapping-fptoint"] = true
	case op <= 14:
		p.features["bulk-memory"] = true
	case op <= 17:
		p.features["reference-types"] = true
	default:
		return false
	}
	for range indexes {
		r.U32()
	}
	return true
}

// vector reads the instructions behind 0xfd.
func (p *parser) vector(r *wasmbin.Reader) {
	p.features["simd128"] = true
	switch op := r.U32(); {
	case op <= 11, op == 92, op == 93:
		p.memoryArgument(r)
	case op == 12, op == 13:
		r.Take(16)
	case op >= 21 && op <= 34:
		r.U8()
	case op >= 84 && op <= 91:
		p.memoryArgument(r)
		r.U8()
	case op >= 256:
		p.features["relaxed-simd"] = true
	}
}

func (p *parser) memoryArgument(r *wasmbin.Reader) {
	if align := r.U32(); align&0x40 != 0 {
		p.features["multimemory"] = true
		r.U32()
	}
	r.U64()
}

// blockType is nothing, a type of a result, or the index of a function type.
func (p *parser) blockType(r *wasmbin.Reader) {
	i := r.Signed(10)
	if i >= 0 && i < int64(len(p.types)) {
		t := p.types[i]
		p.use("multivalue", len(t.params) > 0 || len(t.results) > 1)
	}
}
