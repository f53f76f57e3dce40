package yamlfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func environment(name string) (string, bool) {
	value, ok := map[string]string{"A": "alpha", "EMPTY": "", "NESTED": "${A}", "F": "file:secret"}[name]
	return value, ok
}

// parse returns the entries of a text.
func parseMap(t *testing.T, text string) map[string]Value {
	t.Helper()
	root, err := Parse("test.yaml", []byte(text), environment)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := root.Map()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]Value{}
	for _, e := range entries {
		values[e.Key] = e.Value
	}
	return values
}

// A text is what is written, whatever YAML takes it for.
func TestTexts(t *testing.T) {
	values := parseMap(t, "\ufeff%YAML 1.2\n---\n# remark\na: 0644\nb: 1_000\nc: 1.10 # why\nd: 0x1f\ne: .inf\nf: 2026-01-31T08:00:00Z\r\ng: yes\n"+
		"\"h\": 'it''s'\ni: \"tab\\tand ü\"\nj: |\n  two\n  lines\nk: >-\n  one\n  line\nl: true\nm: &anchor x\nn: *anchor\n1: one\n...\n")
	for key, want := range map[string]string{
		"a": "0644", "b": "1_000", "c": "1.10", "d": "0x1f", "e": ".inf", "f": "2026-01-31T08:00:00Z", "g": "yes", "h": "it's",
		"i": "tab\tand ü", "j": "two\nlines\n", "k": "one line", "l": "true", "m": "x", "n": "x", "1": "one",
	} {
		if got, err := values[key].Text(); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", key, got, err, want)
		}
	}
	for _, empty := range []string{"", "# nothing\n", "---\n"} {
		if v, err := Parse("test.yaml", []byte(empty), environment); !v.IsZero() || err != nil {
			t.Errorf("%q: %v, %v", empty, v, err)
		}
	}
}

func TestReferences(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("s3 ${A}\nx\r\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"plain $A": "plain $A", "${A}": "alpha", "x${A}y${A}": "xalphayalpha", "${NONE:-d}": "d", "${EMPTY:-d}": "d", "${EMPTY}": "", "${NONE:-}": "",
		"$${A}": "${A}", "$$${A}": "$${A}", "${NESTED}": "${A}", "file:secret": "s3 ${A}\nx", "file:${NONE:-secret}": "s3 ${A}\nx",
		"${F}": "file:secret", "$$file:x": "file:x", "$$file:${A}": "file:alpha", "a file:b": "a file:b", "file:" + dir + "/secret": "s3 ${A}\nx",
		"$": "$", "$$": "$$", "{}": "{}", "}${A}{": "}alpha{",
	} {
		root, err := Parse(path, []byte("k: '"+text+"'\n"), environment)
		if err != nil {
			t.Fatal(err)
		}
		entries, _ := root.Map()
		if got, err := entries[0].Text(); got != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "a", "${A}", "$${A}", "$$${", "${", "$$", "file:x", "$$file:x", "$$$file:x", "file:${A}", "$file:"} {
		f := &file{lookup: environment}
		if got, refers, err := f.expand(Escape(text)); got != text || refers || err != nil {
			t.Errorf("%q is escaped as %q, which is %q, %t, %v", text, Escape(text), got, refers, err)
		}
	}
}

