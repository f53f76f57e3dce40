package jsonscan

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// A slow reader of JSON, byte by byte and by recursion. It lists what a Scanner
// must find: kind, depth, key and text of each value.
type slow struct {
	src   string
	pos   int
	wrong fault
	found []string
}

func readSlowly(src string) *slow {
	s := &slow{src: src}
	s.value(0, "")
	if s.wrong == right {
		if s.space(); s.pos < len(src) {
			s.wrong = extra
		}
	}
	return s
}

func (s *slow) at() byte {
	if s.pos < len(s.src) {
		return s.src[s.pos]
	}
	return 0
}

func (s *slow) space() byte {
	for s.pos < len(s.src) && strings.IndexByte(" \t\r\n", s.src[s.pos]) >= 0 {
		s.pos++
	}
	return s.at()
}

func (s *slow) fail(wrong fault) {
	if s.wrong != right {
		return
	}
	if s.wrong = wrong; wrong == unexpected && s.pos >= len(s.src) {
		s.wrong = ends
	}
}

// expect passes over c.
func (s *slow) expect(c byte) bool {
	if s.wrong == right && s.space() == c && s.pos < len(s.src) {
		s.pos++
		return true
	}
	s.fail(unexpected)
	return false
}

func (s *slow) add(kind Kind, depth int, key, text string) {
	if s.wrong == right {
		s.found = append(s.found, strings.Join([]string{strconv.Itoa(int(kind)), strconv.Itoa(depth), key, text}, " "))
	}
}

func (s *slow) value(depth int, key string) {
	s.space()
	start := s.pos
	switch c := s.at(); c {
	case '{', '[':
		s.container(depth, key, c == '{')
		return
	case '"':
		s.string()
		s.add(String, depth, key, s.src[start:s.pos])
		return
	case 't', 'f', 'n':
		for w, kind := range map[string]Kind{"true": Bool, "false": Bool, "null": Null} {
			if strings.HasPrefix(s.src[s.pos:], w) {
				s.pos += len(w)
				s.add(kind, depth, key, w)
				return
			}
		}
		s.fail(unexpected)
		return
	}
	s.number()
	s.add(Number, depth, key, s.src[start:s.pos])
}

func (s *slow) container(depth int, key string, object bool) {
	if depth == MaxDepth {
		s.fail(tooDeep)
		return
	}
	kind, end := Array, byte(']')
	if object {
		kind, end = Object, '}'
	}
	s.add(kind, depth, key, s.src[s.pos:s.pos+1])
	s.pos++
	inner := key
	for n := 0; s.wrong == right; n++ {
		if s.space() == end {
			s.add(End, depth, key, s.src[s.pos:s.pos+1])
			s.pos++
			return
		}
		if n > 0 && !s.expect(',') {
			return
		}
		if object {
			if s.space(); s.at() != '"' {
				s.fail(unexpected)
				return
			}
			start := s.pos
			if s.string(); s.wrong != right {
				return
			}
			inner = s.src[start+1 : s.pos-1]
			if !s.expect(':') {
				return
			}
		} else if n > 0 && s.space() == end {
			s.fail(unexpected)
			return
		}
		s.value(depth+1, inner)
	}
}

func (s *slow) string() {
	for s.pos++; s.pos < len(s.src); {
		r, n := utf8.DecodeRuneInString(s.src[s.pos:])
		switch {
		case r == '"':
			s.pos++
			return
		case r == utf8.RuneError && n == 1:
			s.fail(notUTF8)
			return
		case r == '\\':
			rest := s.src[s.pos+1:]
			switch {
			case rest != "" && strings.IndexByte(`"\/bfnrt`, rest[0]) >= 0:
				n = 2
			case len(rest) >= 5 && rest[0] == 'u' && strings.Trim(rest[1:5], "0123456789abcdefABCDEF") == "":
				n = 6
			default:
				s.fail(unexpected)
				return
			}
		case r < ' ':
			s.fail(unexpected)
			return
		}
		s.pos += n
	}
	s.fail(ends)
}

