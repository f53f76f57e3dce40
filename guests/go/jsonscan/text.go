package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

func escaped(s []byte) bool { return indexSlash(s, 0) < len(s) }

// indexSlash returns the index of the first backslash from i on, or len(s).
func indexSlash(s []byte, i int) int {
	for ; i+8 <= len(s); i += 8 {
		w := word(s, i) ^ '\\'*ones
		if m := (w - ones) &^ w & tops; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for i < len(s) && s[i] != '\\' {
		i++
	}
	return i
}

// Unescape returns what the inside of a valid JSON string means: s itself if
// nothing in it is escaped, otherwise text written over buf. Half a surrogate
// pair means U+FFFD, as for encoding/json.
func Unescape(buf, s []byte) []byte {
	if !escaped(s) {
		return s
	}
	if cap(buf) < len(s)+8 {
		buf = make([]byte, len(s)+len(s)/4+8)
	}
	dst, n := buf[:cap(buf)], 0 // what s means is never longer
	for i := 0; i < len(s); {
		var w uint64
		if i+8 <= len(s) {
			w = word(s, i)
		} else {
			w = last8(s, i)
		}
		putWord(dst, n, w)
		k := min(slashes(w), len(s)-i)
		i, n = i+k, n+k
		if k == 8 || i == len(s) {
			continue
		}
		if c := meant[s[i+1]]; c != 0 {
			dst[n] = c
			i, n = i+2, n+1
		} else {
			i, n = unescapeRune(dst, n, s, i)
		}
	}
	return dst[:n]
}

// meant is what a character after a backslash means, 0 if that takes more than it.
var meant = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescapeRune writes what \u at s[i] means to dst[n], and returns where both go on.
func unescapeRune(dst []byte, n int, s []byte, i int) (nextI, nextN int) {
	r, k := unicode4(s[i+2:])
	return i + 2 + k, n + utf8.EncodeRune(dst[n:], r)
}

// slashes returns how many bytes of a word come before its first backslash.
func slashes(w uint64) int {
	w ^= '\\' * ones
	return bits.TrailingZeros64((w-ones)&^w&tops) / 8
}

// unicode4 reads what follows \u, with the other half of a surrogate pair, and
// returns how much it read.
func unicode4(s []byte) (r rune, n int) {
	r = hex4(s)
	if !utf16.IsSurrogate(r) {
		return r, 4
	}
	if len(s) >= 10 && s[4] == '\\' && s[5] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(s[6:])); pair != utf8.RuneError {
			return pair, 10
		}
	}
	return utf8.RuneError, 4
}

// AppendString appends text as a JSON string, with its quotes. Bytes that are
// not UTF-8 become U+FFFD.
func AppendString[T string | []byte](dst []byte, text T) []byte {
	return append(appendEscaped(append(dst, '"'), bytesOf(text)), '"')
}

// bytesOf views text as bytes, which must not be changed: strings and slices
// both begin with a pointer to their bytes.
func bytesOf[T string | []byte](text T) []byte {
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&text)), len(text))
}

func appendEscaped(dst, text []byte) []byte {
	n := len(dst)
	for i := 0; i < len(text); {
		if cap(dst)-n < 10 {
			dst = slices.Grow(dst[:n], len(text)-i+10)
		}
		dst = dst[:cap(dst)]
		var w uint64
		if i+8 <= len(text) {
			w = word(text, i)
		} else {
			w = last8(text, i)
		}
		putWord(dst, n, w)
		k := bits.TrailingZeros64(special(w)) / 8 // what follows the text is 0, and not plain
		i, n = i+k, n+k
		if k == 8 || i == len(text) {
			continue
		}
		if c := text[i]; c == '"' || c == '\\' {
			dst[n], dst[n+1] = '\\', c
			i, n = i+1, n+2
		} else {
			dst, i = appendOdd(dst[:n], text, i)
			n = len(dst)
		}
	}
	return dst[:n]
}

// appendOdd appends the control character or the rune at i, and returns where the text
// goes on.
func appendOdd(dst, text []byte, i int) ([]byte, int) {
	const hex = "0123456789abcdef"
	switch c := text[i]; {
	case c >= utf8.RuneSelf:
		r, n := utf8.DecodeRune(text[i:])
		return utf8.AppendRune(dst, r), i + n
	case c == '\n':
		dst = append(dst, '\\', 'n')
	default:
		dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
	}
	return dst, i + 1
}

// last8 returns the bytes from i on, less than eight, and zeros behind them.
func last8(s []byte, i int) (w uint64) {
	if len(s) >= 8 {
		return word(s, len(s)-8) >> (8 * (8 - (len(s) - i)))
	}
	for k := len(s) - 1; k >= i; k-- {
		w = w<<8 | uint64(s[k])
	}
	return w
}

// putWord writes eight bytes at i, where the caller knows that there is room; see word.
func putWord(s []byte, i int, w uint64) {
	binary.LittleEndian.PutUint64((*[8]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(s)), i))[:], w)
}
