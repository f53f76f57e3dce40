package abi

import (
	"encoding/binary"
	"unicode/utf8"
)

// ImportJSON is the name of the import that writes a tape (ABI.md, "Imports").
const ImportJSON = "json"

// A tape says where the values of a JSON text stand: an entry for each, in
// their order, and one for each end of an object or array (ABI.md, "The tape").
const (
	TapeEntry = 24  // bytes of an entry
	TapeDepth = 256 // how deep the values of a text may nest

	OffTapeKind  = 0 // one byte, as the next
	OffTapeFlags = 1
	OffTapeDepth = 2 // two bytes
	OffTapeNext  = 4 // four bytes, as the following
	OffTapeKey   = 8
	OffTapeValue = 16
)

// Kinds of a tape's entries.
const (
	TapeNull = 1 + iota
	TapeBool
	TapeNumber
	TapeString
	TapeObject
	TapeArray
	TapeEnd
)

// Flags of a tape's entries.
const (
	TapeEscaped    = 1 << iota // there is a backslash in the string
	TapeKeyEscaped             // there is one in the key
	TapeMarked                 // there is something in the string that credentials and e-mail addresses have
	TapeKeyMarked              // the key ends as names of secrets do
	TapeNamed                  // something in front of a quote in the string does
)

// What WriteTape returns other than a number of entries.
const (
	TapeInvalid = 0  // the text is not JSON, or nested too deep
	TapeFull    = -1 // there is no room for the entries
)

// WriteTape writes the tape of text to dst, which must not overlap it, and returns
// how many entries it has, TapeInvalid or TapeFull. A text has at most as many entries as
// bytes. Unlike ValidJSON it takes no string that is not UTF-8.
func WriteTape(dst, text []byte) int {
	if len(text) > jsonBlock {
		var places [jsonPlaces]uint16
		return writeTape(dst, text, places[:])
	}
	var places [jsonBlock]uint16
	return writeTape(dst, text, places[:])
}

func writeTape(dst, text []byte, places []uint16) int {
	var t taper
	t.dst, t.text, t.places, t.marks = dst, text, places, true
	i := t.value(t.start())
	for i > 0 && t.depth > 0 {
		i = t.inside(i)
	}
	switch {
	case t.full && (!t.high || utf8.Valid(text[:t.end])):
		return TapeFull
	case i < 0 || t.space(i) != len(text) || t.high && !utf8.Valid(text):
		return TapeInvalid
	}
	return t.size / TapeEntry
}

// A taper is a tape half written. Its functions return the index after what
// they have read, or -1.
type taper struct {
	jsonIndex
	dst  []byte
	size int // of what is written
	full bool
	end  int // then: where the value is that has no room

	depth    int  // objects and arrays around the place at hand
	around   int  // where the entry of the nearest is written
	object   bool // it is one
	fresh    bool // nothing was read in it yet
	key      uint64
	keyFlags uint64
}

// put writes an entry. Next is counted as if nothing followed inside of it.
func (t *taper) put(kind, from, to int, flags uint64) {
	if !t.entry(uint64(kind)|(flags|t.keyFlags)<<8, t.key, from, to) {
		t.full, t.end = true, from
	}
}

func (t *taper) entry(head, key uint64, from, to int) bool {
	end := t.size + TapeEntry
	if uint(end) > uint(len(t.dst)) {
		return false
	}
	e := t.dst[t.size:end:end]
	binary.LittleEndian.PutUint64(e, head|uint64(t.depth)<<16|uint64(end/TapeEntry)<<32)
	binary.LittleEndian.PutUint64(e[OffTapeKey:], key)
	binary.LittleEndian.PutUint64(e[OffTapeValue:], uint64(from)|uint64(to-from)<<32)
	t.size = end
	return true
}

// inside reads on in an object or array, to its end or the start of another.
func (t *taper) inside(i int) int {
	s := t.text
	for depth := t.depth; t.depth == depth; {
		if i < 0 || t.full {
			return -1
		}
		if i = t.skip(i); i >= len(s) {
			return -1
		}
		switch {
		case s[i] == ']' && !t.object, s[i] == '}' && t.object:
			return t.close(i)
		case t.fresh:
			t.fresh = false
		case s[i] == ',':
			i = t.skip(i + 1)
		default:
			return -1
		}
		if t.object {
			var value bool
			if i, value = t.members(i); !value {
				continue
			}
		}
		if uint(i) < uint(len(s)) && s[i] == '"' {
			end, flags := t.string(i)
			t.put(TapeString, i, end, flags)
			i = end
		} else {
			i = t.value(i)
		}
	}
	return i
}

func (t *taper) value(i int) int {
	s := t.text
	if uint(i) >= uint(len(s)) {
		return -1
	}
	var kind, end int
	switch s[i] {
	case '"':
		end, flags := t.string(i)
		t.put(TapeString, i, end, flags)
		return end
	case '{':
		return t.open(i, TapeObject)
	case '[':
		return t.open(i, TapeArray)
	case 't':
		kind, end = TapeBool, jsonWord(s, i, "true")
	case 'f':
		kind, end = TapeBool, jsonWord(s, i, "false")
	case 'n':
		kind, end = TapeNull, jsonWord(s, i, "null")
	default:
		kind, end = TapeNumber, jsonNumber(s, i)
	}
	t.put(kind, i, end, 0)
	return end
}

