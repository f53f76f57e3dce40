package meter

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/slswasm/slswasm/host/guest/wasmbin"
)

// A module is what later sections need to know of earlier ones. Only indexes
// of functions change: an import goes before all that are defined.
type module struct {
	params  []uint32 // how many each type has
	imports uint32   // of functions, without ours
	globals uint32   // imported and own, without ours
	funcs   []uint32 // type of each defined function
	names   map[string]bool
	report  *Report
}

// shift returns a function's new index.
func (m *module) shift(f uint32) uint32 {
	if f >= m.imports {
		return f + 1
	}
	return f
}

// section adds a section, if it stays. Its length has all the bytes that a
// length may have: it is known when the section is there.
func (m *module) section(out []byte, s section) ([]byte, error) {
	head := len(out) + 1
	out = append(out, s.id, 0x80, 0x80, 0x80, 0x80, 0)
	body := len(out)
	out, keep, err := m.body(out, s)
	if err != nil {
		return nil, err
	}
	if !keep {
		return out[:head-1], nil
	}
	for i, n := 0, len(out)-body; n > 0; i, n = i+1, n>>7 {
		out[head+i] |= byte(n & 0x7f)
	}
	return out, nil
}

// body adds the new body of a section, and says whether it stays.
func (m *module) body(out []byte, s section) (_ []byte, keep bool, err error) {
	r := &wasmbin.Reader{Buf: s.body}
	switch s.id {
	case secCustom:
		return m.custom(out, r)
	case secType:
		out, err = m.each(out, r, m.typ, 1)
		out = append(out, 0x60, 1, i64, 1, i64)
	case secImport:
		out, err = m.each(out, r, m.imported, 1)
		out = append(text(text(out, ImportModule), ImportMore), 0)
		out = binary.AppendUvarint(out, uint64(len(m.params)))
	case secFunction:
		out, err = m.each(out, r, m.function, 0)
	case secGlobal:
		out, err = m.each(out, r, m.global, 1)
		out = append(out, i64, 1, opI64Const, 0, opEnd)
	case secExport:
		out, err = m.each(out, r, m.exported, 1)
		m.report.Fuel = m.freeName()
		out = append(text(out, m.report.Fuel), 3)
		out = binary.AppendUvarint(out, uint64(m.globals))
	case secStart:
		out = binary.AppendUvarint(out, uint64(m.shift(r.U32())))
	case secElement:
		out, err = m.each(out, r, m.element, 0)
	case secCode:
		out, err = m.code(out, r)
	default:
		return append(out, s.body...), true, nil
	}
	if err == nil && (r.Bad || r.More()) {
		err = errShort
	}
	return out, true, err
}

// each rewrites a vector by its entries, and makes room for more of them.
func (m *module) each(out []byte, r *wasmbin.Reader, entry func(out []byte, r *wasmbin.Reader) ([]byte, error), more uint64) (_ []byte, err error) {
	n := r.U32()
	out = binary.AppendUvarint(out, uint64(n)+more)
	for ; n > 0 && !r.Bad && err == nil; n-- {
		out, err = entry(out, r)
	}
	return out, err
}

// same adds to out what was read since from.
func same(out []byte, r *wasmbin.Reader, from int) []byte { return append(out, r.Buf[from:r.Pos]...) }

func text(out []byte, s string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(s))), s...)
}

func (m *module) typ(out []byte, r *wasmbin.Reader) ([]byte, error) {
	from := r.Pos
	if form := r.U8(); form != 0x60 && !r.Bad {
		return nil, fmt.Errorf("a type of the form %#x, which is not supported", form)
	}
	params := r.U32()
	r.Take(params)
	r.Take(r.U32())
	m.params = append(m.params, params)
	return same(out, r, from), nil
}

func (m *module) imported(out []byte, r *wasmbin.Reader) ([]byte, error) {
	from := r.Pos
	own := r.Name() == ImportModule
	r.Take(r.U32())
	switch kind := r.U8(); kind {
	case 0:
		r.U32()
		m.imports++
	case 1:
		r.U8()
		limits(r)
	case 2:
		limits(r)
	case 3:
		r.U8()
		r.U8()
		m.globals++
	default:
		return nil, fmt.Errorf("an import of the kind %d, which is not supported", kind)
	}
	if own {
		return nil, errOwn
	}
	return same(out, r, from), nil
}

