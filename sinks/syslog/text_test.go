package syslog

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// byCharacter is appendText without a thought of speed.
func byCharacter(s []byte, how style) (out []byte) {
	for len(s) > 0 {
		r, size := utf8.DecodeRune(s)
		switch {
		case r == utf8.RuneError:
			out = utf8.AppendRune(out, r)
		case r < 0x100 && (special[r]&(1<<how) != 0 && r < utf8.RuneSelf || r >= 0x80 && r <= 0x9f):
			out = appendEscape(out, byte(r), how)
		default:
			out = append(out, s[:size]...)
		}
		s = s[size:]
	}
	return out
}

func checkText(t *testing.T, s []byte) {
	t.Helper()
	for how := range styles {
		got, want := appendText([]byte("before"), s, how), byCharacter(s, how)
		if !bytes.Equal(got[len("before"):], want) || string(got[:len("before")]) != "before" {
			t.Errorf("style %d: %q became %q, want %q", how, s, got, want)
		}
	}
}

var texts = []string{
	"", "a", "1234567", "12345678", "0123456789abcdef0123", "tab\tin\tit", "line\nend\r\n", `a"b\c]d=e|f`, "\x00\x1f\x7f", "日志服务 и логи",
	"\xff\xfe", "\u0085\u009f\u00a0", "é", "\xc3", "12345678\xc3", "\ufffd", "\U0001f600 " + strings.Repeat("x", 30) + "\t",
}

func TestText(t *testing.T) {
	for _, s := range texts {
		checkText(t, []byte(s))
	}
	for n := range 20 { // any byte at any place, behind and before any
		for at := range n {
			for c := range 256 {
				s := []byte("abcdefgh\t\xc3\xa9ijklmnopqrst")[:n]
				s[at] = byte(c)
				checkText(t, s)
			}
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range texts {
		f.Add([]byte(s))
	}
	f.Fuzz(checkText)
}

func BenchmarkText(b *testing.B) {
	for _, c := range []struct {
		name, text string
		how        style
	}{
		{"short", "203.0.113.7", styleText},
		{"long", strings.Repeat(`{"eventName":"CreateAccessKey","eventVersion":1},`, 25), styleText},
		{"quotes", strings.Repeat(`{"eventName":"CreateAccessKey","eventVersion":1},`, 25), styleString},
		{"runes", strings.Repeat("日志服务", 100), styleText},
	} {
		b.Run(c.name, func(b *testing.B) {
			text, out := []byte(c.text), []byte(nil)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				out = appendText(out[:0], text, c.how)
			}
		})
	}
}
