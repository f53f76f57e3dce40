package jsonscan

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

var samples = []string{
	`{}`, `[]`, ` null `, `true`, `false`, `-0.5e+10`, `"a"`, `"\u00e9\ud83d\ude00\ud800x\n\/"`,
	`{"a":{"b":[1,2,{"c":"d"}]},"e":"f","a":{"x":"y"}}`, `{"a":1,}`, `[1,]`, `[,1]`, `{"a"}`, `{"a":}`,
	`01`, `1.`, `.1`, `1e`, `-`, `+1`, `tru`, `"a`, `"\x"`, `"\u12g4"`, "\"\x01\"", "\"\xff\"", `"a" "b"`,
	`{"k\u0065y":"v","":{"":1}}`, "\t[ 1 ,\r\n2 ] ", `[[[[]]]]`, `]`, `}`, `{]`, `[}`, ``, ` `, "\v1", "\"\x7f\"",
	`{"requestParameterJson":"{\"AccessKeyId\":\"LTAI5tExample\"}"}`,
	strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth),
}

func TestDepthIsLimited(t *testing.T) {
	for n, want := range map[int]bool{MaxDepth: true, MaxDepth + 1: false} {
		if got := Valid([]byte(strings.Repeat("[", n) + strings.Repeat("]", n))); got != want {
			t.Errorf("%d deep: valid = %v", n, got)
		}
	}
}

func TestScannerVisitsValues(t *testing.T) {
	type visit struct {
		kind  Kind
		depth int
		key   string
		raw   string
	}
	var got []visit
	var s Scanner
	s.Reset([]byte(`{"a": {"b": [1, "x", {"c": null}], "s": [[]] }, "d": true}`))
	for s.Next() {
		if string(s.Key()) == "s" && s.Kind() == Array {
			s.Skip()
		}
		got = append(got, visit{s.Kind(), s.Depth(), string(s.Key()), string(s.Raw())})
	}
	want := []visit{
		{Object, 0, "", "{"}, {Object, 1, "a", "{"}, {Array, 2, "b", "["}, {Number, 3, "b", "1"}, {String, 3, "b", `"x"`},
		{Object, 3, "b", "{"}, {Null, 4, "c", "null"}, {End, 3, "b", "}"}, {End, 2, "b", "]"}, {Array, 2, "s", "[[]]"},
		{End, 1, "a", "}"}, {Bool, 1, "d", "true"}, {End, 0, "", "}"},
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("visit %d:\ngot  %v\nwant %v", i, got, want)
		}
	}
}

func TestErrorsSayWhere(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1`:                        "the text ends too early at byte 6",
		`{"a":01}`:                      "unexpected character at byte 6",
		"\"\xff\"":                      "a string is not valid UTF-8 at byte 1",
		`1 2`:                           "something follows the value at byte 2",
		`{"a" "b":1}`:                   "unexpected character at byte 5",
		strings.Repeat("[", MaxDepth+1): "objects and arrays are nested more than 256 deep at byte 256",
	} {
		var s Scanner
		s.Reset([]byte(text))
		for s.Next() {
		}
		if err := s.Err(); err == nil || err.Error() != want {
			t.Errorf("%.20s: got %v, want %s", text, err, want)
		}
	}
}

// validLike is what Valid promises, in encoding/json's words.
func validLike(text []byte) bool {
	return json.Valid(text) && utf8.Valid(text) && depthOf(text) <= MaxDepth
}

func depthOf(text []byte) (deepest int) {
	depth, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case !inString && (c == '[' || c == '{'):
			depth++
			deepest = max(deepest, depth)
		case !inString && (c == ']' || c == '}'):
			depth--
		}
	}
	return deepest
}

func FuzzValid(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := Valid(text), validLike(text); got != want {
			t.Errorf("Valid(%q) = %v, encoding/json says %v", text, got, want)
		}
	})
}

func BenchmarkValid(b *testing.B) {
	text := sampleEvent(b)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if !Valid(text) {
			b.Fatal("not valid")
		}
	}
}

func BenchmarkGet(b *testing.B) {
	text := sampleEvent(b)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Get(text, "userIdentity", "type"); !ok {
			b.Fatal("not found")
		}
	}
}

// sampleEvent is the first event of the ActionTrail samples.
func sampleEvent(tb testing.TB) []byte {
	data, err := os.ReadFile(filepath.FromSlash("../../../testdata/logs/actiontrail.jsonl"))
	if err != nil {
		tb.Skip(err) // this module may be used without the repository
	}
	var log map[string]string
	line, _, _ := strings.Cut(string(data), "\n")
	if err := json.Unmarshal([]byte(line), &log); err != nil {
		tb.Fatal(err)
	}
	return []byte(log["event"])
}
