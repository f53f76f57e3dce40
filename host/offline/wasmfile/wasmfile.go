// Package wasmfile reads what a WebAssembly module says of itself: imports,
// exports, memory, the features that its code uses. It compiles nothing, so
// it can tell of a module that no engine takes.
//
// Whether a module is valid, and whether it is a guest, is package guest's
// matter.
package wasmfile

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slswasm/slswasm/host/guest/wasmbin"
)

// PageSize is the unit of a memory's limits, in bytes.
const PageSize = 1 << 16

// A File is what a module says of itself, as far as it could be read. Names
// are as they are in the module: not for a terminal.
type File struct {
	Imports   []Item
	Exports   []Item
	Memories  []Memory // imported ones first
	Functions int      // in its code
	Features  []string // beyond WebAssembly 1.0, by the names that toolchains use, sorted
	Producers []string // language, compiler and tools, with their versions
}

// An Item is an import or an export.
type Item struct {
	Module string `json:"module,omitempty"` // of an import
	Name   string `json:"name"`
	Kind   string `json:"kind"`           // func, table, memory, global, tag
	Type   string `json:"type,omitempty"` // of a func, as WebAssembly text
}

// A Memory is a memory's limits, in pages of 64 KiB.
type Memory struct {
	Least uint64  `json:"least"`
	Most  *uint64 `json:"most,omitempty"` // nil: not said
}

// Read reads a module. With an error, the File holds what came before it.
func Read(wasm []byte) (*File, error) {
	p := &parser{features: map[string]bool{}}
	err := p.module(wasm)
	p.file.Features = slices.Sorted(maps.Keys(p.features))
	return &p.file, err
}

// A parser keeps what later sections refer to.
type parser struct {
	file     File
	features map[string]bool
	types    []funcType
	funcs    []uint32 // type of each function, imported ones first
	globals  []bool   // whether each is mutable
}

type funcType struct{ params, results []byte }

func (p *parser) module(wasm []byte) error {
	if !bytes.HasPrefix(wasm, []byte(wasmbin.Magic)) {
		return errors.New("not a WebAssembly module of version 1")
	}
	r := wasmbin.Reader{Buf: wasm, Pos: len(wasmbin.Magic)}
	for r.More() {
		at := r.Pos
		id, body := r.Section()
		if r.Bad {
			return fmt.Errorf("byte %d: section %d does not fit into the file", at, id)
		}
		if err := p.section(id, body); err != nil {
			return fmt.Errorf("section %d at byte %d: %w", id, at, err)
		}
	}
	return nil
}

var errShort = errors.New("cut off or damaged")

func (p *parser) section(id byte, body []byte) error {
	r := &wasmbin.Reader{Buf: body}
	read := map[byte]func(*wasmbin.Reader) error{
		0: p.custom, 1: p.typ, 2: p.imported, 3: p.function, 5: p.memory, 6: p.global, 7: p.exported, 10: p.code,
	}[id]
	switch {
	case id == 12: // the number of data segments
		p.features["bulk-memory"] = true
		return nil
	case id == 13:
		p.features["exception-handling"] = true
		return nil
	case id == 0:
		return p.custom(r)
	case read == nil:
		return nil
	}
	for n := r.U32(); n > 0 && !r.Bad; n-- {
		if err := read(r); err != nil {
			return err
		}
	}
	if r.Bad {
		return errShort
	}
	return nil
}

// custom reads the producers; what it cannot read does not matter.
func (p *parser) custom(r *wasmbin.Reader) error {
	if r.Name() != "producers" {
		return nil
	}
	for fields := r.U32(); fields > 0 && !r.Bad; fields-- {
		field := r.Name()
		for n := r.U32(); n > 0 && !r.Bad; n-- {
			name, version := r.Name(), r.Name()
			if !r.Bad {
				p.file.Producers = append(p.file.Producers, strings.TrimSpace(field+" "+name+" "+version))
			}
		}
	}
	return nil
}

