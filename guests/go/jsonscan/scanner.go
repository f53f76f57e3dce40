// Package jsonscan reads JSON where it lies: without reflection, without
// allocation and without recursion, so that it suits guests built with TinyGo.
// It takes exactly RFC 8259 in valid UTF-8, nested up to MaxDepth deep; what
// it accepts, Event.SetJSON may be given.
//
// Nothing here builds a document in memory.
package jsonscan

import (
	"errors"
	"math/bits"
	"strconv"
	"unicode/utf8"
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
	err   error
	kind  Kind
	start int  // of the value, which ends at pos
	at    int  // its depth
	fresh bool // no value yet in the container at hand, or at the top

	escaped bool // something in the last string was
	depth   int  // of the container at hand; 0: the top
	object  [MaxDepth + 1]bool
	keys    [MaxDepth + 1]span // the last key at each depth
}

type span struct {
	start, end uint32
	escaped    bool
}

// Reset starts on a new text.
func (s *Scanner) Reset(src []byte) {
	s.src, s.pos, s.start, s.at, s.err, s.kind, s.depth, s.fresh = src, 0, 0, 0, nil, Invalid, 0, true
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
	if s.err == nil {
		return nil
	}
	return errors.New(s.err.Error() + " at byte " + strconv.Itoa(s.pos))
}

// Skip passes over the rest of the object or array at hand; Raw is then all of
// it. It does nothing on another value.
func (s *Scanner) Skip() {
	if s.kind != Object && s.kind != Array {
		return
	}
	kind, start, at := s.kind, s.start, s.at
	for s.Next() {
		if s.kind == End && s.at == at {
			s.kind, s.start = kind, start
			return
		}
	}
}

var (
	errEnd   = errors.New("the text ends too early")
	errDeep  = errors.New("objects and arrays are nested more than " + strconv.Itoa(MaxDepth) + " deep")
	errChar  = errors.New("unexpected character")
	errUTF8  = errors.New("a string is not valid UTF-8")
	errExtra = errors.New("something follows the value")
)

// Next moves to the next value, or the end of an object or array. It returns
// false at the end of the text and at the first error.
func (s *Scanner) Next() bool {
	if s.err != nil {
		return false
	}
	c := s.space()
	switch {
	case s.depth == 0:
		return s.top(c)
	case s.object[s.depth]:
		return s.member(c)
	default:
		return s.element(c)
	}
}

func (s *Scanner) fail(err error) bool {
	s.err, s.kind = err, Invalid
	return false
}

// unexpected fails on the byte at pos, or on the end of the text.
func (s *Scanner) unexpected() bool {
	if s.pos >= len(s.src) {
		return s.fail(errEnd)
	}
	return s.fail(errChar)
}

// space passes over white space and returns the character after it, 0 at the
// end of the text.
func (s *Scanner) space() byte {
	if s.pos < len(s.src) && s.src[s.pos] > ' ' {
		return s.src[s.pos] // without a loop; see skipPlain
	}
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		if c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c
		}
		s.pos++
	}
	return 0
}

func (s *Scanner) top(c byte) bool {
	if s.fresh {
		return s.value(c)
	}
	if s.pos < len(s.src) {
		return s.fail(errExtra)
	}
	s.kind = Invalid
	return false
}

func (s *Scanner) member(c byte) bool {
	if c == '}' {
		return s.close()
	}
	if !s.fresh {
		if c != ',' {
			return s.unexpected()
		}
		s.pos++
		c = s.space()
	}
	if c != '"' {
		return s.unexpected()
	}
	start := s.pos
	if !s.string() {
		return false
	}
	s.keys[s.depth] = span{uint32(start) + 1, uint32(s.pos) - 1, s.escaped}
	if s.space() != ':' {
		return s.unexpected()
	}
	s.pos++
	return s.value(s.space())
}

func (s *Scanner) element(c byte) bool {
	if c == ']' {
		return s.close()
	}
	if !s.fresh {
		if c != ',' {
			return s.unexpected()
		}
		s.pos++
		c = s.space()
	}
	return s.value(c)
}

func (s *Scanner) open(kind Kind) bool {
	if s.depth == MaxDepth {
		return s.fail(errDeep)
	}
	s.keys[s.depth+1] = s.keys[s.depth] // an array's elements go by its name
	s.depth++
	s.object[s.depth] = kind == Object
	s.fresh = true
	s.pos++
	s.kind = kind
	return true
}

