package jsonscan

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzUnescape: text that was made JSON by encoding/json is what it was, whatever the buffer.
func FuzzUnescape(f *testing.F) {
	f.Add("", 0)
	f.Add("1234567", 8)
	f.Add("12345678\"", 3)
	f.Add("\b\f\n\r\t/\\\"", 0)
	f.Add(`{"a":"{\"b\":\"\\\"\"}"}`, 100)
	f.Add("<é😀> and more, \x00, \u2028", 20)
	f.Fuzz(func(t *testing.T, text string, size int) {
		text = string([]rune(text)) // valid UTF-8
		s, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		s = s[1 : len(s)-1]
		buf := make([]byte, max(0, size%256))
		got := Unescape(buf, s)
		if string(got) != text {
			t.Errorf("%s became %q", s, got)
		}
		if len(got) > 0 && (&got[0] == &s[0]) == escaped(s) {
			t.Errorf("%s: only a text without escapes is a view", s)
		}
	})
}

func FuzzAppendString(f *testing.F) {
	f.Add([]byte("a\"b\\\n\x00\x1f\x7f\xffé😀"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got := AppendString(nil, text)
		var s string
		if err := json.Unmarshal(got, &s); err != nil || s != string([]rune(string(text))) {
			t.Errorf("%q became %s: %v", text, got, err)
		}
		if !bytes.Equal(got, AppendString(nil, string(text))) {
			t.Error("bytes and string differ")
		}
	})
}
