package sinktest

import (
	"encoding/json"
	"testing"
)

// FuzzHECBody: no body makes a panic, and what is indexed is what an
// independent reader finds there.
func FuzzHECBody(f *testing.F) {
	for _, s := range []string{
		"", "{", "{}", "}", `"`, `{"`, `{"a`, `{"event":1}`, `{"event":"a\"}{"}{"event":[{"b":"]"}]}`, `{"event":1,"fields":{"a":[1]}}`,
		`{"\u0065vent":"x"}`, `{"event":"x","host":"\ud800"}`, `[]`, `{"time":"","event":1}`, ` {"event" : 1 , "index" : "main" } x`, "{\"event\":\"\xff\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p := hecParser{indexes: []string{"main"}}
		code, number := p.parse(body)
		if code == 0 && number != 0 || number < 0 || number > len(body) {
			t.Errorf("code %d, number %d", code, number)
		}
		for i, e := range p.events {
			if !json.Valid(e.Event) || e.Fields != nil && !json.Valid(e.Fields) {
				t.Errorf("event %d: %q with fields %q", i, e.Event, e.Fields)
			}
		}
		if !json.Valid(body) || len(p.events) != 1 {
			return
		}
		var whole struct{ Event json.RawMessage }
		if err := json.Unmarshal(body, &whole); err != nil || !sameJSON(whole.Event, p.events[0].Event) {
			t.Errorf("read %q, want %q (%v)", p.events[0].Event, whole.Event, err)
		}
	})
}

func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	_ = json.Unmarshal(a, &x)
	_ = json.Unmarshal(b, &y)
	s, _ := json.Marshal(x)
	r, _ := json.Marshal(y)
	return string(s) == string(r)
}
