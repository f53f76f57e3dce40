package settings_test

import (
	"reflect"
	"testing"

	"github.com/slswasm/slswasm/guests/go/jsonscan"
	"github.com/slswasm/slswasm/guests/go/settings"
)

type all struct {
	on    bool
	rate  int
	name  string
	names []string
	inner string
	types map[string]string
}

func read(text string) (all, error) {
	c := all{rate: 7, names: []string{"default"}, types: map[string]string{"a": "A"}}
	err := settings.Read("sample", []byte(text), settings.Object{
		"on":    settings.Bool(&c.on),
		"rate":  settings.Int(&c.rate, 1, 100),
		"name":  settings.Text(&c.name),
		"names": settings.Texts(&c.names),
		"in":    settings.In(settings.Object{"inner": settings.Text(&c.inner)}),
		"types": settings.Map(c.types, settings.Text),
		"own":   func(at settings.Place, _ jsonscan.Value) error { return at.Wrong("something else") },
	})
	return c, err
}

func TestRead(t *testing.T) {
	defaults := all{rate: 7, names: []string{"default"}, types: map[string]string{"a": "A"}}
	for _, text := range []string{"", " {\n} "} {
		if c, err := read(text); err != nil || !reflect.DeepEqual(c, defaults) {
			t.Errorf("%q: got %+v, %v", text, c, err)
		}
	}
	c, err := read(`{"on":true,"rate":100,"name":"x\n","names":["a","\u0062"],"in":{"inner":"y"},"types":{"b":"","a":"AA"},"rate":1}`)
	want := all{true, 1, "x\n", []string{"a", "b"}, "y", map[string]string{"a": "AA", "b": ""}}
	if err != nil || !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v, %v", c, err)
	}
	if c, err := read(`{"names":[]}`); err != nil || len(c.names) != 0 {
		t.Errorf("an empty list left %q, %v", c.names, err)
	}
}

func TestErrorsNameTheSetting(t *testing.T) {
	const notObject = "the configuration of the sample guest is not a JSON object"
	for text, want := range map[string]string{
		`{"on":yes}`: notObject, `[]`: notObject, ` `: notObject, `{} x`: notObject,
		`{"off":true}`:            "off: the sample guest has no such setting",
		`{"On":true}`:             "On: the sample guest has no such setting",
		`{"in":{"inne\u0052":1}}`: "in.inneR: the sample guest has no such setting",
		`{"on":"true"}`:           "on: must be true or false",
		`{"on":null}`:             "on: must be true or false",
		`{"rate":0}`:              "rate: must be a whole number from 1 to 100",
		`{"rate":101}`:            "rate: must be a whole number from 1 to 100",
		`{"rate":1.0}`:            "rate: must be a whole number from 1 to 100",
		`{"rate":"1"}`:            "rate: must be a whole number from 1 to 100",
		`{"name":1}`:              "name: must be a text",
		`{"names":"a"}`:           "names: must be a list of texts",
		`{"names":["a",1]}`:       "names: must be a list of texts that are not empty",
		`{"names":[""]}`:          "names: must be a list of texts that are not empty",
		`{"in":[]}`:               "in: must be an object",
		`{"types":{"b":1}}`:       "types.b: must be a text",
		`{"own":1}`:               "own: must be something else",
	} {
		if _, err := read(text); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"on":true,"rate":100,"name":"x","names":["a"],"in":{"inner":"y"},"types":{"b":""}}`)
	f.Add(`{"names":[{}],"types":{"":"\ud800"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := read(text); err == nil && (c.rate < 1 || c.rate > 100) {
			t.Errorf("%s gave a rate of %d", text, c.rate)
		}
	})
}
