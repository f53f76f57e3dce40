package abi

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable returns what a guest or a log says as one line that is safe to
// show: at most limit bytes of it, with everything that a terminal or a log
// reader would obey written as an escape, and invalid UTF-8 as U+FFFD.
func Printable(text []byte, limit int) string {
	cut := len(text) > limit
	if cut {
		text = text[:limit]
		for range utf8.UTFMax - 1 { // not in the middle of a rune
			if r, _ := utf8.DecodeLastRune(text); r != utf8.RuneError || len(text) == 0 {
				break
			}
			text = text[:len(text)-1]
		}
	}
	var b strings.Builder
	b.Grow(len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		}
	}
	if cut {
		b.WriteString("…")
	}
	return b.String()
}