func (s *Scanner) close() bool {
	s.start = s.pos
	s.pos++
	s.depth--
	s.at = s.depth
	s.fresh = false
	s.kind = End
	return true
}

func (s *Scanner) value(c byte) bool {
	s.start, s.at = s.pos, s.depth
	s.fresh = false
	switch c {
	case '"':
		s.kind = String
		return s.string()
	case '{':
		return s.open(Object)
	case '[':
		return s.open(Array)
	case 't':
		return s.word("true", Bool)
	case 'f':
		return s.word("false", Bool)
	case 'n':
		return s.word("null", Null)
	}
	return s.number()
}

func (s *Scanner) word(w string, kind Kind) bool {
	if rest := s.src[s.pos:]; len(rest) < len(w) || View(rest[:len(w)]) != w {
		return s.unexpected()
	}
	s.pos += len(w)
	s.kind = kind
	return true
}

func (s *Scanner) number() bool {
	s.accept('-')
	if !s.accept('0') && !s.digits() {
		return s.unexpected()
	}
	if s.accept('.') && !s.digits() {
		return s.unexpected()
	}
	if s.accept('e') || s.accept('E') {
		if !s.accept('+') {
			s.accept('-')
		}
		if !s.digits() {
			return s.unexpected()
		}
	}
	s.kind = Number
	return true
}

func (s *Scanner) accept(c byte) bool {
	if s.pos < len(s.src) && s.src[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

func (s *Scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.src) && s.src[s.pos]-'0' <= 9 {
		s.pos++
	}
	return s.pos > start
}

// plain marks the characters that stand in a string for themselves and are
// one byte long.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// special returns a word whose lowest bit that is set is the top bit of the
// first byte of w that is not plain, or 0.
func special(w uint64) uint64 {
	const (
		ones = 0x0101010101010101
		tops = 0x80 * ones
	)
	quote, slash := w^('"'*ones), w^('\\'*ones)
	return ((w-' '*ones)&^w | (quote-ones)&^quote | (slash-ones)&^slash | w) & tops
}

// word reads eight bytes; compilers make one load of it.
func word[T string | []byte](s T, i int) uint64 {
	_ = s[i+7]
	return uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
		uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
}

// skipPlain returns the index of the first byte from i on that is not plain,
// or len(src). It goes by words, two at a time: in WebAssembly under a time
// limit, to enter a loop and each turn of it costs as much as reading dozens of
// bytes.
func skipPlain[T string | []byte](src T, i int) int {
	if i+8 <= len(src) { // many strings end in their first word
		if m := special(word(src, i)); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
		i += 8
	}
	for i+16 <= len(src) {
		if m := special(word(src, i)); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
		if m := special(word(src, i+8)); m != 0 {
			return i + 8 + bits.TrailingZeros64(m)/8
		}
		i += 16
	}
	for i < len(src) && plain[src[i]] {
		i++
	}
	return i
}

// string passes over a string, of which pos is the first quote.
func (s *Scanner) string() bool {
	src, i := s.src, skipPlain(s.src, s.pos+1)
	if i < len(src) && src[i] == '"' {
		s.pos, s.escaped = i+1, false
		return true
	}
	return s.odd(i)
}

// odd goes on with a string in which the byte at i is not plain.
func (s *Scanner) odd(i int) bool {
	src := s.src
	s.escaped = false
	for ; ; i = skipPlain(src, i) {
		if i >= len(src) {
			s.pos = i
			return s.fail(errEnd)
		}
		n := 0
		switch c := src[i]; {
		case c == '"':
			s.pos = i + 1
			return true
		case c == '\\':
			n = escape(src[i:])
			s.escaped = true
		case c >= utf8.RuneSelf:
			if _, n = utf8.DecodeRune(src[i:]); n == 1 {
				s.pos = i
				return s.fail(errUTF8)
			}
		}
		if n == 0 {
			s.pos = i
			return s.unexpected()
		}
		i += n
	}
}

// escape returns the length of the escape that b starts with, 0 if it is none.
func escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if hex4(b[2:]) >= 0 {
			return 6
		}
	}
	return 0
}

// hex4 reads four hexadecimal digits, -1 if b does not start with them.
func hex4(b []byte) rune {
	if len(b) < 4 {
		return -1
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}
