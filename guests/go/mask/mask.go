// Package mask hides secrets and what is personal in text and in JSON: access
// key ids, e-mail addresses, the numbers of phones, identity cards and payment
// cards, and the values of members named like a password or a token.
//
// Masking what is masked already changes nothing, so a log may pass twice. It
// is meant for logs that are kept by others, and no proof that nothing is left:
// what looks like no secret is not found.
package mask

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/slswasm/slswasm/guests/go/jsonscan"
)

// Options say what to hide.
type Options struct {
	// AccessKeys hides access key ids of Alibaba Cloud (LTAI...), of its
	// temporary credentials (STS., TMP.) and of AWS (AKIA, ASIA): the first eight and
	// the last two characters stay.
	AccessKeys bool
	// Emails hides the name in e-mail addresses: the first letter of a name
	// of three or more stays, and the domain.
	Emails bool
	// KeepDomains are domains, with all below them, whose addresses stay: those that
	// are account names rather than mailboxes.
	KeepDomains []string
	// SecretMembers hides JSON members whose names end like a password, a
	// secret or a token does; see SecretName.
	SecretMembers bool
	// Phones hides mobile numbers of mainland China (13812345678, with 86 before it
	// or without, 138 1234 5678) and any number of 8 to 15 digits after a plus: the first
	// three and the last two digits stay.
	Phones bool
	// Identities hides numbers of China's identity cards, 18 digits of which
	// the last may be X, with a possible day of birth and a right check digit: the
	// first three and the last two stay.
	Identities bool
	// Cards hides numbers of payment cards, 13 to 19 digits with a right check
	// digit: the first six and the last four stay.
	Cards bool
}

// numbers says whether to look at numbers at all.
func (o *Options) numbers() bool { return o.Phones || o.Identities || o.Cards }

// A Masker masks; it holds buffers, so use one again and again, and not from
// two goroutines at once.
type Masker struct {
	opts    Options
	numbers bool // some are to be hidden
	nested  [depth]level
	top     level // a field, whose text may be JSON
	run     run
}

// New returns a Masker.
func New(opts Options) *Masker {
	m := &Masker{opts: opts, numbers: opts.numbers()}
	m.link()
	return m
}

// Append appends text to dst with its secrets masked. If there are none, it
// returns dst as it was and false.
func (m *Masker) Append(dst, text []byte) ([]byte, bool) {
	dst, done := m.hide(dst, text, 0, 0)
	if done == 0 {
		return dst, false
	}
	return append(dst, text[done:]...), true
}

// hide looks for secrets in text from start on. Of text, what is before done stands in dst;
// what is before the last secret's end does afterwards, masked.
func (m *Masker) hide(dst, text []byte, done, start int) ([]byte, int) {
	seen := start // a secret that starts before was looked at
	past := start // the last one
	for i := m.next(text, start); i < len(text); i = m.next(text, seen) {
		from, to, end := m.find(text, past, seen, i)
		if from < to {
			dst = appendHidden(append(dst, text[done:from]...), text[from:to], text[i])
			done, past = to, end
		}
		seen = max(i+1, end)
	}
	return dst, done
}

// find returns what to hide of the secret that is told by the byte at i, if
// there is one, and where to go on.
func (m *Masker) find(text []byte, past, seen, i int) (from, to, end int) {
	switch c := text[i]; c {
	case '@', '%':
		if m.opts.Emails {
			from, to = m.email(text, past, i)
		}
		return from, to, to
	case '.', 'I':
		if m.opts.AccessKeys {
			if from, end = accessKey(text, seen, i); from < end {
				return from + head, end - tail, end
			}
		}
	default:
		if class[c]&digit != 0 && m.numbers {
			return m.number(text, i)
		}
	}
	return 0, 0, 0
}

// next returns where from i on a secret may be told, or len(text).
func (m *Masker) next(text []byte, i int) int {
	n := len(text)
	if n < 8 {
		return m.nextByte(text, i)
	}
	for ; i+16 <= n; i += 16 { // two at a time: see jsonscan
		if at := m.marks(word8(text, i)); at != 0 {
			return i + bits.TrailingZeros64(at)/8
		}
		if at := m.marks(word8(text, i+8)); at != 0 {
			return i + 8 + bits.TrailingZeros64(at)/8
		}
	}
	if i+8 <= n {
		if at := m.marks(word8(text, i)); at != 0 {
			return i + bits.TrailingZeros64(at)/8
		}
		i += 8
	}
	if i == n {
		return n
	}
	// The last eight bytes, less those that were seen.
	if at := m.marks(word8(text, n-8) >> (8 * (8 - (n - i)))); at != 0 {
		return i + bits.TrailingZeros64(at)/8
	}
	return n
}

// nextByte is next in a text of less than eight bytes.
func (m *Masker) nextByte(text []byte, i int) int {
	if len(text) < shortest {
		return len(text)
	}
	for i < len(text) && m.marks(uint64(text[i])) == 0 {
		i++
	}
	return i
}

// word8 reads eight bytes, of which the caller knows that they are there; see
// jsonscan.
func word8(s []byte, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(s)), i))[:])
}

// shortest is the length of the shortest secret: a@b.cc.
const shortest = 6

// marks returns a word whose lowest bit that is set is the top bit of the first
// byte of w that may tell a secret, or 0: the @ or % of an address, the full
// stop or the I that all access key ids have near their start, a digit.
func (m *Masker) marks(w uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	found := (w ^ '@'*ones - ones) | (w ^ '%'*ones - ones) | (w ^ '.'*ones - ones) | (w ^ 'I'*ones - ones)
	if m.numbers {
		low := w &^ tops
		found |= (low + (0x80-'0')*ones) &^ (low + (0x7F-'9')*ones)
	}
	return found &^ w & tops
}

