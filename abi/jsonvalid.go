package abi

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// jsonDepth is how deep values may nest, as in encoding/json.
const jsonDepth = 10_000

// ValidJSON says whether s is one JSON value (RFC 8259) with white space
// around it, nested up to 10,000 deep. It agrees with json.Valid in
// everything, and exists since that one would take longer than all the rest
// of reading a reply, or of writing an event.
func ValidJSON(s []byte) bool {
	end := jsonValue(s, jsonSpace(s, 0), 0)
	return end > 0 && jsonSpace(s, end) == len(s)
}

// The functions below return the index after what they skip at s[i], or -1
// when it is not there.

func jsonSpace(s []byte, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

func jsonValue(s []byte, i, depth int) int {
	if i >= len(s) {
		return -1
	}
	switch s[i] {
	case '"':
		return jsonString(s, i)
	case '{':
		return jsonMembers(s, i, depth, '}', true)
	case '[':
		return jsonMembers(s, i, depth, ']', false)
	case 't':
		return jsonWord(s, i, "true")
	case 'f':
		return jsonWord(s, i, "false")
	case 'n':
		return jsonWord(s, i, "null")
	}
	return jsonNumber(s, i)
}

func jsonWord(s []byte, i int, word string) int {
	if bytes.HasPrefix(s[i:], []byte(word)) {
		return i + len(word)
	}
	return -1
}

// jsonMembers skips an object or an array.
func jsonMembers(s []byte, i, depth int, end byte, keys bool) int {
	if depth == jsonDepth {
		return -1
	}
	i = jsonSpace(s, i+1)
	if i < len(s) && s[i] == end {
		return i + 1
	}
	for {
		if keys {
			if i = jsonKey(s, i); i < 0 {
				return -1
			}
		}
		if i = jsonValue(s, i, depth+1); i < 0 {
			return -1
		}
		i = jsonSpace(s, i)
		switch {
		case i == len(s):
			return -1
		case s[i] == end:
			return i + 1
		case s[i] != ',':
			return -1
		}
		i = jsonSpace(s, i+1)
	}
}

// jsonKey skips a key, its colon and the space after that.
func jsonKey(s []byte, i int) int {
	if i >= len(s) || s[i] != '"' {
		return -1
	}
	if i = jsonString(s, i); i < 0 {
		return -1
	}
	i = jsonSpace(s, i)
	if i == len(s) || s[i] != ':' {
		return -1
	}
	return jsonSpace(s, i+1)
}

// jsonMarks sets the top bit of the lowest of eight bytes that does not stand
// for itself in a string: a quote, a backslash or a control character. Bits
// above that one mean nothing: the subtractions borrow.
func jsonMarks(w uint64) uint64 {
	const every = 0x0101010101010101 // times a byte: that byte in each of the eight
	quote, slash := w^every*'"', w^every*'\\'
	return ((w-every*' ')&^w | (quote-every)&^quote | (slash-every)&^slash) & (every * 0x80)
}

func jsonString(s []byte, i int) int {
	i++
	for {
		for i+8 <= len(s) {
			m := jsonMarks(binary.LittleEndian.Uint64(s[i:]))
			if m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
			i += 8
		}
		if i >= len(s) {
			return -1
		}
		switch c := s[i]; {
		case c == '"':
			return i + 1
		case c < ' ':
			return -1
		case c == '\\':
			if i = jsonEscape(s, i); i < 0 {
				return -1
			}
		default:
			i++
		}
	}
}

func jsonEscape(s []byte, i int) int {
	if i+1 >= len(s) {
		return -1
	}
	switch s[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		if i+6 > len(s) {
			return -1
		}
		for _, c := range s[i+2 : i+6] {
			if !isDigit(c) && (c|' ' < 'a' || c|' ' > 'f') {
				return -1
			}
		}
		return i + 6
	}
	return -1
}

func jsonNumber(s []byte, i int) int {
	if s[i] == '-' {
		i++
	}
	if i < len(s) && s[i] == '0' {
		i++
	} else if i = jsonDigits(s, i); i < 0 {
		return -1
	}
	if i < len(s) && s[i] == '.' {
		if i = jsonDigits(s, i+1); i < 0 {
			return -1
		}
	}
	if i < len(s) && s[i]|' ' == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		return jsonDigits(s, i)
	}
	return i
}

func jsonDigits(s []byte, i int) int {
	start := i
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	if i == start {
		return -1
	}
	return i
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
