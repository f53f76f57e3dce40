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

// A charge goes into the text where it stood at.
type charge struct{ at, stretch int }

type frame struct {
	op     byte
	entry  int    // stretch in which it begins
	loops  uint32 // it and those around it
	target bool   // there is a branch to its end
}

// A function is one entry of the code section, and then the next: its slices
// are used again.
type function struct {
	*module
	r         *wasmbin.Reader
	stretches []stretch
	current   int
	frames    []frame
	text      []byte // the instructions up to copied, rewritten, without charges
	copied    int    // bytes of the body
	charges   []charge
	spare     uint32 // the first of two locals of type i32, when bulk is true
	bulk      bool
	out       []byte // all of it
	did       Report // to all functions
}

// rewrite reads what the reader has.
func (f *function) rewrite(params uint32) error {
	r := f.r
	groups := r.U32()
	from, locals := r.Pos, uint64(params)
	for n := groups; n > 0 && !r.Bad; n-- {
		locals += uint64(r.U32())
		r.U8()
	}
	if r.Bad || locals > 1<<32-3 {
		return errShort
	}
	declared := r.Buf[from:r.Pos]
	f.text, f.copied, f.charges = f.text[:0], r.Pos, f.charges[:0]
	f.spare, f.bulk = uint32(locals), false
	f.stretches = append(f.stretches[:0], stretch{}) // the dead one
	f.begin(stretch{entry: true})
	f.frames = append(f.frames[:0], frame{op: opBlock, entry: dead})
	for len(f.frames) > 0 && !r.Bad {
		if err := f.instruction(); err != nil {
			return err
		}
	}
	if r.Bad || r.More() {
		return errShort
	}
	f.copy(r.Pos)
	f.merge()
	if f.bulk {
		groups++
	}
	f.out = append(binary.AppendUvarint(f.out[:0], uint64(groups)), declared...)
	if f.bulk {
		f.out = append(f.out, 2, i64+1)
	}
	f.write()
	return nil
}

// copy takes over what stays as it is, up to there.
func (f *function) copy(to int) {
	f.text = append(f.text, f.r.Buf[f.copied:to]...)
	f.copied = to
}

// insert adds to the instructions before that place.
func (f *function) insert(at int, text []byte) {
	f.copy(at)
	f.text = append(f.text, text...)
}

// reindex writes an instruction with another index than it had.
func (f *function) reindex(from int, op byte, was, index uint32) {
	if index == was {
		return
	}
	f.copy(from)
	f.text = local(f.text, op, index)
	f.copied = f.r.Pos
}

// begin ends the current stretch where the reader is.
func (f *function) begin(s stretch) {
	f.copy(f.r.Pos)
	f.current = len(f.stretches)
	f.stretches = append(f.stretches, s)
	f.charges = append(f.charges, charge{len(f.text), f.current})
}

func (f *function) instruction() error {
	from := f.r.Pos
	op := f.r.U8()
	known := &instructions[op]
	cost := uint64(known.cost)
	switch known.kind {
	case alone:
	case ofIndex:
		f.r.U32()
	case ofNumber:
		f.r.Signed(int(known.size))
	case ofMemory:
		memoryArgument(f.r)
	case ofFunction:
		callee := f.r.U32()
		if op == opCall && callee < f.imports {
			cost = costHostCall
		}
		f.reindex(from, op, callee, f.shift(callee))
	case ofLabel:
		f.branch(op, from)
	case ofGlobal:
		f.ofItsOwn(f.r)
	default:
		if err := f.unusual(op, from); err != nil {
			return err
		}
	}
	f.stretches[f.current].cost += cost
	if known.flow {
		return f.flow(op, from)
	}
	return nil
}

// unusual is an instruction that takes more to read.
func (f *function) unusual(op byte, from int) error {
	if op != opBulk {
		return immediates(f.r, op)
	}
	which, err := bulk(f.r)
	if err == nil {
		f.lengthy(which, from)
	}
	return err
}

// flow follows where control goes after an instruction.
func (f *function) flow(op byte, from int) error {
	top := len(f.frames) - 1
	switch op {
	case opBlock, opLoop, opIf:
		loops := f.frames[top].loops
		if op == opLoop {
			loops++
			head := f.r.Buf[from:f.r.Pos]
			f.copy(f.r.Pos)
			f.text = append(f.check(f.text), head...)
		}
		f.frames = append(f.frames, frame{op: op, entry: f.current, loops: loops})
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

// branch writes the labels of an instruction.
func (f *function) branch(op byte, from int) {
	if op != opBrTable {
		label := f.r.U32()
		f.reindex(from, op, label, f.label(label))
		return
	}
	f.copy(from)
	n := f.r.U32()
	f.text = local(f.text, op, n)
	for k := uint64(n) + 1; k > 0 && !f.r.Bad; k-- {
		f.text = binary.AppendUvarint(f.text, uint64(f.label(f.r.U32())))
	}
	f.copied = f.r.Pos
}

// label returns a label's new index: it counts in the loops that it leaves, for
// each is two.
func (f *function) label(label uint32) uint32 {
	top := len(f.frames) - 1
	if int64(label) > int64(top) {
		f.r.Bad = true
		return label
	}
	to := &f.frames[top-int(label)]
	to.target = true
	return label + f.frames[top].loops - to.loops
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

// write puts the charges between the instructions.
func (f *function) write() {
	at := 0
	for _, c := range f.charges {
		f.out = append(f.out, f.text[at:c.at]...)
		f.out = f.charge(f.out, f.stretches[c.stretch])
		at = c.at
	}
	f.out = append(f.out, f.text[at:]...)
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
	f.did.Charges++
	out = number(append(f.fuel(out, opGlobalGet), opI64Const), int64(total))
	out = f.fuel(append(out, opI64Sub), opGlobalSet)
	switch {
	case s.loop:
		f.did.Checks++
		return append(f.fuel(out, opGlobalGet), opI64Const, 0, opI64LtS, opBrIf, 1)
	case s.entry:
		f.did.Checks++
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
