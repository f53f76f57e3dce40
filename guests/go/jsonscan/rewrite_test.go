package jsonscan

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestRewriterReplacesStrings(t *testing.T) {
	const src = ` {"a" : "x\u0041", "n": 5, "list":["x","keep",{"b":"x\ny"}], "x":"z"} `
	var w Rewriter
	var keys []string
	got, replaced, err := w.Strings([]byte(">"), []byte(src), func(dst, key, text []byte) ([]byte, bool) {
		keys = append(keys, string(key))
		if text[0] != 'x' {
			return dst, false
		}
		return append(append(dst, `<"`...), text...), true
	})
	if err != nil || !replaced {
		t.Fatal(replaced, err)
	}
	const want = `> {"a" : "<\"xA", "n": 5, "list":["<\"x","keep",{"b":"<\"x\ny"}], "x":"z"} `
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if s := strings.Join(keys, " "); s != "a list list b x" {
		t.Errorf("keys: %s", s)
	}
}

func TestRewriterKeepsWhatIsKept(t *testing.T) {
	var w Rewriter
	src := []byte(`{"a":"\u0041","b":""}`)
	none := func(dst, _, _ []byte) ([]byte, bool) { return dst, false }
	got, replaced, err := w.Strings(nil, src, none)
	if err != nil || replaced || &got[0] != &src[0] {
		t.Errorf("got %s, %v, %v", got, replaced, err)
	}
	if _, _, err := w.Strings(nil, []byte(`{"a":"b"`), none); err == nil {
		t.Error("invalid text was taken")
	}
	if n := testing.AllocsPerRun(100, func() { _, _, _ = w.Strings(nil, src, none) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzRewriter replaces every string by its own text: what the JSON means
// must stay.
func FuzzRewriter(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		var w Rewriter
		got, _, err := w.Strings(nil, src, func(dst, _, text []byte) ([]byte, bool) {
			return append(dst, text...), true
		})
		if (err == nil) != validLike(src) {
			t.Fatalf("%q: %v", src, err)
		}
		if err != nil {
			return
		}
		var before, after any
		if json.Unmarshal(src, &before) != nil {
			return // a number out of range
		}
		if err := json.Unmarshal(got, &after); err != nil || !reflect.DeepEqual(before, after) {
			t.Fatalf("%q became %q: %v", src, got, err)
		}
	})
}
