package jsonscan

import (
	"iter"
	"strconv"
	"unsafe"
)

// A Value is the text of one valid JSON value, a view into the text that it
// was found in.
type Value []byte

// Valid says whether text is one JSON value.
func Valid(text []byte) bool {
	_, wrong := check(text)
	return wrong == right
}

// check returns what is wrong with a text, and where.
func check(text []byte) (int, fault) {
	i, wrong := passValue(text, 0, 0)
	if wrong == right {
		if i, _ = next(text, i); i < len(text) {
			wrong = extra
		}
	}
	return i, wrong
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
