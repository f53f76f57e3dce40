package meter

import (
	"encoding/binary"
	"fmt"

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

// A kind is what follows an opcode.
type kind uint8

const (
	unusual    kind = iota // see immediates
	alone                  // nothing
	ofIndex                // of a local, a table, a memory
	ofNumber               // signed, or a block's type, of at most size bytes
	ofMemory               // alignment and offset
	ofFunction             // its index
	ofLabel                // or several
	ofGlobal               // its index
)

// instructions is what is known by the opcode: WebAssembly core specification
// 2.0, section 5.4.
var instructions = func() (table [256]struct {
	kind kind
	size uint8
	cost uint16 // beside what the operands make of it
	flow bool   // control goes elsewhere after it, or may, or there is more to do
}) {
	set := func(kind kind, from, to byte) {
		for op := int(from); op <= int(to); op++ {
			table[op].kind = kind
		}
	}
	set(alone, 0x45, 0xc4)
	for _, op := range []byte{opUnreachable, opNop, opElse, opEnd, opReturn, opDrop, opSelect, opRefIsNull} {
		set(alone, op, op)
	}
	set(ofIndex, 0x20, opLocalTee)
	set(ofIndex, 0x25, 0x26)
	set(ofIndex, 0x3f, opMemoryGrow)
	set(ofNumber, opBlock, opIf)
	set(ofNumber, opI32Const, opI64Const)
	set(ofMemory, 0x28, 0x3e)
	set(ofLabel, opBr, opBrTable)
	set(ofGlobal, opGlobalGet, opGlobalSet)
	set(ofFunction, opCall, opCall)
	set(ofFunction, opRefFunc, opRefFunc)
	for op := range table {
		i := &table[op]
		i.cost, i.size = costOf(byte(op)), 5
		i.flow = op <= opEnd || op == opBr || op == opBrTable || op == opReturn || op == opMemoryGrow
	}
	table[opI64Const].size = 10
	return table
}()

// immediates passes what follows an opcode whose immediates stay as they are.
// Of an instruction that is not here the length is not known.
func immediates(r *wasmbin.Reader, op byte) error {
	known := &instructions[op]
	switch {
	case known.kind == alone:
	case known.kind == ofIndex:
		r.U32()
	case known.kind == ofNumber:
		r.Signed(int(known.size))
	case known.kind == ofMemory:
		memoryArgument(r)
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
	case op == opVector:
		return vector(r)
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

// costOf is what an instruction takes from the fuel, beside its length and,
// where it calls an import, what that costs.
func costOf(op byte) uint16 {
	switch {
	case op == opNop, op >= opBlock && op <= opLoop, op == opElse, op == opEnd:
		return 0
	case op == opCall, op == opCallIndirect:
		return costCall
	case op == opMemoryGrow:
		return costGrow
	case op >= 0x6d && op <= 0x70, op >= 0x7f && op <= 0x82, op == 0x91, op == 0x9f:
		return costDivide
	}
	return 1
}
