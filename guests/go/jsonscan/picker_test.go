package jsonscan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"unsafe"
)

func TestPicker(t *testing.T) {
	p := NewPicker("/a", "/b/c", "/b", "/x~1y/~0", "/", "/b/d/e", "/z")
	for _, c := range []struct{ text, want string }{
		{`{"a":1,"b":{"c":"x","d":{"e":[1]}},"x/y":{"~":null},"":{"":2},"c":3}`, `[1 "x" {"c":"x","d":{"e":[1]}} null {"":2} [1] ]`},
		{`{"a":1,"a":{"a":2},"b":{"c":3},"b":{"d":4}}`, `[{"a":2} 3 {"d":4}    ]`},
		{` {"\u0061" : true , "b" : [ {"c":1} ] } `, `[true  [ {"c":1} ]    ]`},
		{`[{"a":1}]`, `[      ]`},
		{`"a"`, `[      ]`},
		{`{}`, `[      ]`},
	} {
		if err := p.Read([]byte(c.text)); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%s", values(p, 7)); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.text, got, c.want)
		}
		if s := p.Scanner(); !s.Next() || s.Depth() != 0 || string(s.Text()) != c.text {
			t.Errorf("%s: the scanner is not at its start", c.text)
		}
	}
	if err := p.Read([]byte(`{"a":1`)); err == nil || err.Error() != "the text ends too early at byte 6" || p.Value(0) != nil {
		t.Errorf("got %v and %s", err, p.Value(0))
	}
}

// TestNamesAreToldApart: also those that a hash does not tell apart, whatever stands behind them.
func TestNamesAreToldApart(t *testing.T) {
	var names []string
	for _, n := range []int{0, 1, 2, 7, 8, 9, 15, 16, 17, 18, 24, 30} {
		name := bytes.Repeat([]byte("b"), n)
		names = append(names, string(name))
		for i := range n {
			for _, c := range "acz\x00" {
				name[i] = byte(c)
				names = append(names, string(name))
			}
			name[i] = 'b'
		}
	}
	for _, name := range names {
		w := newWord16(name)
		for _, other := range names {
			for _, behind := range []string{"bbbbbbbb", "zzzzzzzz"} {
				text := []byte(other + behind)
				if got := w.is(unsafe.Pointer(&text[0]), len(other)); got != (name == other) {
					t.Fatalf("%q is %q: %v", other, name, got)
				}
			}
		}
	}
}

func values(p *Picker, n int) (list []Value) {
	for i := range n {
		list = append(list, p.Value(i))
	}
	return list
}

func TestPickerDoesNotAllocate(t *testing.T) {
	p, text := NewPicker("/userIdentity/type", "/eventName"), sampleEvent(t)
	n := testing.AllocsPerRun(100, func() {
		if err := p.Read(text); err != nil || p.Value(0) == nil || p.Value(1) == nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzPicker: a Picker finds what encoding/json finds.
func FuzzPicker(f *testing.F) {
	f.Add("name", `{"name":1,"b":{"name":2},"name":3}`)
	f.Add("", `{"":1,"a":{"":2}}`)
	f.Add("é\\", `{"\u00e9\\":[],"b":null}`)
	f.Add("12345678", `{"12345678":1,"b":{"02345678":2,"1234567":3,"12345678":4},"c":5}`)
	f.Add("123456789", `{"x23456789":1,"12345678x":2,"123456789":3}`)
	f.Add("12345678-9-12345678", `{"12345678-8-12345678":1,"12345678-9-12345678":2,"1234567812345678":3}`)
	f.Add("ab", `{"a":{"b":{"ab":1}},"a\u0062":{}}`)
	f.Fuzz(func(t *testing.T, name, text string) {
		for _, c := range name {
			if c == '/' || c == '~' || c == '�' {
				return
			}
		}
		p := NewPicker("/"+name, "/b/"+name)
		if err := p.Read([]byte(text)); err != nil {
			var s Scanner
			for s.Reset([]byte(text)); s.Next(); {
			}
			if want := s.Err(); want == nil || err.Error() != want.Error() {
				t.Fatalf("%q: %v, but for a Scanner %v", text, err, want)
			}
			return
		}
		var members map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &members) != nil {
			members = nil // no object
		}
		if got, want := string(p.Value(0)), string(members[name]); got != want {
			t.Fatalf("%q of %q: %q, want %q", name, text, got, want)
		}
	})
}

func TestPlacesAreChecked(t *testing.T) {
	for _, place := range []string{"", "a", "a/b"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was taken", place)
				}
			}()
			NewPicker(place)
		}()
	}
}
