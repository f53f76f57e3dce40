package meter

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/slswasm/slswasm/host/guest/wasmbin"
)

const i64 = 0x7e // a value type; i32 is the next

// The instructions that are looked at or written here.
const (
	opUnreachable  = 0x00
	opNop          = 0x01
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelect       = 0x1b
	opLocalGet     = 0x20
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opI32Ne        = 0x47
	opI64LtS       = 0x53
	opI64Sub       = 0x7d
	opI64Mul       = 0x7e
	opI64ShrU      = 0x88
	opI64ExtendU   = 0xad
	opRefIsNull    = 0xd1
	opRefFunc      = 0xd2
	opBulk         = 0xfc
	opVector       = 0xfd
	noResult       = 0x40 // a block's type
)

// The instructions behind opBulk that take as long as they are told to.
const (
	opMemoryInit = 8
	opMemoryCopy = 10
	opMemoryFill = 11
	opTableInit  = 12
	opTableCopy  = 14
	opTableGrow  = 15
	opTableFill  = 17
)

var alone = []byte{opUnreachable, opNop, opElse, opEnd, opReturn, opDrop, opSelect, opRefIsNull}

// immediates passes what follows an opcode that needs no look of its own:
// WebAssembly core specification 2.0, section 5.4. Of an instruction that is
// not here the length is not known.
func immediates(r *wasmbin.Reader, op byte) error {
	switch {
	case op >= 0x45 && op <= 0xc4, slices.Contains(alone, op):
	case op >= opBlock && op <= opIf, op == opI32Const:
		r.Signed(5)
	case op >= 0x28 && op <= 0x3e:
		memoryArgument(r)
	case op >= 0x20 && op <= opLocalTee, op == 0x25, op == 0x26, op == 0x3f, op == opMemoryGrow:
		r.U32()
	case op == opI64Const:
		r.Signed(10)
	case op == 0x43, op == 0x44:
		r.Take(4 << (op - 0x43))
	case op == opCallIndirect:
		r.U32()
		r.U32()
	case op == 0x1c:
		r.Take(r.U32())
	case op == 0xd0:
		if t := r.U8(); t != 0x70 && t != 0x6f { // of functions, of externals
			return unknown(r, fmt.Sprintf("%#x %#x", op, t))
		}
	default:
		return unknown(r, fmt.Sprintf("%#x", op))
	}
	return nil
}

func unknown(r *wasmbin.Reader, op string) error {
	if r.Bad {
		return errShort
	}
	return fmt.Errorf("an instruction that is not known, %s", op)
}

func memoryArgument(r *wasmbin.Reader) {
	r.Bad = r.Bad || r.U32() >= 0x40 // of another memory than the first
	r.U32()
}

// bulk passes what follows opBulk, and returns which instruction it is.
func bulk(r *wasmbin.Reader) (op uint32, err error) {
	switch op = r.U32(); op {
	case 0, 1, 2, 3, 4, 5, 6, 7:
	case 9, opMemoryFill, 13, opTableGrow, 16, opTableFill:
		r.U32()
	case opMemoryInit, opMemoryCopy, opTableInit, opTableCopy:
		r.U32()
		r.U32()
	default:
		err = unknown(r, fmt.Sprintf("%#x %d", opBulk, op))
	}
	return op, err
}

// vector passes what follows opVector.
func vector(r *wasmbin.Reader) error {
	switch op := r.U32(); {
	case op <= 11, op == 92, op == 93:
		memoryArgument(r)
	case op == 12, op == 13:
		r.Take(16)
	case op >= 21 && op <= 34:
		r.U8()
	case op >= 84 && op <= 91:
		memoryArgument(r)
		r.U8()
	case op > 255:
		return unknown(r, fmt.Sprintf("%#x %d", opVector, op))
	}
	return nil
}

// expression rewrites a constant expression.
func (m *module) expression(out []byte, r *wasmbin.Reader) ([]byte, error) {
	for !r.Bad {
		from := r.Pos
		op := r.U8()
		switch op {
		case opRefFunc:
			out = binary.AppendUvarint(append(out, op), uint64(m.shift(r.U32())))
			continue
		case opGlobalGet:
			m.ofItsOwn(r)
		case opVector:
			if err := vector(r); err != nil {
				return nil, err
			}
		default:
			if err := immediates(r, op); err != nil {
				return nil, err
			}
		}
		out = same(out, r, from)
		if op == opEnd {
			return out, nil
		}
	}
	return nil, errShort
}

// ofItsOwn passes the index of a global. One beyond the module's own would
// reach the fuel.
func (m *module) ofItsOwn(r *wasmbin.Reader) { r.Bad = r.U32() >= m.globals || r.Bad }

// cost is what an instruction takes from the fuel, beside its length.
func (m *module) cost(op byte, callee uint32) uint64 {
	switch {
	case op == opNop, op >= opBlock && op <= opLoop, op == opElse, op == opEnd:
		return 0
	case op == opCall && callee < m.imports:
		return costHostCall
	case op == opCall, op == opCallIndirect:
		return costCall
	case op == opMemoryGrow:
		return costGrow
	case op >= 0x6d && op <= 0x70, op >= 0x7f && op <= 0x82, op == 0x91, op == 0x9f:
		return costDivide
	}
	return 1
}
