package mask

import "github.com/slswasm/slswasm/guests/go/jsonscan"

// depth is how many levels of JSON text within strings of JSON text are looked into:
// requestParameterJson of ActionTrail is one.
const depth = 3

// A level masks the JSON text of one level.
type level struct {
	m       *Masker
	below   *level // nil at the last
	rewrite jsonscan.Rewriter
	replace func(dst, key, text []byte) ([]byte, bool) // level.mask, made once
}

func (m *Masker) link() {
	for i := range m.nested {
		l := &m.nested[i]
		l.m, l.replace = m, l.mask
		l.rewrite.Numbers = m.opts.numbers()
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
	return l.rewrite.Strings(dst, text, l.replace)
}

func (l *level) mask(dst, key, text []byte) ([]byte, bool) {
	if len(text) == 0 {
		return dst, false
	}
	if l.m.opts.SecretMembers && SecretName(key) {
		return append(dst, hidden...), jsonscan.View(text) != hidden
	}
	return l.maskText(dst, text)
}

// maskText masks text that is not empty, whatever its name.
func (l *level) maskText(dst, text []byte) ([]byte, bool) {
	if c := text[0]; c == '{' || c == '[' || c <= ' ' {
		return l.maskJSON(dst, text)
	}
	return l.m.Append(dst, text)
}

// maskJSON masks text that looks like JSON.
func (l *level) maskJSON(dst, text []byte) ([]byte, bool) {
	if kind := jsonscan.Value(text).Kind(); l.below != nil && (kind == jsonscan.Object || kind == jsonscan.Array) {
		if masked, changed, err := l.below.rewrite.Strings(dst, text, l.below.replace); err == nil {
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
	n := len(name)
	if n < 3 {
		return false
	}
	var secret string
	switch end := uint32(name[n-3])<<16 | uint32(name[n-2])<<8 | uint32(name[n-1]); end | 0x202020 { // in lower case
	case 'o'<<16 | 'r'<<8 | 'd':
		secret = "password"
	case 's'<<16 | 'w'<<8 | 'd':
		secret = "passwd"
	case 'p'<<16 | 'w'<<8 | 'd':
		return true
	case 'r'<<16 | 'e'<<8 | 't':
		secret = "secret"
	case 'k'<<16 | 'e'<<8 | 'n':
		return token(name)
	case 'k'<<16 | 'e'<<8 | 'y':
		secret = "privatekey"
	case 'i'<<16 | 'o'<<8 | 'n':
		secret = "authorization"
	case 'a'<<16 | 'l'<<8 | 's':
		secret = "credentials"
	default:
		return false
	}
	_, ok := cutEnd(name, secret)
	return ok
}

// secretEnds has, for the lower five bits of the last letter of a secret's name, a
// bit for those of the letter before: as of password, secret, token, key,
// authorization and credentials. Most names are told by these two.
var secretEnds = [32]uint32{
	'd' & 31: 1<<('r'&31) | 1<<('w'&31),
	't' & 31: 1 << ('e' & 31),
	'n' & 31: 1<<('e'&31) | 1<<('o'&31),
	'y' & 31: 1 << ('e' & 31),
	's' & 31: 1 << ('l' & 31),
}

func token(name []byte) bool {
	rest, ok := cutEnd(name, "token")
	if !ok {
		return false
	}
	for _, public := range [...]string{"next", "client", "continuation"} {
		if _, ok := cutEnd(rest, public); ok {
			return false
		}
	}
	return true
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
