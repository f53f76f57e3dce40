package yardstick

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

const every = 0x0101010101010101 // times a byte: that byte in each of a word's eight

// special sets the top bit of the lowest byte of w that a JSON string cannot
// hold as it is, or that is not ASCII.
func special(w uint64) uint64 {
	return (w | (w - every*' ') | ((w ^ every*'"') - every) | ((w ^ every*'\\') - every)) & (every * 0x80)
}

// plain returns where the first special byte of s is, from at on.
func plain(s []byte, at int) int {
	for ; at+8 <= len(s); at += 8 {
		if m := special(binary.LittleEndian.Uint64(s[at:])); m != 0 {
			return at + bits.TrailingZeros64(m)/8
		}
	}
	for at < len(s) && s[at] >= ' ' && s[at] != '"' && s[at] != '\\' && s[at] < utf8.RuneSelf {
		at++
	}
	return at
}

// appendString appends s as a JSON string: run by run.
func appendString(dst, s []byte) []byte {
	return append(appendEscaped(append(dst, '"'), s), '"')
}

func appendEscaped(dst, s []byte) []byte {
	const hex = "0123456789abcdef"
	for from := 0; ; {
		at := plain(s, from)
		dst = append(dst, s[from:at]...)
		if at == len(s) {
			return dst
		}
		switch c := s[at]; {
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(s[at:])
			dst = utf8.AppendRune(dst, r)
			at += n - 1
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		from = at + 1
	}
}

// A scanner walks over JSON text, once. Its methods return where what they
// read ends, and -1 where that is no JSON; numbers and words it takes as they
// come, which is less than the guest does.
type scanner struct {
	text []byte
	// member is called for each member of an object, with what it is in: "" is
	// the outermost, and an object is known by the key that led to it.
	member func(in string, key, value []byte)
}

func (s *scanner) space(at int) int {
	for at < len(s.text) && (s.text[at] == ' ' || s.text[at] == '\n' || s.text[at] == '\t' || s.text[at] == '\r') {
		at++
	}
	return at
}

// value reads a value; depth counts what it is in.
func (s *scanner) value(at, depth int, name string) int {
	at = s.space(at)
	if at >= len(s.text) || depth > 100 {
		return -1
	}
	switch s.text[at] {
	case '"':
		return s.str(at)
	case '{':
		return s.object(at+1, depth+1, name)
	case '[':
		return s.array(at+1, depth+1)
	}
	from := at
	for at < len(s.text) && s.text[at] > ' ' && s.text[at] != ',' && s.text[at] != '}' && s.text[at] != ']' {
		at++
	}
	if at == from {
		return -1
	}
	return at
}

func (s *scanner) str(at int) int {
	for at++; ; at++ {
		switch at = plain(s.text, at); {
		case at >= len(s.text) || s.text[at] < ' ':
			return -1
		case s.text[at] == '"':
			return at + 1
		case s.text[at] == '\\':
			at++
		}
	}
}

func (s *scanner) object(at, depth int, name string) int {
	if at = s.space(at); at < len(s.text) && s.text[at] == '}' {
		return at + 1
	}
	for {
		from := s.space(at)
		if from >= len(s.text) || s.text[from] != '"' {
			return -1
		}
		end := s.str(from)
		if end < 0 {
			return -1
		}
		key := s.text[from+1 : end-1]
		if at = s.space(end); at >= len(s.text) || s.text[at] != ':' {
			return -1
		}
		from = s.space(at + 1)
		in := "?"
		if depth == 1 {
			in = known(key)
		}
		if at = s.value(from, depth, in); at < 0 {
			return -1
		}
		if depth <= 2 && name != "?" {
			s.member(name, key, s.text[from:at])
		}
		if at = s.space(at); at >= len(s.text) {
			return -1
		}
		switch s.text[at] {
		case '}':
			return at + 1
		case ',':
			at++
		default:
			return -1
		}
	}
}

// known are the members whose insides matter.
func known(key []byte) string {
	switch string(key) {
	case "userIdentity":
		return "userIdentity"
	case "additionalEventData":
		return "additionalEventData"
	}
	return "?"
}

func (s *scanner) array(at, depth int) int {
	if at = s.space(at); at < len(s.text) && s.text[at] == ']' {
		return at + 1
	}
	for {
		if at = s.value(at, depth, "?"); at < 0 {
			return -1
		}
		if at = s.space(at); at >= len(s.text) {
			return -1
		}
		switch s.text[at] {
		case ']':
			return at + 1
		case ',':
			at++
		default:
			return -1
		}
	}
}