// What is wrong in a text, and what is said about it.
func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1\nb: 2\na: 3\n":        "3:1: a: the key stands twice, first on line 1\n    3 | a: 3\n      | ^",
		"a:\n  b: 1\n  \"b\": 1\n":  "3:3: b: the key stands twice",
		"a: 1\n---\nb: 2\n":         "3:1: a second document begins here",
		"a:\n\tb: 1\n":              "2:1: a tab: YAML is indented with spaces alone",
		"a:\n  - b: 1\n\t  c: 1\n":  "3:1: a tab",
		"a: x\n b: y\n":             "2:2: a key and its colon cannot stand here",
		"a: b\n  c: d\n":            "2:3: a key and its colon cannot stand here",
		"a: b: c\n":                 "1:4: a key and its colon cannot stand here",
		"a:\n  - x: 1\n   y: 2\n":   "3:4: the indentation of this line is that of no line above it",
		"a: \"x\nb: 1\n":            "1:4: a quotation mark that is not closed",
		"a: 'x\n":                   "1:4: a quotation mark that is not closed",
		"a: [1, 2\nb: 3\n":          "1:4: this [ is not closed, or a comma is missing",
		"s:\n  - a: [x\n  - b: 1\n": "2:8: this [ is not closed, or a comma is missing up to line 3",
		"a: {b: 1\nc: 1\n":          "1:4: this { is not closed",
		"a: [${A}, b]\n":            "1:6: in brackets or braces, \"${...}\" wants quotes",
		"a: {b: ${A}}\n":            "1:9: in brackets or braces, \"${...}\" wants quotes",
		"a: @x\n":                   "1:4: a value that begins with this character wants quotes",
		"a: %x\n":                   "1:4: a value that begins with % wants quotes",
		"a: ***\n":                  "1:6: a value that begins with * wants quotes",
		"a: * | where x\n":          "1:6: a value that begins with * wants quotes",
		"a: &x 1\nb: *y\n":          "2:4: *y: there is no anchor &y before this; a value",
		"a: &common 1\nb: *comon\n": "2:4: *comon: there is no anchor &comon before this; did you mean *common?",
		"a: &x [*x]\n":              "1:8: *x: there is no anchor &x before this",
		"a: &x 1\nb: &x 1\n":        "2:4: the anchor &x stands twice",
		"- a\n- b\n":                "1:1: want KEY: VALUE, not a list",
		"just text\n":               "1:1: want KEY: VALUE, not a text",
		"a:b\n":                     "1:1: want KEY: VALUE, not a text",
		"a: 1\nb\n":                 "2:1: want KEY: VALUE, with a space behind the colon",
		"? a\n: b\n":                "1:1: a key that begins with ?",
		"a: 1\nb: \xff\n":           "2:1: not UTF-8",
		"a: !!str 1\n":              "1:4: tags such as !!str mean nothing here",
		"a:\n":                      "1:1: there is no value: leave the key out",
		"a: ~\n":                    "1:1: there is no value",
		"a: ${NONE}\n":              "1:4: ${NONE}: this environment variable is not set",
		"a: x${A\n":                 "1:4: ${ begins a reference such as",
		"a: \"${A:+x}\"\n":          "1:4: ${ begins a reference such as",
		"a: file:nowhere/x\n":       "1:4: open nowhere/x: no such file",
		"a: [b]\n":                  "1:4: want one value, not a list\n    1 | a: \n      |    ^",
		"a: {b: c}\n":               "1:4: want one value, not a mapping",
		"x: &x {a: 1}\ny:\n  <<: [*x, nothing]\n": "3:12: want KEY: VALUE, not a text",
	} {
		root, err := Parse("test.yaml", []byte(text), environment)
		if err == nil {
			var entries []Entry
			entries, err = root.Map()
			for _, e := range entries {
				if err != nil {
					break
				}
				if e.IsMap() && e.Key != "a" {
					_, err = e.Map()
					continue
				}
				_, err = e.Text()
			}
		}
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := e.Error(); !strings.HasPrefix(got, "test.yaml:"+want) {
			t.Errorf("%q: %s\nwant %s", text, got, want)
		}
	}
}

// No error shows a value other than the one that it is about, and none a
// secret.
func TestNoSecretInErrors(t *testing.T) {
	const secret = "S3CRET"
	for _, text := range []string{
		"token: \"" + secret, "token: @" + secret, "token: " + secret + "\ntoken: " + secret, "{token: " + secret + ", b", "x:\n\ttoken: " + secret,
		"token: |\n  " + secret + "\n " + secret, "hec-token: x: " + secret, "token: [${" + secret + "]", "token: " + secret + "\n  b: c", "password: %" + secret,
	} {
		_, err := Parse("test.yaml", []byte(text), environment)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", text, err)
		}
	}
	values := parseMap(t, "{token: "+secret+", other: 5, list: ["+secret+", "+secret+"]}")
	for _, err := range []error{
		values["other"].Errorf("x"), values["other"].KeyErrorf("x"), values["token"].KeyErrorf("x"), values["token"].Secret().Errorf("x"), values["list"].Errorf("x"),
	} {
		if strings.Contains(err.Error(), secret) {
			t.Error(err)
		}
	}
	if err := values["token"].Errorf("x"); !strings.Contains(err.Error(), secret) {
		t.Errorf("%v: does not show what it is about", err)
	}
}

