package sinks_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slswasm/slswasm/sinks"
)

// asText is what s must decode to: each byte of no character is U+FFFD.
func asText(s []byte) string {
	var b strings.Builder
	for _, r := range string(s) { // ranging decodes as encoding/json does
		b.WriteRune(r)
	}
	return b.String()
}

func checkJSONString(t *testing.T, s []byte) {
	t.Helper()
	out := sinks.AppendJSONString([]byte("before"), s)
	out, found := bytes.CutPrefix(out, []byte("before"))
	if !found {
		t.Fatalf("%q: what was there before is gone", s)
	}
	if !utf8.Valid(out) {
		t.Fatalf("%q: not valid UTF-8: %q", s, out)
	}
	var got string
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%q: %v in %q", s, err, out)
	}
	if want := asText(s); got != want {
		t.Fatalf("%q: decodes to %q, want %q", s, got, want)
	}
}

var hardTexts = []string{
	"", "a", `"`, `\`, "\x00", "\x1f", " ", "\x7f", "\n\r\t\b\f", "\x80", "\xff", "\xc3", "\xe4\xb8", "\xed\xa0\x80", "\ufffd", "中文日志",
	"1234567", "12345678", "123456789", "12345678\"", "1234567\"8", "\"12345678", "12345678\xff", "1234567中", `{"a":"b\\"}`,
	"\u2028\u2029", "\U0001f600", "<script>&", strings.Repeat("x", 100) + "\x00" + strings.Repeat("y", 100), strings.Repeat("\x01", 1000),
}

func TestAppendJSONString(t *testing.T) {
	for _, s := range hardTexts {
		checkJSONString(t, []byte(s))
	}
	for b := range 256 { // each byte at each place of a word, and alone
		for at := range 17 {
			s := bytes.Repeat([]byte("."), 17)
			s[at] = byte(b)
			checkJSONString(t, s)
			checkJSONString(t, s[at:at+1])
		}
	}
	var all []byte
	for r := rune(0); r <= utf8.MaxRune; r++ {
		all = utf8.AppendRune(all, r)
	}
	checkJSONString(t, all)
}

// Marks of neighbours must not be mistaken: every pair of bytes, and words of
// bytes that sit at the borders of what must be escaped.
func TestAppendJSONStringNeighbours(t *testing.T) {
	for a := range 256 {
		for b := range 256 {
			checkJSONString(t, []byte{'.', '.', byte(a), byte(b), '.', '.', '.', '.', '.'})
		}
	}
	border := []byte{0, 1, 0x1f, ' ', '!', '"', '#', '[', '\\', ']', 0x7e, 0x7f, 0x80, 0x81, 0x9f, 0xa0, 0xa2, 0xdc, 0xff}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		s := make([]byte, 8+r.IntN(20))
		for i := range s {
			s[i] = border[r.IntN(len(border))]
		}
		checkJSONString(t, s)
	}
}

func FuzzAppendJSONString(f *testing.F) {
	for _, s := range hardTexts {
		f.Add([]byte(s))
	}
	f.Fuzz(checkJSONString)
}

func TestAppendJSONRaw(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"a":[1,true,null]}`, `{"a":[1,true,null]}`},
		{"\"\xff\xe4\xb8\"", "\"\ufffd\ufffd\ufffd\""},
		{"{\"中\xff\":1}", "{\"中\ufffd\":1}"},
	} {
		if got := string(sinks.AppendJSONRaw(nil, []byte(c.in))); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzAppendJSONRaw(f *testing.F) {
	for _, s := range []string{`{}`, `"é"`, "\"\xff\"", `[1e5,"\ud800"]`, "{\"\xf0\x9f\":1}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if !json.Valid(in) {
			t.Skip()
		}
		out := sinks.AppendJSONRaw(nil, in)
		if !utf8.Valid(out) || !json.Valid(out) {
			t.Fatalf("%q became %q", in, out)
		}
	})
}

func TestAppendJSONAllocates(t *testing.T) {
	dst := make([]byte, 0, 4096)
	s := []byte("GET /中文?q=\"x\"\n\xff and some more that is plain")
	if n := testing.AllocsPerRun(100, func() { dst = sinks.AppendJSONString(dst[:0], s) }); n != 0 {
		t.Errorf("%v allocations a string, want none", n)
	}
}

func BenchmarkAppendJSONString(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"7B", "userAge"}, {"20B", "ecs.aliyuncs.com 200"}, {"36B", "0D2FB2FB-3B9C-5F2E-8E9C-5F0C4C6C3E1B"},
		{"json", strings.Repeat(`{"eventVersion":"1","eventName":"CreateUser"},`, 12)},
		{"600B", strings.Repeat("plain words and ", 38)}, {"chinese", strings.Repeat("日志服务审计", 30)},
	} {
		b.Run(c.name, func(b *testing.B) {
			dst := make([]byte, 0, 8192)
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				dst = sinks.AppendJSONString(dst[:0], []byte(c.text))
			}
		})
	}
}
