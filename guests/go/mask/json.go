package mask

import "github.com/slswasm/slswasm/guests/go/jsonscan"

// depth is how many levels of JSON text within strings of JSON text are looked into:
// requestParameterJson of ActionTrail is one.
const depth = 3

// A level masks the JSON text of one level.
type level struct {
	m     *Masker
	below *level // nil at the last
	scan  jsonscan.Scanner
	key   []byte // without its escapes
	text  []byte // of a string without its escapes
	fresh []byte // what it becomes
}

func (m *Masker) link() {
	for i := range m.nested {
		l := &m.nested[i]
		l.m = m
		if i+1 < len(m.nested) {
			l.below = &m.nested[i+1]
		}
	}
	m.top.m, m.top.below = m, &m.nested[0]
}

// Value masks the value of a field, as JSON if it is an object or an array,
// otherwise as text, and all of it if the field is named like a secret and
// SecretMembers is set. It returns what Append returns.
func (m *Masker) Value(dst, key, value []byte) ([]byte, bool) { return m.top.mask(dst, key, value) }

// JSON masks every string value in JSON text, with JSON text that is itself in
// a string, and if numbers of phones or the like are hidden, every number:
// one with something to hide becomes a string. If there is nothing to mask, it returns text itself and false;
// otherwise the masked text, appended to dst, and true. An error says that
// text is not valid JSON.
func (m *Masker) JSON(dst, text []byte) ([]byte, bool, error) {
	l := &m.nested[0]
	masked, changed, ok := l.read(dst, text)
	if !ok {
		for l.scan.Next() { // to what is wrong
		}
		return nil, false, l.scan.Err()
	}
	return masked, changed, nil
}

// Scanned is JSON for the text of a Scanner that has found nothing wrong with it:
// it is not read again.
func (m *Masker) Scanned(dst []byte, s *jsonscan.Scanner) ([]byte, bool) {
	return m.nested[0].scanned(dst, s)
}

// read masks JSON text, and says whether it is valid.
func (l *level) read(dst, text []byte) (masked []byte, changed, ok bool) {
	l.scan.Reset(text)
	if len(l.scan.Tape()) == 0 {
		return nil, false, false
	}
	masked, changed = l.scanned(dst, &l.scan)
	return masked, changed, true
}

// telling are flags of what may be a secret, or may hold one.
const telling = jsonscan.Marked | jsonscan.KeyMarked | jsonscan.KeyEscaped | jsonscan.Named

func (l *level) scanned(dst []byte, s *jsonscan.Scanner) ([]byte, bool) {
	src, tape := s.Text(), s.Tape()
	numbers := l.m.numbers
	done := 0 // src[:done] stands in dst
	for i := 0; ; i++ {
		if !numbers {
			i = look(src, tape, i)
		}
		if i >= len(tape) {
			break
		}
		v := &tape[i]
		if v.Kind != jsonscan.String && (v.Kind != jsonscan.Number || !numbers) {
			continue
		}
		secret := v.Flags&(jsonscan.KeyMarked|jsonscan.KeyEscaped) != 0 && l.secret(src, v)
		within := v.Flags & (jsonscan.Marked | jsonscan.Named)
		switch {
		case secret || numbers || within != 0 && v.Flags&jsonscan.Escaped != 0:
			dst, done = l.replace(dst, src, done, v, secret)
		case within != 0:
			dst, done = l.m.hide(dst, src[:v.At+v.Len-1], done, int(v.At)+1)
		}
	}
	if done == 0 {
		return src, false
	}
	return append(dst, src[done:]...), true
}

// look returns the index of the first entry from i on that may be a secret, or hold one. It is a
// function that calls none, for what Go makes of such a loop is quick.
//
//go:noinline
func look(src []byte, tape []jsonscan.Entry, i int) int {
	for ; i < len(tape); i++ {
		v := &tape[i]
		if f := v.Flags & telling; f != 0 && (f != jsonscan.KeyMarked || endsLikeSecret(v.Key(src))) {
			break
		}
	}
	return i
}

// secret says whether a value is one by its name.
func (l *level) secret(src []byte, v *jsonscan.Entry) bool {
	if !l.m.opts.SecretMembers {
		return false
	}
	key := v.Key(src)
	if v.Flags&jsonscan.KeyEscaped != 0 {
		l.key = jsonscan.Unescape(l.key, key)
		key = l.key
	}
	return SecretName(key)
}

// replace masks a value. Of src, what is before done stands in dst; if there is something to
// mask, what is before the value's end does afterwards.
func (l *level) replace(dst, src []byte, done int, v *jsonscan.Entry, secret bool) ([]byte, int) {
	text := []byte(v.Raw(src))
	if v.Kind == jsonscan.String {
		text = text[1 : len(text)-1]
		if !secret && !l.m.numbers && v.Flags&jsonscan.Marked == 0 && !mayNest(text) {
			return dst, done
		}
		if v.Flags&jsonscan.Escaped != 0 {
			l.text = jsonscan.Unescape(l.text, text)
			text = l.text
		}
	}
	var masked bool
	if l.fresh, masked = l.maskText(l.fresh[:0], text, secret); !masked {
		return dst, done
	}
	return jsonscan.AppendString(append(dst, src[done:v.At]...), l.fresh), int(v.At + v.Len)
}

