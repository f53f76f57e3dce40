package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
	"unsafe"
)

// The functions here pass over parts of a text: given where a part starts, they
// return where it ends, or where it is wrong and what is.

// A fault is what is wrong with a text.
type fault uint8

const (
	right fault = iota
	ends
	tooDeep
	unexpected
	notUTF8
	extra
)

// unexpectedAt tells a wrong character from a missing one.
func unexpectedAt(src []byte, i int) (int, fault) {
	if i >= len(src) {
		return i, ends
	}
	return i, unexpected
}

// next passes over white space and returns the character after it, 0 at the
// end of the text.
func next(src []byte, i int) (int, byte) {
	if uint(i) < uint(len(src)) && src[i] > ' ' { // mostly there is none
		return i, src[i]
	}
	return afterSpace(src, i)
}

func afterSpace(src []byte, i int) (int, byte) {
	for ; i < len(src); i++ {
		if c := src[i]; c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return i, c
		}
	}
	return i, 0
}

// passValue passes over the value at i, which stands in so many objects and
// arrays. It remembers no key and nothing of what it has passed, so it is faster
// than a Scanner.
func passValue(src []byte, i, depth int) (int, fault) {
	n := nest{outside: depth, depth: depth}
	for {
		var (
			c      byte
			inside bool
			wrong  fault
		)
		switch i, c = next(src, i); c {
		case '"':
			i, _, wrong = passString(src, i)
		case '{', '[':
			i, inside, wrong = n.open(src, i, c)
		default:
			i, wrong = passPlain(src, i, c)
		}
		if wrong == right && !inside {
			i, wrong = n.after(src, i)
		}
		if wrong != right || n.depth == n.outside {
			return i, wrong
		}
	}
}

// nest is the objects and arrays around a place in a text.
type nest struct {
	outside, depth int
	objects        [MaxDepth/32 + 1]uint32 // a bit for each depth: there is an object
}

// open passes over the start of an object or array, and either over its end
// too, or up to its first value.
func (n *nest) open(src []byte, i int, bracket byte) (end int, inside bool, wrong fault) {
	if n.depth == MaxDepth {
		return i, false, tooDeep
	}
	i, c := next(src, i+1)
	if c == bracket+2 { // '}' or ']'
		return i + 1, false, right
	}
	n.depth++
	word, bit := &n.objects[n.depth/32], uint32(1)<<(n.depth%32)
	if bracket == '[' {
		*word &^= bit
		return i, true, right
	}
	*word |= bit
	i, wrong = passKey(src, i, c)
	return i, true, wrong
}

// after goes on behind a value, up to the next one or the end of all.
func (n *nest) after(src []byte, i int) (int, fault) {
	for ; n.depth > n.outside; n.depth-- {
		object := n.objects[n.depth/32]>>(n.depth%32)&1 != 0
		if object {
			for text := passText(src, i); text > 0; text = passText(src, i) {
				i = text + 1
			}
		}
		var c byte
		if i, c = next(src, i); c == ',' {
			if !object {
				return i + 1, right
			}
			i, c = next(src, i+1)
			return passKey(src, i, c)
		}
		if object && c != '}' || !object && c != ']' {
			return unexpectedAt(src, i)
		}
		i++
	}
	return i, right
}

// passKey passes over a member's key and the colon after it.
func passKey(src []byte, i int, c byte) (int, fault) {
	if c != '"' {
		return unexpectedAt(src, i)
	}
	i, _, wrong := passString(src, i)
	if wrong != right {
		return i, wrong
	}
	if i, c = next(src, i); c != ':' {
		return unexpectedAt(src, i)
	}
	return i + 1, right
}

// passPlain passes over a value that is no string, object or array and starts
// with c.
func passPlain(src []byte, i int, c byte) (int, fault) {
	switch c {
	case 't':
		return passWord(src, i, "true")
	case 'f':
		return passWord(src, i, "false")
	case 'n':
		return passWord(src, i, "null")
	}
	return passNumber(src, i)
}

func passWord(src []byte, i int, w string) (int, fault) {
	if rest := src[i:]; len(rest) < len(w) || View(rest[:len(w)]) != w {
		return i, unexpected
	}
	return i + len(w), right
}

