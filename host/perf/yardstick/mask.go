package yardstick

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// nested is how many levels of JSON text within strings are looked into.
const nested = 2

// newScanner makes a scanner and, if it looks for what to mask, those of the levels below.
func newScanner(look bool, member func(in string, key, value []byte)) *scanner {
	s := &scanner{look: look, member: member}
	for l, n := s, 0; look && n < nested; l, n = l.below, n+1 {
		l.below = &scanner{look: true}
	}
	return s
}

const hidden = "****"

// mask appends the text that was read to dst, with what is secret in it masked;
// false: there is nothing, and dst is as it was.
func (s *scanner) mask(dst []byte) ([]byte, bool) {
	start, done := len(dst), 0 // text[:done] is in dst
	for _, n := range s.notes {
		value, before := s.text[n.from:n.to], len(dst)
		dst = append(dst, s.text[done:n.from]...)
		var masked bool
		switch {
		case n.secret:
			masked = len(value) > 0 && string(value) != hidden
			dst = append(dst, hidden...)
		case n.escaped:
			s.inner = unescape(s.inner[:0], value)
			if s.below != nil && s.below.read(s.inner) {
				s.fresh, masked = s.below.mask(s.fresh[:0])
			} else {
				s.fresh, masked = maskText(s.fresh[:0], s.inner)
			}
			dst = appendEscaped(dst, s.fresh)
		default:
			dst, masked = maskText(dst, value)
		}
		if masked {
			done = n.to
		} else {
			dst = dst[:before]
		}
	}
	if done == 0 {
		return dst[:start], false
	}
	return append(dst, s.text[done:]...), true
}

// maskText appends text to dst with access key ids and e-mail addresses masked,
// if there are some.
func maskText(dst, text []byte) ([]byte, bool) {
	done, behind := 0, 0 // the last of them
	for i := nextMark(text, 0); i < len(text); i = nextMark(text, max(i+1, behind)) {
		switch text[i] {
		case '@', '%':
			if from := address(text, behind, i); from < i {
				dst = append(dst, text[done:from]...)
				if i-from > 2 && isAlnum(text[from]) {
					dst = append(dst, text[from])
				}
				dst = append(dst, "***"...)
				done, behind = i, i
			}
		default:
			if from, to := accessKey(text, behind, i); from < to {
				dst = append(append(dst, text[done:from+8]...), hidden...)
				done, behind = to-2, to
			}
		}
	}
	if done == 0 {
		return dst, false
	}
	return append(dst, text[done:]...), true
}

