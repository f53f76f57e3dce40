package abi

import (
	"bytes"
	"encoding/binary"
	"math/bits"
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
	t := taper{dst: dst, text: text}
	i := t.value(jsonSpace(text, 0))
	for i > 0 && t.depth > 0 {
		i = t.inside(i)
	}
	switch {
	case t.full:
		return TapeFull
	case i < 0 || jsonSpace(text, i) != len(text):
		return TapeInvalid
	}
	return t.size / TapeEntry
}

// A taper is a tape half written. Its functions return the index after what
// they have read, or -1.
type taper struct {
	dst, text []byte
	size      int // of what is written
	full      bool

	depth    int  // objects and arrays around the place at hand
	around   int  // where the entry of the nearest is written
	object   bool // it is one
	fresh    bool // nothing was read in it yet
	key      uint64
	keyFlags uint64
}

// put writes an entry. Next is counted as if nothing followed inside of it.
func (t *taper) put(kind, from, to int, flags uint64) {
	end := t.size + TapeEntry
	if uint(end) > uint(len(t.dst)) {
		t.full = true
		return
	}
	e := t.dst[t.size:end:end]
	binary.LittleEndian.PutUint64(e, uint64(kind)|(flags|t.keyFlags)<<8|uint64(t.depth)<<16|uint64(end/TapeEntry)<<32)
	binary.LittleEndian.PutUint64(e[OffTapeKey:], t.key)
	binary.LittleEndian.PutUint64(e[OffTapeValue:], uint64(from)|uint64(to-from)<<32)
	t.size = end
}

// inside reads on in an object or array, to its end or the start of another.
func (t *taper) inside(i int) int {
	s := t.text
	for depth := t.depth; t.depth == depth; {
		if i < 0 || t.full {
			return -1
		}
		if i = jsonSkip(s, i); i >= len(s) {
			return -1
		}
		switch {
		case s[i] == ']' && !t.object, s[i] == '}' && t.object:
			return t.close(i)
		case t.fresh:
			t.fresh = false
		case s[i] == ',':
			i = jsonSkip(s, i+1)
		default:
			return -1
		}
		if t.object {
			i = t.name(i)
		}
		if uint(i) < uint(len(s)) && s[i] == '"' {
			end, flags := tapeString(s, i)
			t.put(TapeString, i, end, flags)
			i = end
		} else {
			i = t.value(i)
		}
	}
	return i
}

// name reads a member's key and what is between it and the value.
func (t *taper) name(i int) int {
	s := t.text
	if i >= len(s) || s[i] != '"' {
		return -1
	}
	end, flags := tapeKey(s, i), uint64(0)
	if end < 0 { // there is more in it than plain ASCII
		if end, flags = tapeString(s, i); end < 0 {
			return -1
		}
	}
	t.key, t.keyFlags = uint64(i+1)|uint64(end-i-2)<<32, flags&TapeEscaped*TapeKeyEscaped
	if end-i >= 4 {
		t.keyFlags |= tapeEnding(s[end-3], s[end-2]) * TapeKeyMarked
	}
	if i = jsonSkip(s, end); i >= len(s) || s[i] != ':' {
		return -1
	}
	return jsonSkip(s, i+1)
}