func passNumber(src []byte, i int) (int, fault) {
	if i < len(src) && src[i] == '-' {
		i++
	}
	var ok bool
	if i < len(src) && src[i] == '0' {
		i++
	} else if i, ok = passDigits(src, i); !ok {
		return unexpectedAt(src, i)
	}
	if i < len(src) && src[i] == '.' {
		if i, ok = passDigits(src, i+1); !ok {
			return unexpectedAt(src, i)
		}
	}
	if i < len(src) && src[i]|0x20 == 'e' {
		i++
		if i < len(src) && (src[i] == '+' || src[i] == '-') {
			i++
		}
		if i, ok = passDigits(src, i); !ok {
			return unexpectedAt(src, i)
		}
	}
	return i, right
}

func passDigits(src []byte, i int) (end int, ok bool) {
	start := i
	for i < len(src) && src[i]-'0' <= 9 {
		i++
	}
	return i, i > start
}

// passString passes over a string, of which i is the first quote, and says
// whether something in it is escaped.
func passString(src []byte, i int) (end int, escaped bool, wrong fault) {
	i = skipPlain(src, i+1)
	if uint(i) < uint(len(src)) && src[i] == '"' {
		return i + 1, false, right
	}
	return passOdd(src, i)
}

// passOdd goes on with a string in which the byte at i is not plain.
func passOdd(src []byte, i int) (end int, escaped bool, wrong fault) {
	for ; i < len(src); i = skipPlain(src, i) {
		n := 0
		switch c := src[i]; {
		case c == '"':
			return i + 1, escaped, right
		case c == '\\':
			n = escape(src[i:])
			escaped = true
		case c >= utf8.RuneSelf:
			if _, n = utf8.DecodeRune(src[i:]); n == 1 {
				return i, escaped, notUTF8
			}
		}
		if n == 0 {
			return i, escaped, unexpected
		}
		i += n
	}
	return i, escaped, ends
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

// Words of eight bytes: one in each byte, and the top bit in each.
const (
	ones = 0x0101010101010101
	tops = 0x80 * ones
)

// plain says whether a character stands in a string for itself and is one byte
// long.
func plain(c byte) bool { return ' ' <= c && c < utf8.RuneSelf && c != '"' && c != '\\' }

// special returns a word whose lowest bit that is set is the top bit of the
// first byte of w that is not plain, or 0. With one bit turned, a quote follows
// the control characters, so one comparison tells both. A byte minus what it may
// not be, or may not be below, goes below zero; what that borrows from the bytes
// above does not matter, nor do bytes over 0x80, which are not plain anyway.
func special(w uint64) uint64 {
	const quote, turn = ' ', '"' ^ ' '
	return ((w ^ turn*ones - (quote+1)*ones) | (w ^ '\\'*ones - ones) | w) & tops
}

// word reads eight bytes, of which the caller knows that they are there. That
// saves the checks that make half of a loop over words, in TinyGo and in Go.
func word(s []byte, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(s)), i))[:])
}

// skipPlain returns the index of the first byte from i on that is not plain,
// or len(src). It goes by words, and most strings end in the first three: what
// Go makes of a loop costs more per turn than a word does.
func skipPlain(src []byte, i int) int {
	if i+24 > len(src) {
		return skipLong(src, i)
	}
	if m := special(word(src, i)); m != 0 {
		return i + bits.TrailingZeros64(m)/8
	}
	if m := special(word(src, i+8)); m != 0 {
		return i + 8 + bits.TrailingZeros64(m)/8
	}
	if m := special(word(src, i+16)); m != 0 {
		return i + 16 + bits.TrailingZeros64(m)/8
	}
	return skipLong(src, i+24)
}

func skipLong(src []byte, i int) int {
	for ; i+8 <= len(src); i += 8 {
		if m := special(word(src, i)); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for i < len(src) && plain(src[i]) {
		i++
	}
	return i
}

// passText passes over a member that is what most are: a string, not the first
// member, without spaces and escapes, as in ,"key":"text". It returns where
// the text ends, before its quote; 0 if the member is another.
func passText(src []byte, i int) int {
	const (
		before  = ',' | '"'<<8
		between = '"' | ':'<<8 | '"'<<16
	)
	if i+8 > len(src) || word(src, i)&0xFFFF != before {
		return 0
	}
	key := skipPlain(src, i+2)
	if key+8 > len(src) || word(src, key)&0xFFFFFF != between {
		return 0
	}
	text := skipPlain(src, key+3)
	if text >= len(src) || src[text] != '"' {
		return 0
	}
	return text
}
