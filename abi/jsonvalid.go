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
	case '{', '[':
		if depth == jsonDepth {
			return -1
		}
		return jsonMembers(s, i, depth, s[i]+2) // } and ] come two behind
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

// jsonSkip is jsonSpace without a call where there is none, as in most texts.
func jsonSkip(s []byte, i int) int {
	if i < len(s) && s[i] <= ' ' {
		return jsonSpace(s, i)
	}
	return i
}

// jsonMembers skips an object or an array. Keys are read right here: a call
// costs as much as a short string.
func jsonMembers(s []byte, i, depth int, end byte) int {
	i = jsonSpace(s, i+1)
	if i < len(s) && s[i] == end {
		return i + 1
	}
	for {
		if end == '}' {
			if i >= len(s) || s[i] != '"' {
				return -1
			}
			if i = jsonString(s, i); i < 0 {
				return -1
			}
			if i = jsonSkip(s, i); i >= len(s) || s[i] != ':' {
				return -1
			}
			i = jsonSkip(s, i+1)
		}
		if i < len(s) && s[i] == '"' {
			i = jsonString(s, i)
		} else {
			i = jsonValue(s, i, depth+1)
		}
		if i < 0 {
			return -1
		}
		if i = jsonSkip(s, i); i >= len(s) {
			return -1
		}
		if s[i] != ',' {
			if s[i] == end {
				return i + 1
			}
			return -1
		}
		i = jsonSkip(s, i+1)
	}
}

// jsonMarks sets the top bit of the lowest of eight bytes that does not stand
// for itself in a string: a quote, a backslash or a control character. Bits
// above that one mean nothing: the subtractions borrow.
func jsonMarks(w uint64) uint64 {
	const every = 0x0101010101010101 // times a byte: that byte in each of the eight
	return ((w - every*' ') | ((w ^ every*'"') - every) | ((w ^ every*'\\') - every)) &^ w & (every * 0x80)
}

// jsonString looks at two words at once: most strings end within, and where
// is worked out without a branch that would be guessed wrong every other time.
func jsonString(s []byte, i int) int {
	i++
	for {
		for i+16 <= len(s) {
			two := s[i : i+16 : i+16]
			a, b := jsonMarks(binary.LittleEndian.Uint64(two)), jsonMarks(binary.LittleEndian.Uint64(two[8:]))
			if a|b == 0 {
				i += 16
				continue
			}
			plain := bits.TrailingZeros64(a) >> 3 // 8: all of the first word
			i += plain + bits.TrailingZeros64(b)>>3&-(plain>>3)
			break
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
