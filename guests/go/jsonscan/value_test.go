package jsonscan

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestGet(t *testing.T) {
	const text = ` {"a":{"b":"\u0041\n","n":-12},"list":[1],"a\"b":true,"twice":{"x":1},"twice":{"y":2},"z":null} `
	tests := []struct {
		path string
		want string // raw; "" for none
	}{
		{"a.b", `"\u0041\n"`}, {"a.n", "-12"}, {"list", "[1]"}, {`a"b`, "true"}, {"twice.y", "2"},
		{"twice.x", ""}, {"none", ""}, {"a.b.c", ""}, {"list.0", ""}, {"z", "null"},
	}
	for _, test := range tests {
		v, ok := Get([]byte(text), strings.Split(test.path, ".")...)
		if string(v) != test.want || ok != (test.want != "") {
			t.Errorf("%s: got %q, %v; want %q", test.path, v, ok, test.want)
		}
	}
	if _, ok := Get([]byte(`{"a":1} x`), "a"); ok {
		t.Error("found a member of invalid text")
	}
	if v, ok := Get([]byte(`5`)); !ok || string(v) != "5" {
		t.Errorf("empty path: got %q, %v", v, ok)
	}
}

func TestValueInt(t *testing.T) {
	for text, want := range map[string]bool{"12": true, "-1": true, "1.5": false, `"1"`: false, "1e3": false, "99999999999999999999": false} {
		if n, ok := Value(text).Int(); ok != want {
			t.Errorf("%s: got %d, %v", text, n, ok)
		}
	}
}

func TestMembersAndElements(t *testing.T) {
	var got []string
	for k, v := range Members([]byte(`{"a":[1,{"x":2}],"b":"c"}`)) {
		got = append(got, string(k)+"="+string(v))
		for e := range Elements(v) {
			got = append(got, string(e))
		}
	}
	if s := strings.Join(got, " "); s != `a=[1,{"x":2}] 1 {"x":2} b="c"` {
		t.Error(s)
	}
	for k, v := range Members([]byte(`{"a":1`)) {
		if string(k) != "a" || string(v) != "1" {
			t.Errorf("got %s=%s", k, v)
		}
	}
}

func TestIsComparesMeaning(t *testing.T) {
	for s, want := range map[string]bool{`key`: true, `k\u0065y`: true, `k\\u0065y`: false, `kez`: false} {
		if Is([]byte(s), "key") != want {
			t.Errorf("Is(%s) = %v", s, !want)
		}
	}
	if Is([]byte(`a\nb`), `a\nb`) {
		t.Error("the written form was taken for the meaning")
	}
}

// FuzzGet holds Get and Text against a map of encoding/json.
func FuzzGet(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s), "a", "b")
	}
	f.Add([]byte(`{"key":{"":"x"}}`), "key", "")
	f.Fuzz(func(t *testing.T, text []byte, first, second string) {
		if !validLike(text) {
			return
		}
		var outer, inner map[string]json.RawMessage
		if json.Unmarshal(text, &outer) != nil {
			return
		}
		got, ok := Get(text, first)
		want, exists := outer[first]
		if ok != exists || !sameJSON(t, got, want) {
			t.Fatalf("%q: Get(%q) = %q, %v; encoding/json says %q, %v", text, first, got, ok, want, exists)
		}
		_ = json.Unmarshal(want, &inner)
		got, ok = Get(text, first, second)
		want, exists = inner[second]
		if ok != exists || !sameJSON(t, got, want) {
			t.Fatalf("%q: Get(%q, %q) = %q, %v; encoding/json says %q, %v", text, first, second, got, ok, want, exists)
		}
		var s string
		if exists && got.Kind() == String && json.Unmarshal(want, &s) == nil && string(got.Text(nil)) != s {
			t.Fatalf("%q means %q, not %q", got, s, got.Text(nil))
		}
	})
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	return bytes.Equal(bytes.TrimSpace(a), bytes.TrimSpace(b))
}

func TestView(t *testing.T) {
	if View(nil) != "" || View([]byte{}) != "" || View([]byte("ab")[1:]) != "b" {
		t.Error("a view is not what it views")
	}
}