func (p *parser) typ(r *wasmbin.Reader) error {
	if form := r.U8(); form != 0x60 && !r.Bad {
		p.features["gc"] = true
		return fmt.Errorf("a type of the form %#x, which is not supported", form)
	}
	t := funcType{r.Take(r.U32()), r.Take(r.U32())}
	if len(t.results) > 1 {
		p.features["multivalue"] = true
	}
	p.types = append(p.types, t)
	return nil
}

// The kinds of imports and exports.
var kinds = []string{"func", "table", "memory", "global", "tag"}

func (p *parser) imported(r *wasmbin.Reader) error {
	item := Item{Module: r.Name(), Name: r.Name()}
	kind := r.U8()
	switch kind {
	case 0:
		p.funcs = append(p.funcs, r.U32())
		item.Type = p.typeOf(len(p.funcs) - 1)
	case 1:
		r.U8()
		p.limits(r)
	case 2:
		p.memories(r)
	case 3:
		r.U8()
		mutable := r.U8() == 1
		p.globals = append(p.globals, mutable)
		p.use("mutable-globals", mutable)
	case 4:
		r.U8()
		r.U32()
	default:
		return fmt.Errorf("an import of the kind %d, which is not known", kind)
	}
	if !r.Bad {
		item.Kind = kinds[kind]
		p.file.Imports = append(p.file.Imports, item)
	}
	return nil
}

func (p *parser) use(feature string, used bool) {
	if used {
		p.features[feature] = true
	}
}

func (p *parser) function(r *wasmbin.Reader) error {
	if t := r.U32(); !r.Bad {
		p.funcs = append(p.funcs, t)
		p.file.Functions++
	}
	return nil
}

func (p *parser) memory(r *wasmbin.Reader) error {
	p.memories(r)
	return nil
}

func (p *parser) memories(r *wasmbin.Reader) {
	m := p.limits(r)
	if !r.Bad {
		p.file.Memories = append(p.file.Memories, m)
	}
	p.use("multimemory", len(p.file.Memories) > 1)
}

func (p *parser) limits(r *wasmbin.Reader) (m Memory) {
	flags := r.U8()
	p.use("atomics", flags&2 != 0)
	p.use("memory64", flags&4 != 0)
	m.Least = r.U64()
	if flags&1 != 0 {
		m.Most = new(r.U64())
	}
	return m
}

func (p *parser) global(r *wasmbin.Reader) error {
	r.U8()
	p.globals = append(p.globals, r.U8() == 1)
	return p.expression(r)
}

func (p *parser) exported(r *wasmbin.Reader) error {
	item := Item{Name: r.Name()}
	kind, index := r.U8(), int(r.U32())
	switch {
	case r.Bad:
		return nil
	case int(kind) >= len(kinds):
		return fmt.Errorf("an export of the kind %d, which is not known", kind)
	case kind == 0:
		item.Type = p.typeOf(index)
	case kind == 3 && index < len(p.globals):
		p.use("mutable-globals", p.globals[index])
	}
	item.Kind = kinds[kind]
	p.file.Exports = append(p.file.Exports, item)
	return nil
}

func (p *parser) typeOf(function int) string {
	if function >= len(p.funcs) || int(p.funcs[function]) >= len(p.types) {
		return ""
	}
	t := p.types[p.funcs[function]]
	return "(func" + list("param", t.params) + list("result", t.results) + ")"
}

var valueTypes = map[byte]string{
	0x7f: "i32", 0x7e: "i64", 0x7d: "f32", 0x7c: "f64", 0x7b: "v128", 0x70: "funcref", 0x6f: "externref",
}

func list(name string, types []byte) string {
	if len(types) == 0 {
		return ""
	}
	s := " (" + name
	for _, t := range types {
		text, known := valueTypes[t]
		if !known {
			text = fmt.Sprintf("%#x", t)
		}
		s += " " + text
	}
	return s + ")"
}
