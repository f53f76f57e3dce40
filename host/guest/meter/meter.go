// Package meter rewrites a WebAssembly module so that it counts what it does,
// in fuel, and asks its host for more whenever what it has is used up.
//
// Here lives a pure function over bytes, which knows the binary format and
// what an instruction costs. How much fuel a guest gets, and what becomes of
// one that wants more, is its caller's matter. RATIONALE.md says why it is
// done like this, and what it costs.
package meter

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/slswasm/slswasm/host/guest/wasmbin"
)

// What a rewritten module imports, and the host must offer: a function of type
// (func (param i64) (result i64)). It is called when less than nothing is left
// of the fuel, with what is left, and returns what there is from then on. To
// stop the guest it does not return.
const (
	ImportModule = "slswasm_fuel"
	ImportMore   = "more"
)

// What costs more than the one unit of every other instruction. A unit is
// meant to be well below a nanosecond.
const (
	costHostCall = 256  // call of an import
	costCall     = 4    // call of another function
	costDivide   = 8    // integer division, square root
	costGrow     = 1024 // memory.grow and table.grow, beside what they clear
	costPage     = 1 << 13
	bytesPerUnit = 8 // of bulk memory operations; an element of a table is a unit
)

// A Report says what was done to a module.
type Report struct {
	Fuel    string // name of the exported global (mut i64) that holds the fuel
	Charges int    // places that take from the fuel
	Checks  int    // of these, places that also look whether it is gone
}

var (
	errShort = errors.New("cut off or damaged")
	errOwn   = fmt.Errorf("it imports from %q, which is kept for metering", ImportModule)
)

// The sections that are rewritten.
const (
	secCustom   = 0
	secType     = 1
	secImport   = 2
	secFunction = 3
	secGlobal   = 6
	secExport   = 7
	secStart    = 8
	secElement  = 9
	secCode     = 10
	secCount    = 12 // of data segments
)

// Rewrite returns the module with metering. The fuel is an exported global of
// which Report has the name; it begins at 0, so that the start function asks
// for more at once. Except for fuel, for the call stack that a refill takes
// and for debugging information, which is left out, a valid module behaves as
// before and stays valid; of an invalid one nothing is promised but that
// Rewrite does not panic. An error says what was met that cannot be metered.
func Rewrite(wasm []byte) ([]byte, *Report, error) {
	m := &module{names: map[string]bool{}, report: &Report{}}
	sections, err := split(wasm)
	if err != nil {
		return nil, nil, err
	}
	out := append(make([]byte, 0, len(wasm)+len(wasm)/4+1<<10), wasmbin.Magic...)
	for _, s := range complete(sections) {
		if out, err = m.section(out, s); err != nil {
			return nil, nil, fmt.Errorf("section %d: %w", s.id, err)
		}
	}
	return out, m.report, nil
}

// A section is as in the file; one that was not there has no body.
type section struct {
	id   byte
	body []byte
}

func split(wasm []byte) (list []section, err error) {
	if !bytes.HasPrefix(wasm, []byte(wasmbin.Magic)) {
		return nil, errors.New("not a WebAssembly module of version 1")
	}
	r := &wasmbin.Reader{Buf: wasm, Pos: len(wasmbin.Magic)}
	seen := 0
	for r.More() {
		var s section
		if s.id, s.body = r.Section(); r.Bad {
			return nil, errShort
		}
		if s.id != secCustom {
			if rank(s.id) <= seen {
				return nil, fmt.Errorf("section %d is not known, or not in its place", s.id)
			}
			seen = rank(s.id)
		}
		list = append(list, s)
	}
	return list, nil
}

// rank is a section's place in a file; 0: it has none.
func rank(id byte) int {
	switch {
	case id == secCount:
		return 2*secElement + 1
	case id < secCount:
		return 2 * int(id)
	}
	return 0
}

// complete adds the sections that metering needs, empty.
func complete(list []section) []section {
	for _, id := range []byte{secType, secImport, secGlobal, secExport} {
		at := len(list)
		for i, s := range list {
			if s.id != secCustom && rank(s.id) >= rank(id) {
				at = i
				break
			}
		}
		if at < len(list) && list[at].id == id {
			continue
		}
		list = append(list[:at:at], append([]section{{id: id, body: []byte{0}}}, list[at:]...)...)
	}
	return list
}