func TestMerge(t *testing.T) {
	values := parseMap(t, "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 0\n")
	entries, err := values["z"].Map()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range entries {
		got[e.Key], _ = e.Text()
	}
	if d := cmp.Diff(map[string]string{"a": "0", "b": "2", "c": "4"}, got); d != "" {
		t.Error(d)
	}
}

func TestJSON(t *testing.T) {
	values := parseMap(t, `a: {z: 1, b: [true, null, 1.50, 0x10, "<x>", "${A}"], key: s, n: {}}
inf: [.inf]
b0: &b0 [x, x, x, x, x, x, x, x, x, x]
b1: &b1 [*b0, *b0, *b0, *b0, *b0, *b0, *b0, *b0, *b0, *b0]
b2: &b2 [*b1, *b1, *b1, *b1, *b1, *b1, *b1, *b1, *b1, *b1]
b3: &b3 [*b2, *b2, *b2, *b2, *b2, *b2, *b2, *b2, *b2, *b2]
b4: [*b3, *b3, *b3, *b3, *b3, *b3, *b3, *b3, *b3, *b3]
`)
	got, err := values["a"].JSON(nil)
	if want := `{"z":1,"b":[true,null,1.50,16,"<x>","alpha"],"key":"s","n":{}}`; string(got) != want || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	got, err = values["a"].JSON(func(key string, refers bool) bool { return refers || key == "key" })
	if want := `{"z":1,"b":[true,null,1.50,16,"<x>","***"],"key":"***","n":{}}`; string(got) != want || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	for key, want := range map[string]string{"inf": "JSON has no such number", "b4": "more than 100000 values"} {
		if _, err := values[key].JSON(nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"max-in-flight", "endpoint", "project", "hec-url"}
	for word, want := range map[string]string{
		"maxInFlight": "max-in-flight", "max_in_flight": "max-in-flight", "endpiont": "endpoint", "projects": "project", "porject": "project", "zebra": "", "": "",
	} {
		if got, _ := Nearest(word, known); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

func TestLimits(t *testing.T) {
	if _, err := Parse("large.yaml", make([]byte, maxSize+1), environment); err == nil || !strings.Contains(err.Error(), "is larger than") {
		t.Error(err)
	}
	path := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(path, make([]byte, maxSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := parseMap(t, "a: file:"+path)["a"].Text(); err == nil || !strings.Contains(err.Error(), "is larger than") {
		t.Error(err)
	}
}

// FuzzParse: whatever the text, there is a value or an error with a line that
// the text has.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"a: 1\nb: [x, {y: z}]\n", "a: &x {b: 1}\nc:\n  <<: *x\n", "a: |\n  x\n", "? a\n: b\n", "a: !t x", "[{", "a:\n\tb", "\ufeff", "a: *a", "- - - a",
		"a: ${A}\nb: file:x", "%YAML 1.2\n---\na: 'b'\n...\n---\n", "a: \"\\u00e9\"", "<<: {a: 1}", "a: >-\r\n  b\r\n", "{a: b, ? c, : d}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 { // the parser takes time with its square
			return
		}
		lines := strings.Count(text, "\n") + 1
		check := func(err error) {
			if e, ok := errors.AsType[*Error](err); ok && (e.Line < 1 || e.Line > lines || e.Column < 1 || e.Error() == "") {
				t.Errorf("%v: of %d lines", err, lines)
			}
		}
		root, err := Parse("fuzz.yaml", []byte(text), environment)
		check(err)
		if err != nil || root.IsZero() {
			return
		}
		budget := 1000
		walk(root, &budget, check)
		_, err = root.JSON(nil)
		check(err)
	})
}

// walk asks every value for everything.
func walk(v Value, budget *int, check func(error)) {
	if *budget--; *budget < 0 {
		return
	}
	check(v.Errorf("x"))
	check(v.Secret().KeyErrorf("x"))
	_, err := v.Text()
	check(err)
	items, err := v.List()
	check(err)
	for _, item := range items {
		walk(item, budget, check)
	}
	entries, err := v.Map()
	check(err)
	for _, e := range entries {
		walk(e.Value, budget, check)
	}
}
