package slswasmtest

import (
	"strings"
	"testing"
)

func TestParseLog(t *testing.T) {
	l, err := parseLog(`{"__time__":"17","__time_ns_part__":"5","b":"x","a":""}`)
	if err != nil || l.Time != 17_000_000_005 || len(l.Fields) != 4 || l.Fields[2] != (Field{Key: "b", Value: "x"}) {
		t.Errorf("got %+v, %v", l, err)
	}
	for _, line := range []string{`[]`, `{"a":1}`, `{"__time__":"x"}`, `{"a":"b"`, ``, `{"a":"1","a":"2"}`} {
		if l, err := parseLog(line); err == nil {
			t.Errorf("%s: got %+v", line, l)
		}
	}
}

func TestResultLines(t *testing.T) {
	body, severity := `{"x": 1}`, uint8(3)
	e := Event{Time: 1, Fields: []Field{{Key: "b", Value: "<é\""}, {Key: "a", Value: `{"x": [1]}`, JSON: true}}}
	withBody := Event{Time: 2, Body: &body, BodyJSON: true, Meta: Meta{Index: "i", Severity: &severity, Fields: []Field{{Key: "k", Value: "v"}},
		Structured: []Param{{"id", "n", "v"}}, Route: "west"}}
	text := Event{Time: 2, Body: &body}
	got := Result{Verdict: Emit, Events: []Event{e, withBody, text}}.lines(Log{Time: 2})
	want := []string{
		`{"time":"1","fields":{"b":"<é\"","a":{"x":[1]}}}`,
		`{"body_json":{"x":1},"meta":{"index":"i","fields":{"k":"v"},"severity":3,"structured":[["id","n","v"]],"route":"west"}}`,
		`{"body":"{\"x\": 1}"}`,
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
	for _, r := range []Result{{Verdict: Drop}, {Verdict: Emit}, {Verdict: Fail, Reason: "why"}} {
		if s := r.lines(Log{}); len(s) != 1 || s[0] != `{"drop":true}` && s[0] != `{"fail":"why"}` {
			t.Errorf("%s: %v", r.Verdict, s)
		}
	}
}

func TestSameOrdered(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{`{"a":1,"b":"é"}`, ` { "a" : 1, "b": "\u00e9" }`, true},
		{`{"a":1,"b":2}`, `{"b":2,"a":1}`, false},
		{`{"a":1}`, `{"a":"1"}`, false},
		{`{"a":1}`, `{"a":1,"b":2}`, false},
		{`[[]]`, `[]`, false},
	}
	for _, test := range tests {
		if got, err := sameOrdered(test.a, test.b); got != test.want || err != nil {
			t.Errorf("%s, %s: %v, %v", test.a, test.b, got, err)
		}
	}
	if _, err := sameOrdered(`{}`, `{"a"`); err == nil {
		t.Error("text that is not JSON was taken")
	}
}

func TestArchive(t *testing.T) {
	const text = "what it shows\n\n-- a --\none\ntwo\n-- b.json --\n-- c --\nx\n"
	a := parseArchive([]byte(text))
	if a.files["a"] != "one\ntwo\n" || a.files["c"] != "x\n" || string(a.format()) != text {
		t.Errorf("got %q", a.format())
	}
	a.set("c", "y\n")
	a.set("d", "z\n")
	if !strings.HasSuffix(string(a.format()), "-- c --\ny\n-- d --\nz\n") {
		t.Errorf("got %q", a.format())
	}
}
