package meter

import (
	"encoding/binary"
	"errors"

	"github.com/slswasm/slswasm/host/guest/wasmbin"
)

// A stretch of code is charged at its first instruction for all of it: what
// follows up to the next stretch on the same level, and what is so short that
// its own charge would cost more than it does.
type stretch struct {
	parent int    // the stretch that always ran before it
	cost   uint64 // of its instructions
	short  uint64 // of those of short stretches that it pays for
	entry  bool   // of a function
	loop   bool   // its head
}

// A stretch is short up to mergeCost, and its parent pays for so much of them.
const mergeCost, mergeMost = 16, 64

const dead = 0 // the stretch of code that cannot be reached

// An edit goes between two instructions, or in place of one.
type edit struct {
	from, to int // bytes of the body that it replaces
	stretch  int // whose charge it is; dead: none
	text     []byte
}

type frame struct {
	op     byte
	entry  int  // stretch in which it begins
	target bool // there is a branch to its end
}

// A function is one entry of the code section.
type function struct {
	*module
	r         *wasmbin.Reader
	stretches []stretch
	current   int
	frames    []frame
	edits     []edit
	spare     uint32 // the first of two locals of type i32, when bulk is true
	bulk      bool
}

func (m *module) code(r *wasmbin.Reader) ([]byte, error) {
	n := r.U32()
	if int64(n) != int64(len(m.funcs)) {
		return nil, errShort
	}
	out := binary.AppendUvarint(nil, uint64(n))
	for _, t := range m.funcs {
		body, err := m.body(&wasmbin.Reader{Buf: r.Take(r.U32())}, m.params[t])
		if err != nil {
			return nil, err
		}
		out = append(binary.AppendUvarint(out, uint64(len(body))), body...)
	}
	return out, nil
}

func (m *module) body(r *wasmbin.Reader, params uint32) ([]byte, error) {
	groups := r.U32()
	from, locals := r.Pos, uint64(params)
	for n := groups; n > 0 && !r.Bad; n-- {
		locals += uint64(r.U32())
		r.U8()
	}
	if r.Bad || locals > 1<<32-3 {
		return nil, errShort
	}
	f := &function{module: m, r: r, spare: uint32(locals), stretches: make([]stretch, 1)}
	declared := r.Buf[from:r.Pos]
	f.begin(stretch{entry: true})
	f.frames = append(f.frames, frame{op: opBlock, entry: dead})
	for len(f.frames) > 0 && !r.Bad {
		if err := f.instruction(); err != nil {
			return nil, err
		}
	}
	if r.Bad || r.More() {
		return nil, errShort
	}
	f.merge()
	if f.bulk {
		declared = append(append([]byte(nil), declared...), 2, i64+1)
		groups++
	}
	return f.write(append(binary.AppendUvarint(nil, uint64(groups)), declared...), r.Buf), nil
}

// begin ends the current stretch where the reader is.
func (f *function) begin(s stretch) {
	f.current = len(f.stretches)
	f.stretches = append(f.stretches, s)
	f.edits = append(f.edits, edit{f.r.Pos, f.r.Pos, f.current, nil})
}

func (f *function) insert(at int, text []byte) {
	f.edits = append(f.edits, edit{at, at, dead, text})
}

func (f *function) instruction() error {
	from := f.r.Pos
	op := f.r.U8()
	var callee uint32
	switch op {
	case opCall, opRefFunc:
		callee = f.r.U32()
		text := binary.AppendUvarint([]byte{op}, uint64(f.shift(callee)))
		f.edits = append(f.edits, edit{from, f.r.Pos, dead, text})
	case opBr, opBrIf:
		text := f.branch([]byte{op})
		f.edits = append(f.edits, edit{from, f.r.Pos, dead, text})
	case opBrTable:
		n := f.r.U32()
		text := binary.AppendUvarint([]byte{op}, uint64(n))
		for k := uint64(n) + 1; k > 0 && !f.r.Bad; k-- {
			text = f.branch(text)
		}
		f.edits = append(f.edits, edit{from, f.r.Pos, dead, text})
	case opGlobalGet, opGlobalSet:
		f.ofItsOwn(f.r)
	case opBulk:
		which, err := bulk(f.r)
		if err != nil {
			return err
		}
		f.lengthy(which, from)
	case opVector:
		if err := vector(f.r); err != nil {
			return err
		}
	default:
		if err := immediates(f.r, op); err != nil {
			return err
		}
	}
	f.stretches[f.current].cost += f.cost(op, callee)
	return f.flow(op, from)
}

