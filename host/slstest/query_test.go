package slstest

import (
	"slices"
	"testing"
)

func TestParseQuery(t *testing.T) {
	tests := []struct {
		text, field string
		values      []string // nil when the text is refused
	}{
		{"*", "", []string{}},
		{" * | where level = 'error' ", "level", []string{"error"}},
		{"*|where level='error'", "level", []string{"error"}},
		{"* | WHERE level IN ('a','b')", "level", []string{"a", "b"}},
		{`* | where "__tag__:host" in ( 'it''s' )`, "__tag__:host", []string{"it's"}},
		{`* | where a = ''`, "a", []string{""}},
		{`* | where a.b-c:d = 'x'`, "a.b-c:d", []string{"x"}},
		{"", "", nil},
		{"error", "", nil},
		{"* and x", "", nil},
		{"* | where", "", nil},
		{"* | where a", "", nil},
		{"* | where a = b", "", nil},
		{`* | where a = "b"`, "", nil},
		{"* | where a = 'b", "", nil},
		{"* | where a = 'b' and c = 'd'", "", nil},
		{"* | where a != 'b'", "", nil},
		{"* | where a in ()", "", nil},
		{"* | where a in ('b'", "", nil},
		{"* | where a in ('b' 'c')", "", nil},
		{"* | where = 'b'", "", nil},
		{`* | where "" = 'b'`, "", nil},
		{"* | extend a = 'b'", "", nil},
	}
	for _, tt := range tests {
		q, err := parseQuery(tt.text)
		if tt.values == nil {
			if err == nil || answer(err).Code != codeParameterInvalid {
				t.Errorf("%q: %v, %v", tt.text, q, err)
			}
			continue
		}
		if err != nil || q.field != tt.field || !slices.Equal(q.values, tt.values) {
			t.Errorf("%q: %+v, %v", tt.text, q, err)
		}
	}
}

func TestFilter(t *testing.T) {
	g := Group{
		Topic: "T", Source: "S", Tags: []KV{{"host", "h1"}, {"host", "h2"}},
		Logs: []Log{
			{Time: 1, Contents: []KV{{"a", "x"}}},
			{Time: 2, Contents: []KV{{"a", "x"}, {"a", "y"}}},
			{Time: 3, Nanos: 7, Contents: []KV{{"__topic__", "own"}, {"__time__", "9"}}},
		},
	}
	tests := []struct {
		field string
		want  string
		logs  int
	}{
		{"", "", 3},
		{"a", "x", 1}, // the last value wins
		{"a", "y", 1},
		{"a", "z", 0},
		{"b", "", 0}, // absent is not empty
		{"__topic__", "T", 2},
		{"__topic__", "own", 1},
		{"__source__", "S", 3},
		{"__tag__:host", "h2", 3},
		{"__tag__:host", "h1", 0},
		{"__time__", "2", 1},
		{"__time__", "9", 1},
		{"__time__", "3", 0},
		{"__time_ns_part__", "7", 1},
	}
	for _, tt := range tests {
		q := &query{field: tt.field, values: []string{tt.want}}
		out, n := q.filter(g.Marshal())
		if m, err := checkGroup(out); n != tt.logs || m != n || err != nil || (out == nil) != (n == 0) {
			t.Errorf("%s = %q: %d logs (%d in the group), want %d; %v", tt.field, tt.want, n, m, tt.logs, err)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add("* | where a in ('x', 'y''z')")
	f.Add(`*|where "a" = 'x'`)
	f.Add("* | where a in (")
	f.Fuzz(func(t *testing.T, text string) {
		if q, err := parseQuery(text); err == nil && (q.field == "") != (len(q.values) == 0) {
			t.Errorf("%q: %+v", text, q)
		}
	})
}