// hidden stands for what was hidden. Of an access key id, head and tail stay:
// enough to tell keys apart, and a tail too short to look like the start of
// another one.
const (
	hidden = "****"
	head   = 8
	tail   = 2
)

// An access key id starts with four characters, and so many letters and digits
// follow at least.
const (
	ltai = 'L' | 'T'<<8 | 'A'<<16 | 'I'<<24 // 12
	sts  = 'S' | 'T'<<8 | 'S'<<16 | '.'<<24 // 12
	tmp  = 'T' | 'M'<<8 | 'P'<<16 | '.'<<24 // 12
	akia = 'A' | 'K'<<8 | 'I'<<16 | 'A'<<24 // 16
	asia = 'A' | 'S'<<8 | 'I'<<16 | 'A'<<24 // 16
)

// accessKey returns where the access key id stands, not before seen, that the
// byte at i tells: the first full stop or I in one. What comes before does not
// matter: it may be escaped, as in "%3DLTAI...".
func accessKey(text []byte, seen, i int) (from, to int) {
	least := 16
	switch prefix(text, seen, i-3) {
	case ltai, sts, tmp:
		from = i - 3
	default:
		if p := prefix(text, seen, i-2); p != akia && p != asia {
			return 0, 0
		}
		from, least = i-2, 20
	}
	end := alnumEnd(text, from+4)
	if end-from < least {
		return 0, 0
	}
	return from, end
}

// alnumEnd returns where the letters and digits from i on end.
func alnumEnd(text []byte, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(text); i += 8 {
		w := word8(text, i)
		low := w &^ tops
		digits := (low + (0x80-'0')*ones) &^ (low + (0x7F-'9')*ones)
		low |= 0x20 * ones
		letters := (low + (0x80-'a')*ones) &^ (low + (0x7F-'z')*ones)
		if odd := (^(digits | letters) | w) & tops; odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	for i < len(text) && class[text[i]]&alnum != 0 {
		i++
	}
	return i
}

// prefix is the first four characters of what may be an access key id, or 0.
func prefix(text []byte, seen, from int) uint32 {
	if from < seen || len(text)-from < 16 {
		return 0
	}
	return binary.LittleEndian.Uint32(text[from:])
}

// email returns where the name of the address around the @ (or %40) at i
// stands, or nothing.
func (m *Masker) email(text []byte, past, i int) (from, to int) {
	domain := text[i+1:]
	if text[i] == '%' {
		if len(domain) < 2 || domain[0] != '4' || domain[1] != '0' {
			return 0, 0
		}
		domain = domain[2:]
	}
	domain = domain[:domainLen(domain)]
	if len(domain) == 0 || m.kept(domain) {
		return 0, 0 // first: who looked back from each of many would see the same bytes again and again
	}
	from = i
	for from > past && class[text[from-1]]&local != 0 {
		from--
	}
	if i-from == tail && from >= len(hidden) && jsonscan.View(text[from-len(hidden):from]) == hidden {
		return 0, 0 // the tail of a masked access key id
	}
	return from, i
}

// domainLen returns how long the domain name is that b starts with: labels
// with dots between them, the last of two letters or more; 0 if it is none.
func domainLen(b []byte) int {
	end := 0
	for i := 0; ; i++ {
		start := i
		if i = alnumEnd(b, i); i == start {
			return end
		}
		for i < len(b) && b[i] == '-' {
			i = alnumEnd(b, i+1)
		}
		if start > 0 && twoLetters(b[start:i]) {
			end = i
		}
		if i == len(b) || b[i] != '.' {
			return end
		}
	}
}

func twoLetters(label []byte) bool {
	n := 0
	for _, c := range label {
		if class[c]&letter != 0 {
			if n++; n == 2 {
				return true
			}
		}
	}
	return false
}

func (m *Masker) kept(domain []byte) bool {
	for _, k := range m.opts.KeepDomains {
		rest := len(domain) - len(k)
		if rest >= 0 && equalFold(domain[rest:], k) && (rest == 0 || domain[rest-1] == '.') {
			return true
		}
	}
	return false
}

// appendHidden appends what stands for a secret that is told by c.
func appendHidden(dst, secret []byte, c byte) []byte {
	if c != '@' && c != '%' {
		return append(dst, '*', '*', '*', '*')
	}
	if len(secret) > 2 && class[secret[0]]&alnum != 0 {
		return append(dst, secret[0], '*', '*', '*')
	}
	return append(dst, '*', '*', '*')
}

// equalFold compares ASCII without regard to case.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		if lower(b[i]) != lower(s[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c |= 0x20
	}
	return c
}

// Classes of bytes.
const (
	letter = 1 << iota
	alnum
	local // may stand in the name of an e-mail address, or in UTF-8
	digit
	hex
	word // a letter, a digit or an underscore
)

var class = func() (t [256]byte) {
	for c := range t {
		switch c := byte(c); {
		case 'a' <= lower(c) && lower(c) <= 'z':
			t[c] = letter | alnum | local | word
			if lower(c) <= 'f' {
				t[c] |= hex
			}
		case '0' <= c && c <= '9':
			t[c] = alnum | local | digit | hex | word
		case c == '_':
			t[c] = local | word
		case c == '.' || c == '%' || c == '+' || c == '-' || c >= 0x80:
			t[c] = local
		}
	}
	return t
}()
