package offline

import (
	"strings"
	"testing"
)

func show(lines []DiffLine) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(string(l.Kind) + l.Text + "\n")
	}
	return b.String()
}

func TestDiff(t *testing.T) {
	for _, c := range []struct{ want, got, diff string }{
		{"", "", ""},
		{"a b c", "a b c", " a\n b\n c\n"},
		{"a b c", "a x c", " a\n-b\n+x\n c\n"},
		{"a b c", "c", "-a\n-b\n c\n"},
		{"", "a b", "+a\n+b\n"},
		{"a b c d e", "b x d y e", "-a\n b\n-c\n+x\n d\n+y\n e\n"},
	} {
		if got := show(diff(strings.Fields(c.want), strings.Fields(c.got))); got != c.diff {
			t.Errorf("%s and %s:\n%swant\n%s", c.want, c.got, got, c.diff)
		}
	}
}

// What a difference says is true, however much there is to compare.
func TestDiffOfMuch(t *testing.T) {
	for _, n := range []int{100, 3000} {
		var want, got []string
		for i := range n {
			want = append(want, strings.Repeat("w", i%7))
			got = append(got, strings.Repeat("w", i%5))
		}
		var a, b []string
		for _, l := range diff(want, got) {
			if l.Kind != '+' {
				a = append(a, l.Text)
			}
			if l.Kind != '-' {
				b = append(b, l.Text)
			}
		}
		if strings.Join(a, "\n") != strings.Join(want, "\n") || strings.Join(b, "\n") != strings.Join(got, "\n") {
			t.Errorf("%d lines: the difference does not hold both texts", n)
		}
	}
}

func TestDiffJSON(t *testing.T) {
	want := []string{`{"drop":true}`, `{"fields":{"a":"1","b":"2","c":"3","d":"4"}}`, `{"x":1}`, `{"y":1}`}
	got := []string{`{"fields":{"a":"1","b":"2","c":"x","d":"4"}}`, `{"x":1}`, `{"y":1}`, `{"z":1}`}
	if d := show(diffJSON(want[1:], got[:3])); d != "@line 1\n     \"b\": \"2\",\n-    \"c\": \"3\",\n+    \"c\": \"x\",\n     \"d\": \"4\"\n" {
		t.Error(d)
	}
	if d := show(diffJSON(want[2:], got[1:])); d != "@line 3\n+{\"z\":1}\n" {
		t.Error(d)
	}
	if d := show(diffJSON(want[:3], want[1:3])); d != "@line 1\n-{\"drop\":true}\n" {
		t.Error(d)
	}
	if d := diffJSON(want, want); len(d) > 0 {
		t.Error(show(d))
	}
}
