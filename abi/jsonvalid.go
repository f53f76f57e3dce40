package abi

import (
	"bytes"
	"encoding/binary"
)

// jsonDepth is how deep values may nest, as in encoding/json.
const jsonDepth = 10_000

// ValidJSON says whether s is one JSON value (RFC 8259) with white space
// around it, nested up to 10,000 deep. It agrees with json.Valid in
// everything, and exists since that one would take longer than all the rest
// of reading a reply, or of writing an event.
func ValidJSON(s []byte) bool {
	if len(s) > jsonBlock {
		var places [jsonPlaces]uint16
		return validJSON(s, places[:])
	}
	var places [jsonBlock]uint16
	return validJSON(s, places[:])
}

func validJSON(s []byte, places []uint16) bool {
	var c checker
	c.text, c.places = s, places
	end := c.value(c.start(), 0)
	return end > 0 && c.space(end) == len(s)
}

// A checker's functions return the index after what they skip at i, or -1
// when it is not there. They begin where the index (jsonIndex) is.
type checker struct{ jsonIndex }

func (c *checker) value(i, depth int) int {
	s := c.text
	if i >= len(s) {
		return -1
	}
	switch s[i] {
	case '"':
		return c.string()
	case '{', '[':
		if depth == jsonDepth {
			return -1
		}
		return c.members(i, depth, s[i]+2) // } and ] come two behind
	case 't':
		return jsonWord(s, i, "true")
	case 'f':
		return jsonWord(s, i, "false")
	case 'n':
		return jsonWord(s, i, "null")
	}
	return jsonNumber(s, i)
}

// members skips an object or an array.
func (c *checker) members(i, depth int, end byte) int {
	s := c.text
	if i = c.skip(i + 1); i < len(s) && s[i] == end {
		return i + 1
	}
	for {
		value := true
		if end == '}' {
			i, value = c.plain(i)
		}
		if value {
			i = c.value(i, depth+1)
		}
		if i < 0 {
			return -1
		}
		if i = c.skip(i); i >= len(s) {
			return -1
		}
		if s[i] != ',' {
			if s[i] == end {
				return i + 1
			}
			return -1
		}
		i = c.skip(i + 1)
	}
}

// plain skips members as long as they are no more than "key":"value", and returns the index after the
// last value; or, and true, that of the value of another member.
func (c *checker) plain(i int) (int, bool) {
	s, k := c.text, c.next
	if i >= len(s) || s[i] != '"' {
		return -1, false
	}
	for ; k+2 <= c.n; k += 4 {
		from := c.from + int(c.places[k+1])
		if from+4 > len(s) || s[from] != '"' {
			break
		}
		if k+4 <= c.n && binary.LittleEndian.Uint32(s[from:])<<8 == jsonBetween {
			if to := c.from + int(c.places[k+3]); s[to] == '"' {
				if to+2 < len(s) && s[to+1] == ',' && s[to+2] == '"' {
					continue
				}
				c.next = k + 4
				return to + 1, false
			}
		}
		c.next = k + 2
		if s[from+1] == ':' && s[from+2] > ' ' {
			return from + 2, true
		}
		return c.colon(from + 1)
	}
	c.next = k
	if i = c.string(); i < 0 {
		return -1, false
	}
	return c.colon(i)
}

// colon skips what is between a key and the value.
func (x *jsonIndex) colon(i int) (int, bool) {
	if i = x.skip(i); i >= len(x.text) || x.text[i] != ':' {
		return -1, false
	}
	return x.skip(i + 1), true
}

// jsonBetween is what is between a plain key and a plain string, in the lower bytes of a word
// without its last.
const jsonBetween = '"'<<8 | ':'<<16 | '"'<<24

// string skips the string whose first quote is the next place.
func (c *checker) string() int {
	c.stop()
	for s := c.text; ; {
		i := c.stop()
		if uint(i) >= uint(len(s)) || s[i] < ' ' {
			return -1
		}
		if s[i] == '"' {
			return i + 1
		}
		if jsonEscape(s, i) < 0 {
			return -1
		}
		if s[i+1] == '"' || s[i+1] == '\\' {
			c.stop()
		}
	}
}

// The functions below return the index after what they skip at s[i], or -1
// when it is not there.

func jsonSpace(s []byte, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

func jsonWord(s []byte, i int, word string) int {
	if bytes.HasPrefix(s[i:], []byte(word)) {
		return i + len(word)
	}
	return -1
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
