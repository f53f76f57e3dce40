package sinks

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// AppendJSONString appends s to dst as one JSON string (RFC 8259) in valid
// UTF-8: each byte of s that is part of no character becomes U+FFFD, as in
// encoding/json. It allocates only when dst has no room.
func AppendJSONString(dst, s []byte) []byte {
	dst = append(slices.Grow(dst, len(s)+2+word), '"')
	dst = appendEscaped(dst, s)
	return append(dst, '"')
}

// AppendJSONRaw appends a valid JSON value as it is, but for bytes that are
// part of no character: those become U+FFFD. JSON allows such bytes nowhere
// but inside of strings, and a parser that does not check for them lets them
// pass.
func AppendJSONRaw(dst, value []byte) []byte {
	if utf8.Valid(value) {
		return append(dst, value...)
	}
	for len(value) > 0 {
		r, n := utf8.DecodeRune(value)
		dst = utf8.AppendRune(dst, r)
		value = value[n:]
	}
	return dst
}

const (
	word  = 8
	every = 0x0101010101010101 // times a byte: that byte in each of a word's eight
)

// marks sets the top bit of the lowest byte of w that cannot stand in
// a JSON string as it is, or that belongs to a character of several bytes.
// Bits above the lowest one mean nothing: the subtractions borrow.
func marks(w uint64) uint64 {
	return (w | (w - every*' ') | ((w ^ every*'"') - every) | ((w ^ every*'\\') - every)) & (every * 0x80)
}

// appendEscaped copies s word by word and looks at each word while it passes
// through the registers: most words need nothing else. A word that does need
// something is copied all the same, and what follows overwrites its end.
func appendEscaped(dst, s []byte) []byte {
	for {
		dst = slices.Grow(dst, len(s)+word)
		at, buf := len(dst), dst[:cap(dst)]
		for len(s) >= word {
			w := binary.LittleEndian.Uint64(s)
			binary.LittleEndian.PutUint64(buf[at:], w)
			if m := marks(w); m != 0 {
				n := bits.TrailingZeros64(m) / 8
				at, s = at+n, s[n:]
				break
			}
			at, s = at+word, s[word:]
		}
		for len(s) > 0 && plain(s[0]) {
			buf[at] = s[0]
			at, s = at+1, s[1:]
		}
		dst = buf[:at]
		if len(s) == 0 {
			return dst
		}
		var n int
		if s[0] < utf8.RuneSelf {
			dst, n = appendEscape(dst, s[0]), 1
		} else {
			dst, n = appendRunes(dst, s)
		}
		s = s[n:]
	}
}

// appendRunes appends the characters of several bytes that s starts with, and
// says how many bytes of s they were.
func appendRunes(dst, s []byte) ([]byte, int) {
	n := 0
	for n < len(s) && s[n] >= utf8.RuneSelf {
		r, size := utf8.DecodeRune(s[n:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, "\ufffd"...)
		} else {
			dst = append(dst, s[n:n+size]...)
		}
		n += size
	}
	return dst, n
}

const hex = "0123456789abcdef"

func appendEscape(dst []byte, b byte) []byte {
	switch b {
	case '"', '\\':
		return append(dst, '\\', b)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
}

// plain says whether a byte stands for itself in a JSON string.
func plain(b byte) bool {
	return b >= ' ' && b != '"' && b != '\\' && b < utf8.RuneSelf
}