func (s *slow) number() {
	digits := func() {
		start := s.pos
		for '0' <= s.at() && s.at() <= '9' {
			s.pos++
		}
		if s.pos == start {
			s.fail(unexpected)
		}
	}
	if s.at() == '-' {
		s.pos++
	}
	if s.at() == '0' {
		s.pos++
	} else {
		digits()
	}
	if s.wrong == right && s.at() == '.' {
		s.pos++
		digits()
	}
	if s.wrong == right && (s.at() == 'e' || s.at() == 'E') {
		if s.pos++; s.at() == '+' || s.at() == '-' {
			s.pos++
		}
		digits()
	}
}

func found(s *Scanner) string {
	return strings.Join([]string{strconv.Itoa(int(s.Kind())), strconv.Itoa(s.Depth()), string(s.Key()), string(s.Raw())}, " ")
}

// FuzzSlowly: a Scanner finds what the slow reader finds, and the same fault
// in the same place, as does passing over the whole.
func FuzzSlowly(f *testing.F) {
	for _, seed := range []string{
		`{"a":"b","a long key here":"and a text, longer than three words of eight","c":{"d":"e","f":[1,"x",{}]},"g":"\u00e9é"}`,
		`{"a":"b","c":"d"x`, `{"a":"b","c":"d`, `{"a":"b","c"`, `{"a":"b",}`, `[1,]`, `{"a":1 ,"b": "c" , "d":tru}`, `{"a":"b" "c":"d"}`,
		`{"":"","":"","":"","":""}`, "{\"a\":\"b\",\"c\":\"d\x01efghijkl\"}", "{\"a\":\"b\",\"c\":\"d\xffefghijkl\"}", `[-0.5e+7,01]`, `"a" "b"`, ``,
		`{"a":"b","c":"` + strings.Repeat("x", 30) + `\"","e\\":"f"}`, `{"0":"","00000000":"}`,
		strings.Repeat("[", 256) + strings.Repeat("]", 256), strings.Repeat(`{"a":[`, 129),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		want := readSlowly(src)
		for _, tape := range []bool{true, false} {
			var s Scanner
			s.Reset([]byte(src))
			if (len(s.tape) > 0) != (want.wrong == right) {
				t.Fatalf("%q: a tape of %d for a text with fault %d", src, len(s.tape), want.wrong)
			}
			if !tape {
				s.tape = nil
				s.walk.reset(s.src)
			}
			n := 0
			for ; s.Next(); n++ {
				if n >= len(want.found) || found(&s) != want.found[n] {
					t.Fatalf("%q: value %d is %s; want %q", src, n, found(&s), want.found)
				}
			}
			if w := s.walk; w.wrong != want.wrong || w.wrong != right && w.pos != want.pos || w.wrong == right && n != len(want.found) {
				t.Fatalf("%q: %d values, fault %d at %d; want %d, %d at %d", src, n, w.wrong, w.pos, len(want.found), want.wrong, want.pos)
			}
			if s.Kind() != Invalid || (s.Err() == nil) != (want.wrong == right) {
				t.Fatalf("%q: after the end, kind %d and error %v", src, s.Kind(), s.Err())
			}
		}
		skipAlike(t, src)
		if Valid([]byte(src)) != (want.wrong == right) {
			t.Fatalf("%q: valid %v", src, want.wrong != right)
		}
		end, wrong := passValue([]byte(src), 0, 0)
		if wrong != want.wrong && want.wrong != extra || wrong != right && end != want.pos {
			t.Fatalf("%q: passed to %d with fault %d; want %d and %d", src, end, wrong, want.pos, want.wrong)
		}
	})
}

// skipAlike: with a tape and without, the same is passed over.
func skipAlike(t *testing.T, src string) {
	var a, b Scanner
	a.Reset([]byte(src))
	if len(a.tape) == 0 {
		return
	}
	b.src, b.i = a.src, -2
	b.walk.reset(a.src)
	for n := 0; a.Next(); n++ {
		b.Next()
		if n%3 != 0 { // not the first of all
			a.Skip()
			b.Skip()
		}
		if found(&a) != found(&b) {
			t.Fatalf("%q: value %d is %s with a tape and %s without", src, n, found(&a), found(&b))
		}
	}
	if b.Next() || b.Err() != nil {
		t.Fatalf("%q: the tape ends before the text, %v", src, b.Err())
	}
}
