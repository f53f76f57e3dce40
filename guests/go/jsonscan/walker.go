package jsonscan

import "strconv"

// A walker reads JSON text value by value, byte by byte. It makes tapes where there is
// no host to do so, and finds what is wrong with a text that is not valid.
type walker struct {
	Entry // at hand; the zero Entry before the first and after the last

	src   []byte
	pos   int
	wrong fault
	fresh bool // no value yet in the container at hand, or at the top

	depth  int                // of the container at hand; 0: the top
	object [MaxDepth + 1]bool // the container at a depth is; the first is not used
	keys   [MaxDepth + 1]span // the last key at each depth
}

type span struct {
	start, end uint32
	escaped    bool
}

func (s *walker) reset(src []byte) {
	s.Entry, s.src, s.pos, s.wrong, s.depth, s.fresh = Entry{}, src, 0, right, 0, true
	s.keys[0] = span{}
}

var faults = [...]string{
	ends:       "the text ends too early",
	tooDeep:    "objects and arrays are nested more than " + strconv.Itoa(MaxDepth) + " deep",
	unexpected: "unexpected character",
	notUTF8:    "a string is not valid UTF-8",
	extra:      "something follows the value",
}

// next moves to the next value, or the end of an object or array. It returns false
// at the end of the text and at the first error.
func (s *walker) next() bool {
	if s.wrong != right {
		return false
	}
	i, c := next(s.src, s.pos)
	switch {
	case s.depth == 0:
		if !s.fresh {
			return s.end(i)
		}
	case s.object[s.depth]:
		if c == '}' {
			return s.close(i)
		}
		return s.member(i, c)
	default:
		if c == ']' {
			return s.close(i)
		}
		if !s.fresh {
			if c != ',' {
				return s.fail(unexpectedAt(s.src, i))
			}
			i, c = next(s.src, i+1)
		}
	}
	return s.value(i, c)
}

func (s *walker) fail(i int, wrong fault) bool {
	s.Entry, s.pos, s.wrong = Entry{}, i, wrong
	return false
}

// end is reached after the value at the top.
func (s *walker) end(i int) bool {
	if i < len(s.src) {
		return s.fail(i, extra)
	}
	s.Entry, s.pos = Entry{}, i
	return false
}

func (s *walker) member(i int, c byte) bool {
	src := s.src
	if !s.fresh {
		if c != ',' {
			return s.fail(unexpectedAt(src, i))
		}
		i, c = next(src, i+1)
	}
	if c != '"' {
		return s.fail(unexpectedAt(src, i))
	}
	key := &s.keys[s.depth]
	key.start = uint32(i) + 1
	i, escaped, wrong := passString(src, i)
	if wrong != right {
		return s.fail(i, wrong)
	}
	key.end, key.escaped = uint32(i)-1, escaped
	if i, c = next(src, i); c != ':' {
		return s.fail(unexpectedAt(src, i))
	}
	return s.value(next(src, i+1))
}

func (s *walker) value(i int, c byte) bool {
	var (
		kind    Kind
		escaped bool
		wrong   fault
	)
	start := i
	switch c {
	case '"':
		kind = String
		i, escaped, wrong = passString(s.src, i)
	case '{':
		return s.open(i, Object)
	case '[':
		return s.open(i, Array)
	default:
		switch c {
		case 't', 'f':
			kind = Bool
		case 'n':
			kind = Null
		default:
			kind = Number
		}
		i, wrong = passPlain(s.src, i, c)
	}
	if wrong != right {
		return s.fail(i, wrong)
	}
	s.found(kind, start, i)
	if escaped {
		s.Flags |= Escaped
	}
	return true
}

// found takes note of a value or an end, in the container at hand.
func (s *walker) found(kind Kind, start, end int) {
	key := s.keys[s.depth]
	s.Entry = Entry{
		Kind: kind, Depth: uint16(s.depth),
		KeyAt: key.start, KeyLen: key.end - key.start, At: uint32(start), Len: uint32(end - start),
	}
	if key.escaped {
		s.Flags = KeyEscaped
	}
	s.pos, s.fresh = end, false
}

func (s *walker) open(i int, kind Kind) bool {
	if s.depth == MaxDepth {
		return s.fail(i, tooDeep)
	}
	s.found(kind, i, i+1)
	s.keys[s.depth+1] = s.keys[s.depth] // an array's elements go by its name
	s.depth++
	s.object[s.depth] = kind == Object
	s.fresh = true
	return true
}

func (s *walker) close(i int) bool {
	s.depth--
	s.found(End, i, i+1)
	return true
}

// skip passes over the rest of the object or array at hand, and makes it all of
// the value at hand.
func (s *walker) skip() {
	end, wrong := passValue(s.src, int(s.At), int(s.Depth))
	if wrong != right {
		s.fail(end, wrong)
		return
	}
	s.Len = uint32(end) - s.At
	s.pos, s.depth, s.fresh = end, int(s.Depth), false
}