func (t *taper) value(i int) int {
	s := t.text
	if uint(i) >= uint(len(s)) {
		return -1
	}
	var kind, end int
	switch s[i] {
	case '"':
		end, flags := tapeString(s, i)
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

const (
	tapeEvery = 0x0101010101010101 // times a byte: that byte in each of the eight
	tapeTops  = 0x80 * tapeEvery
)

// tapeStops is jsonMarks in fewer steps: with one bit turned, a quote follows the control
// characters. Bytes over 0x7F are not told apart yet.
func tapeStops(w uint64) uint64 {
	return (w ^ tapeEvery*('"'^' ') - tapeEvery*('!')) | (w ^ tapeEvery*'\\' - tapeEvery)
}

// tapeKey reads a string of plain ASCII; -1 if it is none.
func tapeKey(s []byte, i int) int {
	for i++; i+16 <= len(s); i += 16 {
		two := s[i : i+16 : i+16]
		a, b := binary.LittleEndian.Uint64(two), binary.LittleEndian.Uint64(two[8:])
		a, b = (tapeStops(a)|a)&tapeTops, (tapeStops(b)|b)&tapeTops
		if a|b == 0 {
			continue
		}
		plain := bits.TrailingZeros64(a) >> 3 // 8: all of the first word
		i += plain + bits.TrailingZeros64(b)>>3&-(plain>>3)
		if s[i] == '"' {
			return i + 1
		}
		break
	}
	return -1
}

// tapeString reads the string whose first quote is at i, and returns the index
// after the last, or -1, and its flags. Like jsonString it looks at two words at once.
func tapeString(s []byte, i int) (end int, flags uint64) {
	start := i
	i++
	var marked, high uint64
	for {
		for i+16 <= len(s) {
			four := s[i-1 : i+16 : i+16]
			a, b := binary.LittleEndian.Uint64(four[1:]), binary.LittleEndian.Uint64(four[9:])
			endA, endB := tapeStops(a)&^a&tapeTops, tapeStops(b)&^b&tapeTops
			markA, markB := tapeMarks(binary.LittleEndian.Uint64(four), a), tapeMarks(binary.LittleEndian.Uint64(four[8:]), b)
			if endA|endB == 0 {
				marked |= markA | markB
				high |= a | b
				i += 16
				continue
			}
			plain := bits.TrailingZeros64(endA) >> 3 // 8: all of the first word
			more := -(uint64(plain) >> 3)
			inA, inB := endA&-endA-1, (endB&-endB-1)&more // what stands before
			marked |= markA&inA | markB&inB
			high |= a&inA | b&inB
			i += plain + bits.TrailingZeros64(endB)>>3&int(more)
			break
		}
		if i >= len(s) {
			return -1, 0
		}
		switch c := s[i]; {
		case c == '"':
			if high&tapeTops != 0 && !utf8.Valid(s[start:i]) {
				return -1, 0
			}
			if marked != 0 {
				flags |= TapeMarked
			}
			return i + 1, flags
		case c < ' ':
			return -1, 0
		case c == '\\':
			flags |= tapeEscape(s[start+1:], i-start-1)
			if i = jsonEscape(s, i); i < 0 {
				return -1, 0
			}
		default:
			high |= uint64(c)
			if tapeMarks(uint64(s[i-1]), uint64(c))&0x80 != 0 {
				flags |= TapeMarked
			}
			i++
		}
	}
}

// tapeEscape returns the flags of a string, s without its first quote, with a backslash at i.
func tapeEscape(s []byte, i int) uint64 {
	switch {
	case bytes.HasPrefix(s[i+1:], []byte("u")), bytes.HasPrefix(s[i+1:], []byte(`\u`)):
		return TapeEscaped | TapeMarked
	case !bytes.HasPrefix(s[i+1:], []byte(`"`)):
		return TapeEscaped
	}
	for i > 0 && s[i-1] == '\\' { // a quote quoted again and again
		i--
	}
	if i < 2 {
		return TapeEscaped
	}
	return TapeEscaped | tapeEnding(s[i-2], s[i-1])*TapeNamed
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

// tapeMarks sets the top bit of the lowest byte of w that marks a string: an @ or a %, a
// full stop after P to S, an I after every other capital letter. Before is what stands one
// byte before w. Bits above that one mean nothing.
func tapeMarks(before, w uint64) uint64 {
	one := ((w ^ tapeEvery*'@') - tapeEvery) | ((w ^ tapeEvery*'%') - tapeEvery)
	two := (((w ^ tapeEvery*'.') | (before&(tapeEvery*0xFC) ^ tapeEvery*'P')) - tapeEvery) |
		(((w ^ tapeEvery*'I') | (before&(tapeEvery*0xE1) ^ tapeEvery*'A')) - tapeEvery)
	return (one | two&^before) &^ w & tapeTops
}
