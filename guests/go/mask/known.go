package mask

import (
	"math/bits"

	"github.com/slswasm/slswasm/guests/go/jsonscan"
)

// JSONValue is JSON for text that is known to be valid, such as what a Scanner
// has passed to its end: it does not read it again as JSON, which takes longer
// than to find what is to be masked.
func (m *Masker) JSONValue(dst []byte, v jsonscan.Value) ([]byte, bool) {
	if len(v) > 8 && !m.numbers {
		k := &m.known
		k.src, k.dst, k.done = v, dst, 0
		if k.mask(m) {
			if k.done == 0 {
				return v, false
			}
			return append(k.dst, v[k.done:]...), true
		}
	}
	masked, changed, _ := m.JSON(dst, v)
	return masked, changed
}

// known is valid JSON text, masked by looking for the few bytes that can matter:
// those that may tell a secret, the colons after names, and backslashes, since
// a string with one may mean something else than it says. What is around such
// a byte is looked at then.
type known struct {
	src, dst []byte
	done     int    // src[:done] stands in dst
	text     []byte // of a string without its escapes
	fresh    []byte // what it becomes
}

// mask says whether it could; it cannot if an array has the name of a secret.
func (k *known) mask(m *Masker) bool {
	src := k.src
	for i := nextStop(src, 1); i < len(src); i = nextStop(src, i) {
		switch {
		case src[i] != ':':
			i = k.string(m, stringStart(src, i))
		case m.opts.SecretMembers && namesSecret(src, i):
			i = k.secret(i + 1)
		default:
			i++
		}
		if i < 0 {
			return false
		}
	}
	return true
}

// nextStop returns where from i on, which is not the start, a byte stands that
// can matter, or len(src).
func nextStop(src []byte, i int) int {
	before := uint64(src[i-1])
	for ; i+8 <= len(src); i += 8 {
		w := word8(src, i)
		if found := stops(w<<8|before, w); found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
		before = w >> 56
	}
	return lastStop(src, i)
}

// lastStop is nextStop for less than eight bytes. Within it, its code would
// burden the loop.
//
//go:noinline
func lastStop(src []byte, i int) int {
	n := len(src)
	if i >= n {
		return n
	}
	// The last eight bytes, less those that were seen.
	seen := 8 * uint(i+8-n) & 63
	if found := stops(word8(src, n-9)>>seen, word8(src, n-8)>>seen); found != 0 {
		return i + bits.TrailingZeros64(found)/8
	}
	return n
}

// stops returns a word whose lowest bit that is set is the top bit of the first
// byte of w that can matter, or 0: an @ or %, a backslash, a full stop after P to
// S, an I after every other capital letter (STS., TMP., LTAI, AKIA, ASIA), and a
// colon after a quote, white space and a few more. before is what stands one
// byte before w.
func stops(before, w uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	return ((w ^ '@'*ones - ones) | (w ^ '%'*ones - ones) | (w ^ '\\'*ones - ones) |
		(((w ^ '.'*ones) | (before&(0xFC*ones) ^ 'P'*ones)) - ones) |
		(((w ^ 'I'*ones) | (before&(0x61*ones) ^ 'A'*ones)) - ones) |
		(((w ^ ':'*ones) | before&(0xD0*ones)) - ones)) &^ w & tops
}

// namesSecret says whether the colon at i follows a name of a secret in quotes,
// and maybe white space. If the quote begins a string, that is no matter: no
// name ends before it.
func namesSecret(src []byte, i int) bool {
	if i > 2 && src[i-1] == '"' && secretEnds[src[i-2]&31]>>(src[i-3]&31)&1 == 0 {
		return false // as most names
	}
	for i--; i > 0 && src[i] <= ' '; i-- {
	}
	return src[i] == '"' && SecretName(src[:i])
}

// secret masks the value of a secret, which starts behind i, and returns where
// to go on: -1 if it may be many.
func (k *known) secret(i int) int {
	for k.src[i] <= ' ' {
		i++
	}
	switch k.src[i] {
	case '[':
		return -1
	case '"':
		text, end := k.read(i + 1)
		if len(text) > 0 && jsonscan.View(text) != hidden {
			k.replace(i, end, hidden)
		}
		return end
	}
	return i
}

// string masks the string of which the text starts at i, and returns where it
// ends. One that is a name can be that of a secret, if it is escaped.
func (k *known) string(m *Masker, i int) int {
	text, end := k.read(i)
	colon := end
	for colon < len(k.src) && k.src[colon] <= ' ' {
		colon++
	}
	if colon < len(k.src) && k.src[colon] == ':' {
		if m.opts.SecretMembers && len(text) != end-1-i && SecretName(text) {
			return k.secret(colon + 1)
		}
		return colon
	}
	fresh, masked := m.nested[0].maskText(k.fresh[:0], text)
	if masked {
		k.fresh = fresh
		k.replace(i-1, end, jsonscan.View(fresh))
	}
	return end
}

// read returns the text of the string that starts at i, without its escapes,
// and where the string ends.
func (k *known) read(i int) (text []byte, end int) {
	end = stringEnd(k.src, i)
	if k.src[end] == '"' {
		return k.src[i:end], end + 1
	}
	for k.src[end] == '\\' {
		end = stringEnd(k.src, end+2)
	}
	k.text = jsonscan.Unescape(k.text, k.src[i:end])
	return k.text, end + 1
}

// replace puts text, as a string, in place of src[from:to].
func (k *known) replace(from, to int, text string) {
	k.dst = jsonscan.AppendString(append(k.dst, k.src[k.done:from]...), text)
	k.done = to
}

// stringStart returns where the string around i starts. There is no escape
// before i.
func stringStart(src []byte, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; i >= 8; i -= 8 {
		w := word8(src, i-8) ^ '"'*ones
		if quotes := ^((w&^tops + ^uint64(tops)) | w) & tops; quotes != 0 {
			return i - bits.LeadingZeros64(quotes)/8
		}
	}
	for src[i-1] != '"' {
		i--
	}
	return i
}

// stringEnd returns where from i on the string ends, or the next escape is.
func stringEnd(src []byte, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(src); i += 8 {
		w := word8(src, i)
		if found := ((w ^ '"'*ones - ones) | (w ^ '\\'*ones - ones)) &^ w & tops; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for src[i] != '"' && src[i] != '\\' {
		i++
	}
	return i
}
