// Package jsonscan reads JSON where it lies: without reflection, without
// allocation and without recursion, so that it suits guests built with TinyGo.
// It takes exactly RFC 8259 in valid UTF-8, nested up to MaxDepth deep; what
// it accepts, Event.SetJSON may be given.
//
// Nothing here builds a document in memory.
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
type Scanner struct {
	src   []byte
	pos   int
	wrong fault
	kind  Kind
	start int  // of the value, which ends at pos
	at    int  // its depth
	fresh bool // no value yet in the container at hand, or at the top

	escaped bool               // something in the last string was
	depth   int                // of the container at hand; 0: the top
	object  [MaxDepth + 1]bool // the container at a depth is; the first is not used
	keys    [MaxDepth + 1]span // the last key at each depth
}

type span struct {
	start, end uint32
	escaped    bool
}

// Reset starts on a new text.
func (s *Scanner) Reset(src []byte) {
	s.src, s.pos, s.start, s.at, s.wrong, s.kind, s.depth, s.fresh = src, 0, 0, 0, right, Invalid, 0, true
	s.keys[0] = span{}
}

// Kind returns the kind of the value at hand.
func (s *Scanner) Kind() Kind { return s.kind }

// Depth returns how many objects and arrays are around the value at hand. For
// End it is that of the object or array that has ended.
func (s *Scanner) Depth() int { return s.at }

// Key returns the name of the member at hand, as it is written between the
// quotes; see Unescape. In an array, it is the array's own name.
func (s *Scanner) Key() []byte {
	k := s.keys[s.at]
	return s.src[k.start:k.end]
}

// Escaped says whether the string at hand, and whether the key, has escapes in
// it; if not, Unescape need not be called.
func (s *Scanner) Escaped() (value, key bool) {
	return s.kind == String && s.escaped, s.keys[s.at].escaped
}

// Raw returns the text of the value at hand, a string's with its quotes; of an
// object or array, only its bracket, unless Skip was called.
func (s *Scanner) Raw() Value { return Value(s.src[s.start:s.pos]) }

// Offset returns where the value at hand starts in the text.
func (s *Scanner) Offset() int { return s.start }

// Err returns what is wrong with the text, nil as long as nothing is.
func (s *Scanner) Err() error {
	if s.wrong == right {
		return nil
	}
	return errors.New(faults[s.wrong] + " at byte " + strconv.Itoa(s.pos))
}

// Skip passes over the rest of the object or array at hand; Raw is then all of
// it. It does nothing on another value.
func (s *Scanner) Skip() {
	if s.kind != Object && s.kind != Array {
		return
	}
	end, wrong := passValue(s.src, s.start, s.at)
	if wrong != right {
		s.fail(end, wrong)
		return
	}
	s.pos, s.depth, s.fresh = end, s.at, false
}

var faults = [...]string{
	ends:       "the text ends too early",
	tooDeep:    "objects and arrays are nested more than " + strconv.Itoa(MaxDepth) + " deep",
	unexpected: "unexpected character",
	notUTF8:    "a string is not valid UTF-8",
	extra:      "something follows the value",
}

// Next moves to the next value, or the end of an object or array. It returns
// false at the end of the text and at the first error.
func (s *Scanner) Next() bool {
	if s.wrong != right {
		return false
	}
	if s.object[s.depth] && !s.fresh {
		if key, text := passText(s.src, s.pos); text > 0 {
			s.keys[s.depth] = span{uint32(s.pos) + 2, uint32(key), false}
			s.start, s.pos, s.at = key+2, text+1, s.depth
			s.kind, s.escaped = String, false
			return true
		}
	}
	return s.step()
}

// step is Next for whatever there may be.
func (s *Scanner) step() bool {
	i, c := next(s.src, s.pos)
	switch {
	case s.depth == 0:
		if !s.fresh {
			return s.end(i)
		}
	case s.object[s.depth]:
		if c == '}' {
			return s.close(i)
		}
		return s.member(i, c)
	default:
		if c == ']' {
			return s.close(i)
		}
		if !s.fresh {
			if c != ',' {
				return s.fail(unexpectedAt(s.src, i))
			}
			i, c = next(s.src, i+1)
		}
	}
	return s.value(i, c)
}

func (s *Scanner) fail(i int, wrong fault) bool {
	s.pos, s.wrong, s.kind = i, wrong, Invalid
	return false
}

// end is reached after the value at the top.
func (s *Scanner) end(i int) bool {
	if i < len(s.src) {
		return s.fail(i, extra)
	}
	s.pos, s.kind = i, Invalid
	return false
}

func (s *Scanner) member(i int, c byte) bool {
	src := s.src
	if !s.fresh {
		if c != ',' {
			return s.fail(unexpectedAt(src, i))
		}
		i, c = next(src, i+1)
	}
	if c != '"' {
		return s.fail(unexpectedAt(src, i))
	}
	key := &s.keys[s.depth]
	key.start = uint32(i) + 1
	i, escaped, wrong := passString(src, i)
	if wrong != right {
		return s.fail(i, wrong)
	}
	key.end, key.escaped = uint32(i)-1, escaped
	if i, c = next(src, i); c != ':' {
		return s.fail(unexpectedAt(src, i))
	}
	return s.value(next(src, i+1))
}

func (s *Scanner) value(i int, c byte) bool {
	s.start, s.at, s.fresh = i, s.depth, false
	var wrong fault
	switch c {
	case '"':
		s.kind = String
		i, s.escaped, wrong = passString(s.src, i)
	case '{':
		return s.open(i, Object)
	case '[':
		return s.open(i, Array)
	default:
		switch c {
		case 't', 'f':
			s.kind = Bool
		case 'n':
			s.kind = Null
		default:
			s.kind = Number
		}
		i, wrong = passPlain(s.src, i, c)
	}
	if wrong != right {
		return s.fail(i, wrong)
	}
	s.pos = i
	return true
}

func (s *Scanner) open(i int, kind Kind) bool {
	if s.depth == MaxDepth {
		return s.fail(i, tooDeep)
	}
	s.keys[s.depth+1] = s.keys[s.depth] // an array's elements go by its name
	s.depth++
	s.object[s.depth] = kind == Object
	s.fresh = true
	s.pos, s.kind = i+1, kind
	return true
}

func (s *Scanner) close(i int) bool {
	s.depth--
	s.start, s.pos = i, i+1
	s.at, s.fresh, s.kind = s.depth, false, End
	return true
}
