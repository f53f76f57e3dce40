//go:build wasm || tinygo.wasm

package jsonscan

import "unsafe"

//go:wasmimport slswasm_v1 json
func hostTape(text unsafe.Pointer, n uint32, tape unsafe.Pointer, most uint32) int32

// read has the host write the tape of a text.
func (s *Scanner) read(src []byte) []Entry {
	for {
		n := hostTape(unsafe.Pointer(unsafe.SliceData(src)), uint32(len(src)), unsafe.Pointer(unsafe.SliceData(s.room)), uint32(len(s.room)))
		if n >= 0 {
			return s.room[:n]
		}
		s.room = make([]Entry, max(64, 2*len(s.room)))
	}
}
