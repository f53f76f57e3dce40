package jsonscan

import (
	"iter"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// A Value is the text of one valid JSON value, a view into the text that it
// was found in.
type Value []byte

// Valid says whether text is one JSON value.
func Valid(text []byte) bool {
	i, wrong := passValue(text, 0, 0)
	if wrong != right {
		return false
	}
	i, _ = next(text, i)
	return i == len(text)
}

// Get returns the value at a path of member names, such as
// Get(event, "userIdentity", "type"), and whether the text is valid and there
// is one. Of members with the same name the last counts, as for encoding/json.
//
// Each call walks the whole text: for several values, use a Scanner.
func Get(text []byte, path ...string) (Value, bool) {
	v := Value(text)
	if len(path) == 0 {
		return v, Valid(text)
	}
	for _, name := range path {
		var ok bool
		if v, ok = member(v, name); !ok {
			return nil, false
		}
	}
	return v, true
}

func member(text []byte, name string) (found Value, ok bool) {
	valid := each(text, '{', func(key []byte, v Value) bool {
		if Is(key, name) {
			found, ok = v, true
		}
		return true
	})
	return found, ok && valid
}

// Members lists the members of an object, of a value known to be valid; of any
// other value it lists none. Keys are as they are written; see Unescape.
func Members(v []byte) iter.Seq2[[]byte, Value] {
	return func(yield func([]byte, Value) bool) { each(v, '{', yield) }
}

// Elements lists the elements of an array, of a value known to be valid; of
// any other value it lists none.
func Elements(v []byte) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		each(v, '[', func(_ []byte, v Value) bool { return yield(v) })
	}
}

// each yields what is in the object or array that starts with open. It returns
// whether there is one, all of it was seen, and the text is valid.
func each(v []byte, open byte, yield func([]byte, Value) bool) bool {
	i, c := next(v, 0)
	if c != open {
		return false
	}
	end := open + 2 // '}' or ']'
	for i, c = next(v, i+1); c != end; {
		var (
			key   []byte
			wrong fault
		)
		if open == '{' {
			at := i
			if i, _, wrong = passString(v, i); c != '"' || wrong != right {
				return false
			}
			key = v[at+1 : i-1]
			if i, c = next(v, i); c != ':' {
				return false
			}
			i++
		}
		start, _ := next(v, i)
		if i, wrong = passValue(v, start, 1); wrong != right || !yield(key, v[start:i]) {
			return false
		}
		if i, c = next(v, i); c == ',' {
			if i, c = next(v, i+1); c != end {
				continue
			}
			return false
		}
		if c != end {
			return false
		}
	}
	i, _ = next(v, i+1)
	return i == len(v)
}

// Kind returns the value's kind.
func (v Value) Kind() Kind {
	for _, c := range v {
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case '{':
			return Object
		case '[':
			return Array
		case '"':
			return String
		case 't', 'f':
			return Bool
		case 'n':
			return Null
		}
		return Number
	}
	return Invalid
}

// Text returns what a string says, and any other value as it is written. It is
// a view if it can be; otherwise it is written over buf, which may be nil.
func (v Value) Text(buf []byte) []byte {
	if v.Kind() != String {
		return v
	}
	for v[0] != '"' {
		v = v[1:]
	}
	end := len(v) - 1
	for v[end] != '"' {
		end--
	}
	return Unescape(buf, v[1:end])
}

// Int returns an integer, and whether the value is one that fits.
func (v Value) Int() (int64, bool) {
	n, err := strconv.ParseInt(string(v), 10, 64)
	return n, err == nil && v.Kind() == Number
}

// Is says whether s, the inside of a JSON string as it is written, means text.
func Is(s []byte, text string) bool {
	if View(s) == text {
		return !escaped(s)
	}
	if !escaped(s) {
		return false
	}
	var buf [64]byte
	return View(Unescape(buf[:], s)) == text
}

// View returns bytes as a string, without a copy, good as long as they are not changed. The
// conversion string(b) is free in Go where it is only compared or looked up; in TinyGo it
// copies and allocates even there.
func View(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

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
	i := indexSlash(s, 0)
	if i == len(s) {
		return s
	}
	dst := append(buf[:0], s[:i]...)
	for i < len(s) {
		i++ // the backslash
		switch c := s[i]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, n := unicode4(s[i+1:])
			dst = utf8.AppendRune(dst, r)
			i += n
		default:
			dst = append(dst, c)
		}
		i++
		plain := i
		i = indexSlash(s, i)
		dst = append(dst, s[plain:i]...)
	}
	return dst
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
	const hex = "0123456789abcdef"
	for i := 0; i < len(text); i++ {
		odd := skipPlain(text, i)
		dst = append(dst, text[i:odd]...)
		if i = odd; i == len(text) {
			break
		}
		c := text[i]
		switch {
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(text[i:])
			dst = utf8.AppendRune(dst, r)
			i += n - 1
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return dst
}
