package meter

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
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
	r := &reader{buf: s.body}
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
		body = binary.AppendUvarint(nil, uint64(m.shift(r.u32())))
	case secElement:
		body, err = m.each(r, m.element, 0)
	case secCode:
		body, err = m.code(r)
	default:
		return s.body, true, nil
	}
	if err == nil && (r.bad || r.more()) {
		err = errShort
	}
	return body, true, err
}

// each rewrites a vector by its entries, and makes room for more of them.
func (m *module) each(r *reader, entry func(out []byte, r *reader) ([]byte, error), more uint64) ([]byte, error) {
	n := r.u32()
	out := binary.AppendUvarint(nil, uint64(n)+more)
	for ; n > 0 && !r.bad; n-- {
		var err error
		if out, err = entry(out, r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// same adds to out what was read since from.
func same(out []byte, r *reader, from int) []byte { return append(out, r.buf[from:r.pos]...) }

func text(out []byte, s string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(s))), s...)
}

func (m *module) typ(out []byte, r *reader) ([]byte, error) {
	from := r.pos
	if form := r.u8(); form != 0x60 && !r.bad {
		return nil, fmt.Errorf("a type of the form %#x, which is not supported", form)
	}
	params := r.u32()
	r.take(params)
	r.take(r.u32())
	m.params = append(m.params, params)
	return same(out, r, from), nil
}

func (m *module) imported(out []byte, r *reader) ([]byte, error) {
	from := r.pos
	own := string(r.take(r.u32())) == ImportModule
	r.take(r.u32())
	switch kind := r.u8(); kind {
	case 0:
		r.u32()
		m.imports++
	case 1:
		r.u8()
		limits(r)
	case 2:
		limits(r)
	case 3:
		r.u8()
		r.u8()
		m.globals++
	default:
		return nil, fmt.Errorf("an import of the kind %d, which is not supported", kind)
	}
	if own {
		return nil, errOwn
	}
	return same(out, r, from), nil
}

func limits(r *reader) {
	flags := r.u8()
	r.bad = r.bad || flags > 1 // shared, or of 64 bits
	r.u32()
	if flags == 1 {
		r.u32()
	}
}

func (m *module) function(out []byte, r *reader) ([]byte, error) {
	from := r.pos
	t := r.u32()
	if int64(t) >= int64(len(m.params)) {
		return nil, errShort
	}
	m.funcs = append(m.funcs, t)
	return same(out, r, from), nil
}

func (m *module) global(out []byte, r *reader) ([]byte, error) {
	out, err := m.expression(append(out, r.u8(), r.u8()), r)
	m.globals++
	return out, err
}

func (m *module) exported(out []byte, r *reader) ([]byte, error) {
	from := r.pos
	m.names[string(r.take(r.u32()))] = true
	kind := r.u8()
	out = same(out, r, from)
	return binary.AppendUvarint(out, uint64(m.index(kind == 0, r))), nil
}

func (m *module) index(isFunc bool, r *reader) uint32 {
	i := r.u32()
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
func (m *module) element(out []byte, r *reader) ([]byte, error) {
	from := r.pos
	flags := r.u32()
	if flags > 7 {
		return nil, fmt.Errorf("an element segment of the kind %d, which is not supported", flags)
	}
	passive, explicit, exprs := flags&1 != 0, flags&2 != 0, flags&4 != 0
	if !passive && explicit {
		r.u32() // the table
	}
	out = same(out, r, from)
	var err error
	if !passive {
		if out, err = m.expression(out, r); err != nil {
			return nil, err
		}
	}
	if passive || explicit {
		out = append(out, r.u8())
	}
	n := r.u32()
	out = binary.AppendUvarint(out, uint64(n))
	for ; n > 0 && !r.bad && err == nil; n-- {
		if exprs {
			out, err = m.expression(out, r)
		} else {
			out = binary.AppendUvarint(out, uint64(m.shift(r.u32())))
		}
	}
	return out, err
}

// custom keeps a section that the module's user may look at. Debugging
// information is by offsets into the code, which are others now.
func (m *module) custom(r *reader) (body []byte, keep bool, err error) {
	name := string(r.take(r.u32()))
	switch {
	case r.bad:
		return nil, false, errShort
	case strings.HasPrefix(name, ".debug_"), strings.HasPrefix(name, "reloc."), name == "linking",
		name == "sourceMappingURL", strings.HasPrefix(name, "metadata.code."):
		return nil, false, nil
	case name != "name":
		return r.buf, true, nil
	}
	body, ok := m.nameMaps(bytes.Clone(r.buf[:r.pos]), r)
	return body, ok, nil
}

// nameMaps rewrites the name section; false when it cannot be read.
func (m *module) nameMaps(out []byte, r *reader) ([]byte, bool) {
	for r.more() {
		id := r.u8()
		sub := &reader{buf: r.take(r.u32())}
		body := sub.buf
		if id >= 1 && id <= 3 { // by function: its name, locals, labels
			n := sub.u32()
			body = binary.AppendUvarint(nil, uint64(n))
			for ; n > 0 && !sub.bad; n-- {
				body = binary.AppendUvarint(body, uint64(m.shift(sub.u32())))
				from := sub.pos
				if id == 1 {
					sub.take(sub.u32())
				} else {
					for k := sub.u32(); k > 0 && !sub.bad; k-- {
						sub.u32()
						sub.take(sub.u32())
					}
				}
				body = same(body, sub, from)
			}
			if sub.bad || sub.more() {
				return nil, false
			}
		}
		out = binary.AppendUvarint(append(out, id), uint64(len(body)))
		out = append(out, body...)
	}
	return out, !r.bad
}