// open begins an object or array. Until it is closed, its entry has the place of
// the one around it.
func (t *taper) open(i, kind int) int {
	if t.depth == TapeDepth {
		return -1
	}
	at := t.size
	if t.put(kind, i, i, 0); t.full {
		return -1
	}
	binary.LittleEndian.PutUint32(t.dst[at+OffTapeNext:], uint32(t.around))
	t.depth++
	t.around, t.object, t.fresh = at, kind == TapeObject, true
	return i + 1
}

func (t *taper) close(i int) int {
	at := t.dst[t.around:][:TapeEntry]
	t.depth--
	t.key = binary.LittleEndian.Uint64(at[OffTapeKey:])
	t.keyFlags = uint64(at[OffTapeFlags])
	if t.put(TapeEnd, i, i+1, 0); t.full {
		return -1
	}
	t.around = int(binary.LittleEndian.Uint32(at[OffTapeNext:]))
	t.object, t.fresh = t.depth > 0 && t.dst[t.around] == TapeObject, false
	binary.LittleEndian.PutUint32(at[OffTapeNext:], uint32(t.size/TapeEntry))
	binary.LittleEndian.PutUint32(at[OffTapeValue+4:], uint32(i+1)-binary.LittleEndian.Uint32(at[OffTapeValue:]))
	return i + 1
}

// members reads members as long as they are no more than "key":"value". It returns the index after
// the last value; or, and true, that of the value of another member, whose key it has read.
func (t *taper) members(i int) (int, bool) {
	s, k := t.text, t.next
	if uint(i) >= uint(len(s)) || s[i] != '"' {
		return -1, false
	}
	for k+2 <= t.n {
		from := t.from + int(t.places[k+1])
		if from+4 > len(s) || s[from] != '"' {
			break
		}
		key, flags := uint64(i+1)|uint64(from-i-1)<<32, uint64(0)
		if from-i > 2 {
			flags = tapeEnding(s[from-2], s[from-1]) * TapeKeyMarked
		}
		k += 2
		if k+2 <= t.n && binary.LittleEndian.Uint32(s[from:])<<8 == jsonBetween {
			to, marked, next := t.plain(k + 1)
			if s[to] == '"' && t.entry(TapeString|(flags|marked)<<8, key, from+2, to+1) {
				if k = next; to+2 < len(s) && s[to+1] == ',' && s[to+2] == '"' {
					i = to + 2
					continue
				}
				t.next = k
				return to + 1, false
			}
		}
		t.next, t.key, t.keyFlags = k, key, flags
		if s[from+1] == ':' && s[from+2] > ' ' {
			return from + 2, true
		}
		return t.colon(from + 1)
	}
	t.next = k
	return t.name(i)
}

// plain returns the index of the kth place or, if that is a mark, of the next that is none, the flag
// of what was marked so, and the place to go on with.
func (t *taper) plain(k int) (to int, flags uint64, next int) {
	s := t.text
	to = t.from + int(t.places[k])
	for k++; s[to] != '"' && s[to] != '\\' && s[to] >= ' ' && k < t.n; k++ {
		flags, to = TapeMarked, t.from+int(t.places[k])
	}
	return to, flags, k
}

// name reads a member's key and what is between it and the value.
func (t *taper) name(i int) (int, bool) {
	end, flags := t.string(i)
	if end < 0 {
		return -1, false
	}
	t.key, t.keyFlags = uint64(i+1)|uint64(end-i-2)<<32, flags&TapeEscaped*TapeKeyEscaped
	if end-i >= 4 {
		t.keyFlags |= tapeEnding(t.text[end-3], t.text[end-2]) * TapeKeyMarked
	}
	return t.colon(end)
}

// string reads the string whose first quote is at i, and returns the index
// after the last, or -1, and its flags.
func (t *taper) string(i int) (end int, flags uint64) {
	t.stop()
	for s := t.text; ; {
		end = t.stop()
		if end >= len(s) {
			return -1, 0
		}
		switch c := s[end]; {
		case c == '"':
			return end + 1, flags
		case c < ' ':
			return -1, 0
		case c != '\\':
			flags |= TapeMarked
			continue
		}
		flags |= TapeEscaped
		if end+1 >= len(s) {
			return -1, 0
		}
		switch s[end+1] {
		case '"':
			flags |= tapeNamed(s[i+1 : end])
			t.stop()
		case '\\':
			if end+2 < len(s) && s[end+2] == 'u' {
				flags |= TapeMarked
			}
			t.stop()
		case 'u':
			flags |= TapeMarked
			fallthrough
		default:
			if jsonEscape(s, end) < 0 {
				return -1, 0
			}
		}
	}
}

// tapeNamed returns a flag of a string with an escaped quote, before which there is s.
func tapeNamed(s []byte) uint64 {
	i := len(s)
	for i > 0 && s[i-1] == '\\' { // a quote quoted again and again
		i--
	}
	if i < 2 {
		return 0
	}
	return tapeEnding(s[i-2], s[i-1]) * TapeNamed
}

// tapeEndings has a bit for each byte that may stand before one, but for three bits of either, at
// the end of a name: password, pwd, secret, token, key, authorization, credentials.
var tapeEndings = [32]uint32{
	'd' & 31: 1<<('r'&31) | 1<<('w'&31),
	't' & 31: 1 << ('e' & 31),
	'n' & 31: 1<<('e'&31) | 1<<('o'&31),
	'y' & 31: 1 << ('e' & 31),
	's' & 31: 1 << ('l' & 31),
}

// tapeEnding returns 1 for the last two bytes of a name like a secret's, or else 0.
func tapeEnding(a, b byte) uint64 { return uint64(tapeEndings[b&31] >> (a & 31) & 1) }