// mayNest says whether a string, as it is written, may be JSON text.
func mayNest(text []byte) bool {
	return len(text) > 0 && (text[0] == '{' || text[0] == '[' || text[0] == '\\' || text[0] <= ' ')
}

func (l *level) mask(dst, key, text []byte) ([]byte, bool) {
	return l.maskText(dst, text, l.m.opts.SecretMembers && SecretName(key))
}

// maskText masks text, all of it if it is a secret.
func (l *level) maskText(dst, text []byte, secret bool) ([]byte, bool) {
	if len(text) == 0 {
		return dst, false
	}
	if secret {
		return append(dst, hidden...), jsonscan.View(text) != hidden
	}
	if c := text[0]; c == '{' || c == '[' || c <= ' ' {
		return l.maskJSON(dst, text)
	}
	return l.m.Append(dst, text)
}

// maskJSON masks text that looks like JSON.
func (l *level) maskJSON(dst, text []byte) ([]byte, bool) {
	if kind := jsonscan.Value(text).Kind(); l.below != nil && (kind == jsonscan.Object || kind == jsonscan.Array) {
		if masked, changed, ok := l.below.read(dst, text); ok {
			if !changed {
				masked = dst
			}
			return masked, changed
		}
	}
	return l.m.Append(dst, text)
}

// SecretName says whether a member of this name holds a secret, by how the
// name ends, without regard to case, hyphens and underscores: password,
// passwd, pwd, secret, token, private key, authorization or credentials. The
// tokens for paging and for idempotence (NextToken, ClientToken) are none.
func SecretName(name []byte) bool {
	if !endsLikeSecret(name) {
		return false // as most
	}
	n := len(name)
	rest := name[:n-3]
	switch end := uint32(name[n-3])<<16 | uint32(name[n-2])<<8 | uint32(name[n-1]); end | 0x202020 { // in lower case
	case 'o'<<16 | 'r'<<8 | 'd':
		return endsIn(rest, "passw")
	case 's'<<16 | 'w'<<8 | 'd':
		return endsIn(rest, "pas")
	case 'p'<<16 | 'w'<<8 | 'd':
		return true
	case 'r'<<16 | 'e'<<8 | 't':
		return endsIn(rest, "sec")
	case 'k'<<16 | 'e'<<8 | 'n':
		return token(rest)
	case 'k'<<16 | 'e'<<8 | 'y':
		return endsIn(rest, "private")
	case 'i'<<16 | 'o'<<8 | 'n':
		return endsIn(rest, "authorizat")
	case 'a'<<16 | 'l'<<8 | 's':
		return endsIn(rest, "credenti")
	}
	return false
}

// endsLikeSecret is false for most names that are no secrets', by the third and the fourth letter from
// the end.
func endsLikeSecret(name []byte) bool {
	n := len(name)
	return n > 3 && secretEnds[name[n-3]&31]>>(name[n-4]&31)&1 != 0 || n == 3
}

// secretEnds has, for the lower five bits of the third letter from the end of a secret's name,
// a bit for those of the letter before it: as of password, passwd, pwd, secret, token and key,
// authorization and credentials. A hyphen or an underscore may come between.
var secretEnds = [32]uint32{
	'o' & 31: 1<<('w'&31) | between,
	's' & 31: 1<<('s'&31) | between,
	'p' & 31: 1<<32 - 1,
	'r' & 31: 1<<('c'&31) | between,
	'k' & 31: 1<<('o'&31) | 1<<('e'&31) | between,
	'i' & 31: 1<<('t'&31) | between,
	'a' & 31: 1<<('i'&31) | between,
}

const between = 1<<('-'&31) | 1<<('_'&31)

// token says whether a name of which the last three letters were cut off is a token's.
func token(name []byte) bool {
	rest, ok := cutEnd(name, "to")
	if !ok {
		return false
	}
	for _, public := range [...]string{"next", "client", "continuation"} {
		if endsIn(rest, public) {
			return false
		}
	}
	return true
}

func endsIn(name []byte, end string) bool {
	_, ok := cutEnd(name, end)
	return ok
}

// cutEnd cuts end off a name, if it ends so without regard to case, hyphens
// and underscores.
func cutEnd(name []byte, end string) (rest []byte, ok bool) {
	i := len(name)
	for k := len(end) - 1; k >= 0; k-- {
		if i--; i >= 0 && (name[i] == '-' || name[i] == '_') {
			k++
			continue
		}
		if i < 0 || lower(name[i]) != end[k] {
			return name, false
		}
	}
	return name[:i], true
}