func limits(r *wasmbin.Reader) {
	flags := r.U8()
	r.Bad = r.Bad || flags > 1 // shared, or of 64 bits
	r.U32()
	if flags == 1 {
		r.U32()
	}
}

func (m *module) function(out []byte, r *wasmbin.Reader) ([]byte, error) {
	from := r.Pos
	t := r.U32()
	if int64(t) >= int64(len(m.params)) {
		return nil, errShort
	}
	m.funcs = append(m.funcs, t)
	return same(out, r, from), nil
}

func (m *module) global(out []byte, r *wasmbin.Reader) ([]byte, error) {
	out, err := m.expression(append(out, r.U8(), r.U8()), r)
	m.globals++
	return out, err
}

func (m *module) exported(out []byte, r *wasmbin.Reader) ([]byte, error) {
	from := r.Pos
	m.names[r.Name()] = true
	kind := r.U8()
	out = same(out, r, from)
	return binary.AppendUvarint(out, uint64(m.index(kind == 0, r))), nil
}

func (m *module) index(isFunc bool, r *wasmbin.Reader) uint32 {
	i := r.U32()
	if isFunc {
		return m.shift(i)
	}
	return i
}

// freeName is a name under which the module exports nothing.
func (m *module) freeName() string {
	name := ImportModule
	for m.names[name] {
		name += "_"
	}
	return name
}

// element rewrites an element segment: WebAssembly core specification 2.0,
// section 5.5.12.
func (m *module) element(out []byte, r *wasmbin.Reader) ([]byte, error) {
	from := r.Pos
	flags := r.U32()
	if flags > 7 {
		return nil, fmt.Errorf("an element segment of the kind %d, which is not supported", flags)
	}
	passive, explicit, exprs := flags&1 != 0, flags&2 != 0, flags&4 != 0
	if !passive && explicit {
		r.U32() // the table
	}
	out = same(out, r, from)
	var err error
	if !passive {
		if out, err = m.expression(out, r); err != nil {
			return nil, err
		}
	}
	if passive || explicit {
		out = append(out, r.U8())
	}
	n := r.U32()
	out = binary.AppendUvarint(out, uint64(n))
	for ; n > 0 && !r.Bad && err == nil; n-- {
		if exprs {
			out, err = m.expression(out, r)
		} else {
			out = binary.AppendUvarint(out, uint64(m.shift(r.U32())))
		}
	}
	return out, err
}

// custom keeps a section that the module's user may look at. Debugging
// information is by offsets into the code, which are others now.
func (m *module) custom(out []byte, r *wasmbin.Reader) (_ []byte, keep bool, err error) {
	name := r.Name()
	switch {
	case r.Bad:
		return out, false, errShort
	case strings.HasPrefix(name, ".debug_"), strings.HasPrefix(name, "reloc."), name == "linking",
		name == "sourceMappingURL", strings.HasPrefix(name, "metadata.code."):
		return out, false, nil
	case name != "name":
		return append(out, r.Buf...), true, nil
	}
	out, keep = m.nameMaps(append(out, r.Buf[:r.Pos]...), r)
	return out, keep, nil
}

// nameMaps rewrites the name section; false when it cannot be read.
func (m *module) nameMaps(out []byte, r *wasmbin.Reader) ([]byte, bool) {
	for r.More() {
		id := r.U8()
		sub := &wasmbin.Reader{Buf: r.Take(r.U32())}
		body := sub.Buf
		if id >= 1 && id <= 3 { // by function: its name, locals, labels
			n := sub.U32()
			body = binary.AppendUvarint(nil, uint64(n))
			for ; n > 0 && !sub.Bad; n-- {
				body = binary.AppendUvarint(body, uint64(m.shift(sub.U32())))
				from := sub.Pos
				if id == 1 {
					sub.Take(sub.U32())
				} else {
					for k := sub.U32(); k > 0 && !sub.Bad; k-- {
						sub.U32()
						sub.Take(sub.U32())
					}
				}
				body = same(body, sub, from)
			}
			if sub.Bad || sub.More() {
				return out, false
			}
		}
		out = binary.AppendUvarint(append(out, id), uint64(len(body)))
		out = append(out, body...)
	}
	return out, !r.Bad
}
