package abi

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseDescriptor(t *testing.T) {
	got, err := ParseDescriptor([]byte(`{"name":"audit","version":"1.0.0","fields":["event","*","__topic__"],
		"batch_max":64,"error":"no region","later":[1],"FIELDS":7}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &Descriptor{
		Name: "audit", Version: "1.0.0", Slots: [][]byte{[]byte("event"), []byte("__topic__")},
		Table: true, BatchMax: 64, Error: "no region",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

func TestParseDescriptorDefaults(t *testing.T) {
	for _, text := range []string{`{}`, `{"fields":null,"batch_max":null}`, ` {"fields":[]} `} {
		got, err := ParseDescriptor([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if want := (&Descriptor{BatchMax: 256}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

// descriptorErrors are wrong descriptors, and what is said of them.
func descriptorErrors() map[string]string {
	names := `"` + strings.Repeat("x", 3) + `"`
	for i := range MaxSlots {
		names += `,"f` + strings.Repeat("i", i+1) + `"`
	}
	return map[string]string{
		``:                                 "descriptor: not a JSON object: unexpected end of JSON input",
		`[]`:                               "descriptor: not a JSON object: json: cannot unmarshal array into Go value of type map[string]json.RawMessage",
		"{\"name\":\"\xff\"}":              "descriptor: not valid UTF-8",
		`{"name":1}`:                       "descriptor: name: json: cannot unmarshal number into Go value of type string",
		`{"fields":"event"}`:               "descriptor: fields: json: cannot unmarshal string into Go value of type []string",
		`{"fields":["a","b","a"]}`:         `descriptor: fields: "a" is named twice`,
		`{"fields":["*","*"]}`:             `descriptor: fields: "*" is named twice`,
		`{"fields":[""]}`:                  "descriptor: fields: an empty name",
		`{"fields":[` + names + `]}`:       "descriptor: fields: 1025 names, at most 1024 can be declared",
		`{"batch_max":0}`:                  "descriptor: batch_max: 0 is not in 1 to 65536",
		`{"batch_max":65537}`:              "descriptor: batch_max: 65537 is not in 1 to 65536",
		`{"batch_max":1.5}`:                "descriptor: batch_max: json: cannot unmarshal number 1.5 into Go value of type int",
		`{"batch_max":1} {"name":"twice"}`: "descriptor: not a JSON object: invalid character '{' after top-level value",
	}
}

func TestParseDescriptorErrors(t *testing.T) {
	for text, want := range descriptorErrors() {
		if _, err := ParseDescriptor([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%.40q\n got: %v\nwant: %s", text, err, want)
		}
	}
}

func TestSameInput(t *testing.T) {
	a := describe("a", "b")
	for _, c := range []struct {
		d    *Descriptor
		want bool
	}{
		{&Descriptor{Name: "other", Slots: a.Slots, BatchMax: 256}, true},
		{describe("b", "a"), false},
		{describe("a"), false},
		{describe("a", "b", "*"), false},
		{&Descriptor{Slots: a.Slots, BatchMax: 1}, false},
	} {
		if got := a.SameInput(c.d); got != c.want {
			t.Errorf("%+v: %t", c.d, got)
		}
	}
}

func FuzzParseDescriptor(f *testing.F) {
	f.Add([]byte(`{"name":"audit","version":"1","fields":["a","*"],"batch_max":256,"error":""}`))
	f.Add([]byte(`{"fields":[null]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := ParseDescriptor(text)
		if err != nil {
			return
		}
		if d.BatchMax < 1 || d.BatchMax > MaxBatchMax || len(d.Slots) > MaxSlots {
			t.Fatalf("%+v", d)
		}
		for _, s := range d.Slots {
			if len(s) == 0 || string(s) == AllFields {
				t.Fatalf("slot %q", s)
			}
		}
	})
}
