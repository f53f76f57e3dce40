package syslog

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// What a message may hold of an event's bytes. Whatever the content, a
// message is valid UTF-8 without control characters but tab, so that it can
// break neither a framing nor a terminal, and no receiver cuts it at a NUL.
// A control character becomes the escape that JSON has for it (\n, \r,
// \u0000), so nothing disappears. A backslash in text stays one backslash: a
// path is read more often than an escape is undone; the payload json is exact.

// A style is what to escape beside control characters.
type style uint8

const (
	styleText    style = iota // of a MSG: nothing else
	styleString               // inside of a JSON string: quote and backslash
	styleJSON                 // JSON as it is: line ends between tokens become spaces
	styleParam                // of an SD-PARAM: quote, backslash and ]
	styleCEF                  // of a value of CEF: backslash and =
	styleCEFHead              // of a field before those: backslash and |, in one line
	styles                    // how many there are
)

// special[c] has the bit 1<<style set when c cannot be copied in that style.
var special = func() (t [256]uint8) {
	const all = 1<<styleText | 1<<styleString | 1<<styleJSON | 1<<styleParam | 1<<styleCEF | 1<<styleCEFHead
	for c := range t {
		if (c < ' ' && c != '\t') || c >= 0x7f {
			t[c] = all
		}
	}
	t['\t'] = 1 << styleString
	t['"'] = 1<<styleString | 1<<styleParam
	t['\\'] = 1<<styleString | 1<<styleParam | 1<<styleCEF | 1<<styleCEFHead
	t[']'] = 1 << styleParam
	t['='] = 1 << styleCEF
	t['|'] = 1 << styleCEFHead
	return t
}()

// stops[how] are the characters of ASCII beside the control characters that
// end a run of plain ones in that style, each of them eight times.
var stops = func() (t [styles][3]uint64) {
	for how := range styles {
		n := 0
		for c := ' '; c < 0x7f; c++ {
			if special[c]&(1<<how) != 0 {
				t[how][n] = every * uint64(c)
				n++
			}
		}
		for ; n < len(t[how]); n++ {
			t[how][n] = every * 0x7f // ends one anyway
		}
	}
	return t
}()

const every = 0x0101010101010101 // times a byte: that byte in each of a word's eight

// plain returns the index of the first byte of s from i on that cannot be
// copied as it is. It looks at eight at once: a comparison leaves a top bit in
// the lowest byte that it finds (what is above that one means nothing: the
// subtractions borrow). The last few bytes of a text are looked at with those
// before them, shifted out; the zeros that come in stop it at the end.
func plain(s []byte, i int, how style) int {
	stop, bit := &stops[how], uint8(1)<<how
	for len(s) >= 8 && i < len(s) {
		var w uint64
		if i+8 <= len(s) {
			w = binary.LittleEndian.Uint64(s[i:])
		} else {
			w = binary.LittleEndian.Uint64(s[len(s)-8:]) >> (8 * (i + 8 - len(s)))
		}
		m := (w | (w + every) | (w - every*' ') | ((w ^ stop[0]) - every) | ((w ^ stop[1]) - every) | ((w ^ stop[2]) - every)) & (every * 0x80)
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) / 8
		if i >= len(s) || special[s[i]]&bit != 0 {
			return i
		}
		i++ // a tab in a style that has it
	}
	for i < len(s) && special[s[i]]&bit == 0 {
		i++
	}
	return i
}

// appendText appends s to dst in the style. Runs of plain bytes are copied
// whole: that is where the time goes.
func appendText(dst, s []byte, how style) []byte {
	start, i := 0, 0
	for {
		if i < len(s) && s[i] < utf8.RuneSelf { // longer characters come in rows
			i = plain(s, i, how)
		}
		if i >= len(s) {
			return append(dst, s[start:]...)
		}
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(s[i:])
			if r != utf8.RuneError && r > 0x9f || size > 1 && r == utf8.RuneError {
				i += size
				continue
			}
			dst = append(dst, s[start:i]...)
			if r == utf8.RuneError {
				dst = append(dst, "\uFFFD"...)
			} else {
				dst = appendEscape(dst, byte(r), how) // C1: U+0085 ends a line for some
			}
			i += size
			start = i
			continue
		}
		dst = append(dst, s[start:i]...)
		dst = appendEscape(dst, c, how)
		i++
		start = i
	}
}

// appendEscape writes one special character below 0x100.
func appendEscape(dst []byte, c byte, how style) []byte {
	const hex = "0123456789abcdef"
	if strings.IndexByte(`"\]=|`, c) >= 0 {
		return append(dst, '\\', c)
	}
	lineEnd := c == '\n' || c == '\r'
	if lineEnd && (how == styleJSON || how == styleCEFHead) {
		return append(dst, ' ') // valid JSON has them between tokens only
	}
	// The escapes of these styles are others, so the backslash is one itself;
	// but for line ends CEF has the same.
	if how == styleParam || how == styleCEFHead || (how == styleCEF && !lineEnd) {
		dst = append(dst, '\\')
	}
	switch c {
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// appendName appends at most limit bytes of a header field or SD-NAME to dst:
// printable ASCII, each other character and those in not becoming an
// underscore; fallback when there is nothing.
func appendName(dst, s []byte, limit int, not, fallback string) []byte {
	if len(s) == 0 {
		return append(dst, fallback...)
	}
	for n := 0; n < limit && len(s) > 0; n++ {
		c, size := nameByte(s, not)
		dst = append(dst, c)
		s = s[size:]
	}
	return dst
}

// nameByte is what becomes of the first character of s in a name, and how
// long it was.
func nameByte(s []byte, not string) (c byte, size int) {
	c = s[0]
	if c >= utf8.RuneSelf {
		_, size = utf8.DecodeRune(s)
		return '_', size
	}
	if c <= ' ' || c == 0x7f {
		return '_', 1
	}
	for i := range len(not) {
		if c == not[i] {
			return '_', 1
		}
	}
	return c, 1
}

// cut shortens b to at most limit bytes without splitting a character.
func cut(b []byte, limit int) []byte {
	if len(b) <= limit {
		return b
	}
	for limit > 0 && !utf8.RuneStart(b[limit]) {
		limit--
	}
	return b[:limit]
}