// flow follows where control goes after an instruction.
func (f *function) flow(op byte, from int) error {
	top := len(f.frames) - 1
	switch op {
	case opBlock, opLoop, opIf:
		f.frames = append(f.frames, frame{op: op, entry: f.current})
		if op == opLoop {
			f.insert(f.r.Pos, append(f.check(nil), f.r.Buf[from:f.r.Pos]...))
		}
		if op != opBlock {
			f.begin(stretch{parent: f.current, loop: op == opLoop})
		}
	case opElse:
		if f.frames[top].op != opIf {
			return errors.New("an else without its if")
		}
		f.begin(stretch{parent: f.frames[top].entry})
	case opEnd:
		ended := f.frames[top]
		if ended.op == opLoop {
			f.insert(f.r.Pos, []byte{opEnd})
		}
		f.frames = f.frames[:top]
		if top > 0 && (ended.op != opBlock || ended.target) {
			f.begin(stretch{parent: ended.entry})
		}
	case opUnreachable, opBr, opBrTable, opReturn:
		f.current = dead
	case opMemoryGrow:
		f.grow(from, costPage)
	}
	return nil
}

// branch copies a label, and counts in the loops that it leaves: each is two.
func (f *function) branch(out []byte) []byte {
	label := f.r.U32()
	if int64(label) >= int64(len(f.frames)) {
		f.r.Bad = true
		return out
	}
	at := len(f.frames) - 1 - int(label)
	f.frames[at].target = true
	for _, inner := range f.frames[at+1:] {
		if inner.op == opLoop {
			label++
		}
	}
	return binary.AppendUvarint(out, uint64(label))
}

// lengthy charges an instruction by how much it moves. The length is always
// the last operand.
func (f *function) lengthy(op uint32, at int) {
	text := local(nil, opLocalTee, f.spare)
	switch op {
	case opMemoryInit, opMemoryCopy, opMemoryFill:
		text = append(f.length(text), opI64Const, 3, opI64ShrU)
	case opTableInit, opTableCopy, opTableFill:
		text = f.length(text)
	case opTableGrow:
		f.stretches[f.current].cost += costGrow
		f.grow(at, 1)
		return
	default:
		return
	}
	f.bulk = true
	text = append(text, opI64Sub)
	f.insert(at, f.check(f.fuel(text, opGlobalSet)))
}

// length adds the fuel and the length to the operands, for a subtraction.
func (f *function) length(out []byte) []byte {
	out = f.fuel(out, opGlobalGet)
	return append(local(out, opLocalGet, f.spare), opI64ExtendU)
}

// grow charges what was added to a memory or a table: one that refuses to grow
// does so at once, however much it was asked for.
func (f *function) grow(at int, each int64) {
	f.bulk = true
	f.insert(at, local(nil, opLocalTee, f.spare))
	text := local(nil, opLocalTee, f.spare+1)
	text = append(local(text, opLocalGet, f.spare+1), opI32Const, 0x7f, opI32Ne, opIf, noResult)
	text = append(number(append(f.length(text), opI64Const), each), opI64Mul, opI64Sub)
	text = f.check(f.fuel(text, opGlobalSet))
	f.insert(f.r.Pos, append(text, opEnd))
}

// merge lets a stretch pay for the short ones that may follow it, within
// measure: they cost as if they always did.
func (f *function) merge() {
	for i := len(f.stretches) - 1; i > 0; i-- {
		s := &f.stretches[i]
		parent := &f.stretches[s.parent]
		if total := s.cost + s.short; !s.entry && !s.loop && total <= mergeCost && parent.short+total <= mergeMost {
			parent.short += total
			*s = stretch{}
		}
	}
}

// write appends the instructions with their edits.
func (f *function) write(out, body []byte) []byte {
	at := f.edits[0].from
	for _, e := range f.edits {
		out = append(out, body[at:e.from]...)
		at = e.to
		if e.stretch == dead {
			out = append(out, e.text...)
			continue
		}
		out = f.charge(out, f.stretches[e.stretch])
	}
	return append(out, body[at:]...)
}

// charge takes a stretch's cost from the fuel. The loop around a loop is where
// more is asked for: inside, values would move to memory for the call's sake.
func (f *function) charge(out []byte, s stretch) []byte {
	total := s.cost + s.short
	if s.entry || s.loop {
		total = max(total, 1)
	}
	if total == 0 {
		return out
	}
	f.report.Charges++
	out = number(append(f.fuel(out, opGlobalGet), opI64Const), int64(total))
	out = f.fuel(append(out, opI64Sub), opGlobalSet)
	switch {
	case s.loop:
		f.report.Checks++
		return append(f.fuel(out, opGlobalGet), opI64Const, 0, opI64LtS, opBrIf, 1)
	case s.entry:
		f.report.Checks++
		return f.check(out)
	}
	return out
}

// check asks for more when less than nothing is left.
func (f *function) check(out []byte) []byte {
	out = append(f.fuel(out, opGlobalGet), opI64Const, 0, opI64LtS, opIf, noResult)
	out = append(f.fuel(out, opGlobalGet), opCall)
	out = f.fuel(binary.AppendUvarint(out, uint64(f.imports)), opGlobalSet)
	return append(out, opEnd)
}

// fuel adds an instruction about the global that holds the fuel.
func (f *function) fuel(out []byte, op byte) []byte {
	return binary.AppendUvarint(append(out, op), uint64(f.globals))
}

func local(out []byte, op byte, index uint32) []byte {
	return binary.AppendUvarint(append(out, op), uint64(index))
}

// number appends a signed number in LEB128.
func number(out []byte, v int64) []byte {
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}