// nextMark returns where the next mark is, from i on.
func nextMark(text []byte, i int) int {
	if i == 0 && len(text) > 0 {
		if text[0] == '%' {
			return 0
		}
		i = 1 // nothing to mask begins with a mark otherwise
	}
	for ; i+8 <= len(text); i += 8 {
		if m := marks(binary.LittleEndian.Uint64(text[i:]), binary.LittleEndian.Uint64(text[i-1:])); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for i < len(text) && marks(uint64(text[i]), uint64(text[i-1]))&0x80 == 0 {
		i++
	}
	return i
}

// address returns where the name of the e-mail address begins whose @, or %40,
// is at i: at i if that is none, or of a domain that is kept.
func address(text []byte, behind, i int) int {
	domain := text[i+1:]
	if text[i] == '%' {
		rest, ok := bytes.CutPrefix(domain, []byte("40"))
		if !ok {
			return i
		}
		domain = rest
	}
	from := i
	for from > behind && isLocal(text[from-1]) {
		from--
	}
	if i-from == 2 && bytes.HasSuffix(text[:from], []byte(hidden)) || !isMailDomain(domain) { // the end of an access key id
		return i
	}
	return from
}

// isMailDomain says whether text begins with a domain whose addresses are masked.
func isMailDomain(text []byte) bool {
	end := 0
	for end < len(text) && (isAlnum(text[end]) || text[end] == '.' || text[end] == '-') {
		end++
	}
	domain := bytes.TrimSuffix(text[:end], []byte(".")) // of a sentence
	dot := bytes.LastIndexByte(domain, '.')
	return dot > 0 && len(domain)-dot > 2 && !keptDomain(domain)
}

func keptDomain(domain []byte) bool {
	const keep = "onaliyun.com"
	rest := len(domain) - len(keep)
	return rest >= 0 && bytes.EqualFold(domain[rest:], []byte(keep)) && (rest == 0 || domain[rest-1] == '.')
}

// accessKey returns the access key id in whose first letters the byte at i is.
func accessKey(text []byte, behind, i int) (from, to int) {
	least := 0
	if from = i - 2; from >= behind && i+1 < len(text) {
		switch string(text[from : i+2]) {
		case "AKIA", "ASIA":
			to, least = i+2, 20
		}
	}
	if least == 0 {
		if from--; from < behind {
			return 0, 0
		}
		switch string(text[from : i+1]) {
		case "LTAI", "STS.", "TMP.":
			to, least = i+1, 16
		default:
			return 0, 0
		}
	}
	for to < len(text) && isAlnum(text[to]) {
		to++
	}
	if to-from < least {
		return 0, 0
	}
	return from, to
}

// isLocal says whether a byte may be in the name of an e-mail address.
func isLocal(c byte) bool {
	return isAlnum(c) || c >= utf8.RuneSelf || c == '_' || c == '.' || c == '%' || c == '+' || c == '-'
}

func isAlnum(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' }

// unescape appends a JSON string, without its quotes, to dst without escapes.
func unescape(dst, s []byte) []byte {
	for {
		at := bytes.IndexByte(s, '\\')
		if at < 0 || at+1 == len(s) {
			return append(dst, s...)
		}
		dst = append(dst, s[:at]...)
		c := s[at+1]
		s = s[at+2:]
		switch c {
		case 'n':
			dst = append(dst, '\n')
		case 't':
			dst = append(dst, '\t')
		case 'r':
			dst = append(dst, '\r')
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'u':
			r := unit(s)
			s = s[min(4, len(s)):]
			if utf16.IsSurrogate(r) && bytes.HasPrefix(s, []byte(`\u`)) {
				if both := utf16.DecodeRune(r, unit(s[2:])); both != utf8.RuneError {
					r, s = both, s[min(6, len(s)):]
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
	}
}

// unit reads the four digits of \u.
func unit(s []byte) (r rune) {
	for _, c := range s[:min(4, len(s))] {
		if c > '9' {
			c += 9
		}
		r = r<<4 | rune(c&15)
	}
	return r
}

// ends has the last two letters of the names of secrets, by the lower five bits
// of each.
var ends = func() (t [1 << 10]bool) {
	for _, e := range []string{"rd", "wd", "et", "en", "ey", "on", "ls"} {
		t[int(e[0]&31)<<5|int(e[1]&31)] = true
	}
	return t
}()

// secretEnd says whether a name may be that of a secret: most are not.
func secretEnd(name []byte) bool {
	n := len(name)
	return n >= 3 && ends[int(name[n-2]&31)<<5|int(name[n-1]&31)]
}

// secretName says whether what a member of this name holds is to be masked.
func secretName(name []byte) bool {
	switch name[len(name)-1] | 0x20 {
	case 'd':
		return hasEnd(name, "pwd") || hasEnd(name, "password") || hasEnd(name, "passwd")
	case 't':
		return hasEnd(name, "secret")
	case 'y':
		return hasEnd(name, "privatekey")
	case 's':
		return hasEnd(name, "credentials")
	}
	return hasEnd(name, "authorization") ||
		hasEnd(name, "token") && !hasEnd(name, "nexttoken") && !hasEnd(name, "clienttoken") && !hasEnd(name, "continuationtoken")
}

// hasEnd says whether a name ends so, whatever its case, hyphens and underscores.
func hasEnd(name []byte, end string) bool {
	i := len(name) - 1
	for k := len(end) - 1; k >= 0; i-- {
		switch {
		case i < 0:
			return false
		case name[i]|0x20 == end[k]:
			k--
		case name[i] != '-' && name[i] != '_':
			return false
		}
	}
	return true
}
