package mask

import (
	"strings"
	"testing"

	"github.com/slswasm/slswasm/guests/go/jsonscan"
)

// jsonSlowly is JSON as it is said: each string is looked at, without its escapes.
func jsonSlowly(m *Masker, dst, src []byte, below int) ([]byte, bool, error) {
	w := jsonscan.Rewriter{Numbers: m.opts.numbers()}
	return w.Strings(dst, src, func(dst, key, text []byte) ([]byte, bool) {
		switch {
		case len(text) == 0:
			return dst, false
		case m.opts.SecretMembers && secretSlowly(string(key)):
			return append(dst, hidden...), string(text) != hidden
		}
		if k := jsonscan.Value(text).Kind(); below > 0 && (k == jsonscan.Object || k == jsonscan.Array) {
			if masked, changed, err := jsonSlowly(m, nil, text, below-1); err == nil {
				return append(dst, masked...), changed
			}
		}
		return appendSlowly(m, dst, text)
	})
}

// appendSlowly is Append as it is said: each byte is looked at, in order.
func appendSlowly(m *Masker, dst, text []byte) ([]byte, bool) {
	done := 0
	for i := 0; i < len(text); i++ {
		from, to, end := 0, 0, 0
		switch c := text[i]; {
		case c == '@' || c == '%':
			if m.opts.Emails {
				from, to = m.email(text, done, i)
				end = to
			}
		case class[c]&digit != 0:
			if m.opts.numbers() {
				from, to, end = m.number(text, i)
			}
		case m.opts.AccessKeys:
			if n := keyLen(string(text[i:])); n > 0 {
				from, to, end = i+head, i+n-tail, i+n
			}
		}
		if from < to {
			dst = append(dst, text[done:from]...)
			dst = appendHidden(dst, text[from:to], text[i])
			dst = append(dst, text[to:end]...)
			done = end
		}
		i = max(i, end-1)
	}
	if done == 0 {
		return dst, false
	}
	return append(dst, text[done:]...), true
}

func keyLen(text string) int {
	for prefix, least := range map[string]int{"LTAI": 16, "STS.": 16, "TMP.": 16, "AKIA": 20, "ASIA": 20} {
		if !strings.HasPrefix(text, prefix) {
			continue
		}
		n := len(prefix)
		for n < len(text) && class[text[n]]&alnum != 0 {
			n++
		}
		if n >= least {
			return n
		}
	}
	return 0
}

// domainSlowly is domainLen as it is said.
func domainSlowly(b []byte) int {
	end, label, letters, dots := 0, 0, 0, 0
	for i, c := range b {
		switch {
		case class[c]&alnum != 0 || c == '-' && label > 0:
			label++
			if class[c]&letter != 0 {
				letters++
			}
			if dots > 0 && letters >= 2 {
				end = i + 1
			}
		case c == '.' && label > 0:
			dots++
			label, letters = 0, 0
		default:
			return end
		}
	}
	return end
}

// secretSlowly is SecretName as it is said.
func secretSlowly(name string) bool {
	if len(name) < 3 || strings.ContainsAny(name[len(name)-3:], "-_") {
		return false // where three letters tell nothing, the name is not looked at
	}
	lower := strings.Map(func(r rune) rune {
		switch {
		case r == '-' || r == '_':
			return -1
		case 'A' <= r && r <= 'Z':
			return r | 0x20
		}
		return r
	}, name)
	for _, s := range []string{"nexttoken", "clienttoken", "continuationtoken"} {
		if strings.HasSuffix(lower, s) {
			return false
		}
	}
	for _, s := range []string{"password", "passwd", "pwd", "secret", "token", "privatekey", "authorization", "credentials"} {
		if strings.HasSuffix(lower, s) {
			return true
		}
	}
	return false
}

// FuzzSlowly: what is found by words and by ends of names is what is found by
// looking at each byte.
func FuzzSlowly(f *testing.F) {
	for _, seed := range []string{
		"LTAI5tExampleKey000000001 AKIAIOSFODNN7EXAMPLE ASIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE", "STS.NTExampleExampleExampleSTS.TMP.3KdExampleExample",
		"alice@example.com%40LTAI5tExampleKey000000001@example.com", "call 13812345678 or +86 138 1234 5678, 4111 1111 1111 1111",
		"LTAIAKIAASIAIOSFODNN7EXAMPLEAKIA", "1.2.3.4 I.I.I.@@%%AB/H$", "a\xc0\xae\xc9@b.cc", "next-token", "Client_Token", "pass-word", "toke-n", "pw_d", "x-db_pwd",
		"my.private_KEY", "continuationToken", "Authorization", "credentials", "-secret", "LTAI5tExampleKey000000001STS.", "%0LTAI0000000000000",
		"example.com", "a.b-.c--d-.e9-xn--p1ai.", "1.2.33.4a4.5-b-c-.com-..net", "a.x--.-b.cc",
	} {
		f.Add(seed)
	}
	maskers := []*Masker{all(), everything(), New(Options{AccessKeys: true}), New(Options{Emails: true}), New(Options{Phones: true}), New(Options{})}
	f.Fuzz(func(t *testing.T, text string) {
		for i, m := range maskers {
			got, masked := m.Append([]byte(">"), []byte(text))
			want, wanted := appendSlowly(m, []byte(">"), []byte(text))
			if string(got) != string(want) || masked != wanted {
				t.Errorf("%d: %q became %q, %v; want %q, %v", i, text, got, masked, want, wanted)
			}
		}
		if got, want := domainLen([]byte(text)), domainSlowly([]byte(text)); got != want {
			t.Errorf("%q starts with a domain of %d bytes, not %d", text, want, got)
		}
		if got := SecretName([]byte(text)); got != secretSlowly(text) {
			t.Errorf("SecretName(%q) is %v", text, got)
		}
	})
}
