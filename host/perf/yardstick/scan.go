package yardstick

import (
	"encoding/binary"
	"math/bits"
)

// A scanner walks over JSON text, once. Its methods return where what they
// read ends, and -1 where that is no JSON; numbers and words it takes as they
// come, which is less than the guest does. On its way it notes the strings in
// which there may be something to mask.
type scanner struct {
	text []byte
	// member is called for each member of an object, with what it is in: "" is
	// the outermost, and an object is known by the key that led to it.
	member func(in string, key, value []byte)

	look  bool // for what to mask
	notes []note
	below *scanner // of JSON text within a string; nil: it is text
	inner []byte   // such a string without its escapes
	fresh []byte   // and masked
}

// A note is of a string that may have to be masked: its place within its quotes.
type note struct {
	from, to int
	secret   bool // by its name
	escaped  bool // it has a backslash
}

// read reads an object or an array; false: it is none.
func (s *scanner) read(text []byte) bool {
	s.text, s.notes = text, s.notes[:0]
	at := s.space(0)
	if at >= len(text) || text[at] != '{' && text[at] != '[' {
		return false
	}
	end := s.value(at, 0, "", false)
	return end >= 0 && s.space(end) == len(text)
}

func (s *scanner) space(at int) int {
	if at < len(s.text) && s.text[at] > ' ' { // as mostly
		return at
	}
	for at < len(s.text) && (s.text[at] == ' ' || s.text[at] == '\n' || s.text[at] == '\t' || s.text[at] == '\r') {
		at++
	}
	return at
}

// value reads a value; depth counts what it is in, and secret is said by its name.
func (s *scanner) value(at, depth int, name string, secret bool) int {
	if at >= len(s.text) || depth > 100 {
		return -1
	}
	switch s.text[at] {
	case '"':
		return s.str(at+1, secret)
	case '{':
		return s.object(at+1, depth+1, name)
	case '[':
		return s.array(at+1, depth+1, secret)
	}
	from := at
	for at < len(s.text) && s.text[at] > ' ' && s.text[at] != ',' && s.text[at] != '}' && s.text[at] != ']' {
		at++
	}
	if at == from {
		return -1
	}
	return at
}

// stops sets the top bit of the lowest byte of w that does not go on in a
// JSON string.
func stops(w uint64) uint64 {
	return ((w - every*' ') | ((w ^ every*'"') - every) | ((w ^ every*'\\') - every)) &^ w & (every * 0x80)
}

// marks sets the top bit of each byte of w that may tell something to mask, and
// of few others: the @ or % of an address, and the I or full stop that ends the
// first letters of an access key id, behind a capital. before is what stands
// one byte before each.
func marks(w, before uint64) uint64 {
	address := ((w ^ every*'@') - every) | ((w ^ every*'%') - every)
	key := ((w ^ every*'I') - every) | ((w ^ every*'.') - every)
	return (address | key&(before<<1)&^(before<<2)) &^ w & (every * 0x80)
}

// str reads a string from behind its quote on.
func (s *scanner) str(at int, secret bool) int {
	if !s.look {
		return s.plain(at) + 1
	}
	text, from := s.text, at
	marked, named, escaped := false, false, false
	for {
		var found bool
		at, found = s.run(at)
		marked = marked || found
		if at >= len(text) || text[at] < ' ' {
			return -1
		}
		if text[at] == '"' {
			if marked || named || secret {
				s.notes = append(s.notes, note{from, at, secret, escaped})
			}
			return at + 1
		}
		// Of JSON text in this string, a name ends before its quote's backslash.
		escaped = true
		named = named || secretEnd(text[from:at]) || at+1 < len(text) && text[at+1] == 'u'
		at += 2
	}
}

// run returns how far a string goes on, and whether there are marks on the way.
func (s *scanner) run(at int) (end int, marked bool) {
	text := s.text
	var seen uint64
	for at+8 <= len(text) {
		w, before := binary.LittleEndian.Uint64(text[at:]), binary.LittleEndian.Uint64(text[at-1:])
		stop := stops(w)
		seen |= marks(w, before) & (stop&-stop - 1)
		if stop != 0 {
			return at + bits.TrailingZeros64(stop)/8, seen != 0
		}
		at += 8
	}
	for ; at < len(text) && text[at] >= ' ' && text[at] != '"' && text[at] != '\\'; at++ {
		seen |= marks(uint64(text[at]), uint64(text[at-1])) & 0x80
	}
	return at, seen != 0
}

// plain returns where a string ends in which there is nothing to look for: at
// its quote, or -2.
func (s *scanner) plain(at int) int {
	text := s.text
	for {
		if at+8 > len(text) {
			for at < len(text) && text[at] >= ' ' && text[at] != '"' && text[at] != '\\' {
				at++
			}
		} else if m := stops(binary.LittleEndian.Uint64(text[at:])); m == 0 {
			at += 8
			continue
		} else {
			at += bits.TrailingZeros64(m) / 8
		}
		switch {
		case at >= len(text) || text[at] < ' ':
			return -2
		case text[at] == '"':
			return at
		}
		at += 2
	}
}

// key reads the name of a member, and returns where its value begins.
func (s *scanner) key(at int) (key []byte, value int) {
	text := s.text
	if at >= len(text) || text[at] != '"' {
		return nil, -1
	}
	end := s.plain(at + 1)
	if end < 0 {
		return nil, -1
	}
	key = text[at+1 : end]
	if at = s.space(end + 1); at >= len(text) || text[at] != ':' {
		return nil, -1
	}
	return key, s.space(at + 1)
}

func (s *scanner) object(at, depth int, name string) int {
	text := s.text
	if at = s.space(at); at < len(text) && text[at] == '}' {
		return at + 1
	}
	for {
		key, from := s.key(s.space(at))
		if from < 0 {
			return -1
		}
		in := "?"
		if depth == 1 {
			in = known(key)
		}
		if at = s.value(from, depth, in, secretEnd(key) && secretName(key)); at < 0 {
			return -1
		}
		if depth <= 2 && name != "?" && s.member != nil {
			s.member(name, key, text[from:at])
		}
		if at = s.space(at); at >= len(text) {
			return -1
		}
		switch text[at] {
		case '}':
			return at + 1
		case ',':
			at++
		default:
			return -1
		}
	}
}

// known are the members whose insides matter.
func known(key []byte) string {
	switch string(key) {
	case "userIdentity":
		return "userIdentity"
	case "additionalEventData":
		return "additionalEventData"
	}
	return "?"
}

func (s *scanner) array(at, depth int, secret bool) int {
	if at = s.space(at); at < len(s.text) && s.text[at] == ']' {
		return at + 1
	}
	for {
		if at = s.value(s.space(at), depth, "?", secret); at < 0 {
			return -1
		}
		if at = s.space(at); at >= len(s.text) {
			return -1
		}
		switch s.text[at] {
		case ']':
			return at + 1
		case ',':
			at++
		default:
			return -1
		}
	}
}
