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
