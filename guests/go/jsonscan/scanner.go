// Package jsonscan reads JSON where it lies: without reflection, without
// allocation for each text and without recursion, so that it suits guests built with TinyGo.
// It takes exactly RFC 8259 in valid UTF-8, nested up to MaxDepth deep; what
// it accepts, Event.SetJSON may be given.
//
// In a guest it is the host that looks at each byte of a text; see Entry. Nothing here
// builds a document in memory.
package jsonscan

import (
	"errors"
	"strconv"
)

// MaxDepth is how deep objects and arrays may be nested.
const MaxDepth = 256

// A Kind says what a Scanner has found.
type Kind uint8

// The kinds. End is the end of an object or an array.
const (
	Invalid Kind = iota
	Null
	Bool
	Number
	String
	Object
	Array
	End
)

// A Scanner walks JSON text, value by value:
//
//	var s jsonscan.Scanner
//	s.Reset(text)
//	for s.Next() {
//		if s.Kind() == jsonscan.String && string(s.Key()) == "eventName" { ... }
//	}
//	if s.Err() != nil { ... }
//
// Only after Next has returned false and Err nil is the text known to be valid.
// A Scanner holds buffers: use one again and again.
type Scanner struct {
	src  []byte
	tape []Entry // of src; nothing if it is not valid
	i    int     // of the value at hand
	next int     // of the one after it
	room []Entry // for tapes
	walk walker  // without a tape
}

// Reset starts on a new text.
func (s *Scanner) Reset(src []byte) {
	s.src = src
	s.tape = s.read(src)
	s.i, s.next = -2, 0 // none
	if len(s.tape) == 0 {
		s.walk.reset(src)
	}
}

// Tape returns what is known of the text's values, nothing if the text is not
// valid. It is good until Reset.
func (s *Scanner) Tape() []Entry { return s.tape }

// Text returns the text.
func (s *Scanner) Text() []byte { return s.src }

// value is the value at hand.
func (s *Scanner) value() *Entry {
	if uint(s.i) < uint(len(s.tape)) {
		return &s.tape[s.i]
	}
	return &s.walk.Entry
}

// Kind returns the kind of the value at hand.
func (s *Scanner) Kind() Kind { return s.value().Kind }

// Depth returns how many objects and arrays are around the value at hand. For
// End it is that of the object or array that has ended.
func (s *Scanner) Depth() int { return int(s.value().Depth) }

// Key returns the name of the member at hand, as it is written between the
// quotes; see Unescape. In an array, it is the array's own name.
func (s *Scanner) Key() []byte { return s.value().Key(s.src) }

// Escaped says whether the string at hand, and whether the key, has escapes in
// it; if not, Unescape need not be called.
func (s *Scanner) Escaped() (value, key bool) {
	flags := s.value().Flags
	return flags&Escaped != 0, flags&KeyEscaped != 0
}

// Raw returns the text of the value at hand, a string's with its quotes; of an
// object or array, only its bracket, unless Skip was called.
func (s *Scanner) Raw() Value {
	v := s.value()
	if s.next == s.i+1 && (v.Kind == Object || v.Kind == Array) {
		return Value(s.src[v.At:][:1])
	}
	return v.Raw(s.src)
}

// Offset returns where the value at hand starts in the text.
func (s *Scanner) Offset() int { return int(s.value().At) }

// Err returns what is wrong with the text, nil as long as nothing is.
func (s *Scanner) Err() error {
	if len(s.tape) > 0 {
		return nil
	}
	return errorOf(s.walk.pos, s.walk.wrong)
}

func errorOf(at int, wrong fault) error {
	if wrong == right {
		return nil
	}
	return errors.New(faults[wrong] + " at byte " + strconv.Itoa(at))
}

// Skip passes over the rest of the object or array at hand; Raw is then all of
// it. It does nothing on another value.
func (s *Scanner) Skip() {
	switch v := s.value(); {
	case v.Kind != Object && v.Kind != Array:
	case len(s.tape) > 0:
		s.next = int(v.Next)
	default:
		s.walk.skip()
	}
}

// Next moves to the next value, or the end of an object or array. It returns
// false at the end of the text and at the first error.
func (s *Scanner) Next() bool {
	if s.next < len(s.tape) {
		s.i = s.next
		s.next++
		return true
	}
	return s.rest()
}

// rest is Next without a tape, and at the end of one.
//
//go:noinline
func (s *Scanner) rest() bool {
	if len(s.tape) > 0 {
		s.i, s.walk.Entry = len(s.tape), Entry{}
		return false
	}
	return s.walk.next()
}
