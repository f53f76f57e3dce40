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
	if n := len(name); n < 3 || !secretEnd(uint32(name[n-3])<<16|uint32(name[n-2])<<8|uint32(name[n-1])) {
		return false
	}
	var buf [24]byte // the name's end, without punctuation
	n := len(buf)
	for i := len(name) - 1; i >= 0 && n > 0; i-- {
		if c := lower(name[i]); c != '-' && c != '_' {
			n--
			buf[n] = c
		}
	}
	end := buf[n:]
	for _, s := range publicNames {
		if hasSuffix(end, s) {
			return false
		}
	}
	for _, s := range secretNames {
		if hasSuffix(end, s) {
			return true
		}
	}
	return false
}

// secretEnd sorts out most names by their last three letters, without a loop.
func secretEnd(end uint32) bool {
	switch end | 0x202020 { // in lower case
	case 'o'<<16 | 'r'<<8 | 'd', // password
		's'<<16 | 'w'<<8 | 'd', // passwd
		'p'<<16 | 'w'<<8 | 'd', // pwd
		'r'<<16 | 'e'<<8 | 't', // secret
		'k'<<16 | 'e'<<8 | 'n', // token
		'k'<<16 | 'e'<<8 | 'y', // private key
		'i'<<16 | 'o'<<8 | 'n', // authorization
		'a'<<16 | 'l'<<8 | 's': // credentials
		return true
	}
	return false
}

var (
	publicNames = []string{"nexttoken", "clienttoken", "continuationtoken"}
	secretNames = []string{"password", "passwd", "pwd", "secret", "token", "privatekey", "authorization", "credentials"}
)

func hasSuffix(b []byte, s string) bool {
	return len(b) >= len(s) && jsonscan.View(b[len(b)-len(s):]) == s
}
