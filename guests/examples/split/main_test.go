package main

import (
	"encoding/json"
	"testing"

	"github.com/slswasm/slswasm/guests/go/slswasmtest"
)

func TestCases(t *testing.T) { slswasmtest.RunCases(t, "cases/*.txtar", "split") }

// FuzzArray: as many events as encoding/json finds elements, none of them lost.
func FuzzArray(f *testing.F) {
	f.Add(`["a",1,{"time":1763712001},[],null]`)
	f.Add(`[]`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, text string) {
		g := slswasmtest.Start(t, `{"time":"time"}`)
		r := g.Run(slswasmtest.NewLog("records", text))
		if r.Verdict == slswasmtest.Fail || r.Verdict == slswasmtest.Keep {
			return
		}
		var elements []json.RawMessage
		if err := json.Unmarshal([]byte(text), &elements); err != nil || len(elements) != len(r.Events) {
			t.Errorf("%q gave %d events; encoding/json finds %d elements, %v", text, len(r.Events), len(elements), err)
		}
	})
}
