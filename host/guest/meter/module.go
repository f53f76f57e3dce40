package meter

import (
	"bytes"
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

// section returns the new body of a section, and whether it stays.
func (m *module) section(s section) (body []byte, keep bool, err error) {
	r := &wasmbin.Reader{Buf: s.body}
	switch s.id {
	case secCustom:
		return m.custom(r)
	case secType:
		body, err = m.each(r, m.typ, 1)
		body = append(body, 0x60, 1, i64, 1, i64)
	case secImport:
		body, err = m.each(r, m.imported, 1)
		body = append(text(text(body, ImportModule), ImportMore), 0)
		body = binary.AppendUvarint(body, uint64(len(m.params)))
	case secFunction:
		body, err = m.each(r, m.function, 0)
	case secGlobal:
		body, err = m.each(r, m.global, 1)
		body = append(body, i64, 1, opI64Const, 0, opEnd)
	case secExport:
		body, err = m.each(r, m.exported, 1)
		m.report.Fuel = m.freeName()
		body = append(text(body, m.report.Fuel), 3)
		body = binary.AppendUvarint(body, uint64(m.globals))
	case secStart:
		body = binary.AppendUvarint(nil, uint64(m.shift(r.U32())))
	case secElement:
		body, err = m.each(r, m.element, 0)
	case secCode:
		body, err = m.code(r)
	default:
		return s.body, true, nil
	}
	if err == nil && (r.Bad || r.More()) {
		err = errShort
	}
	return body, true, err
}

// each rewrites a vector by its entries, and makes room for more of them.
func (m *module) each(r *wasmbin.Reader, entry func(out []byte, r *wasmbin.Reader) ([]byte, error), more uint64) ([]byte, error) {
	n := r.U32()
	out := binary.AppendUvarint(nil, uint64(n)+more)
	for ; n > 0 && !r.Bad; n-- {
		var err error
		if out, err = entry(out, r); err != nil {
			return nil, err
		}
	}
	return out, nil
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
func (m *module) custom(r *wasmbin.Reader) (body []byte, keep bool, err error) {
	name := r.Name()
	switch {
	case r.Bad:
		return nil, false, errShort
	case strings.HasPrefix(name, ".debug_"), strings.HasPrefix(name, "reloc."), name == "linking",
		name == "sourceMappingURL", strings.HasPrefix(name, "metadata.code."):
		return nil, false, nil
	case name != "name":
		return r.Buf, true, nil
	}
	body, ok := m.nameMaps(bytes.Clone(r.Buf[:r.Pos]), r)
	return body, ok, nil
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
				return nil, false
			}
		}
		out = binary.AppendUvarint(append(out, id), uint64(len(body)))
		out = append(out, body...)
	}
	return out, !r.Bad
}
