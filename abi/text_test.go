package abi

import "testing"

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain text, ünïcode 日本": "plain text, ünïcode 日本",
		"a\nb\r\tc":              `a\nb\r\tc`,
		"\x1b[31mred\x00":        `\x1b[31mred\x00`,
		"\xff\xfe":               "\ufffd\ufffd",
		"\u202egnp\u2028":        `\u202egnp\u2028`,
		"0123456789012345678901234567890123456789": "01234567890123456789012345678901…",
		"0123456789012345678901234567890日本":        "0123456789012345678901234567890…",
		"":                                         "",
	} {
		if got := Printable([]byte(in), 32); got != want {
			t.Errorf("%q\n got %s\nwant %s", in, got, want)
		}
	}
}
