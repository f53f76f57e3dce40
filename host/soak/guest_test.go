package soak

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// The hex must be what wat2wasm makes of the text.
func TestGuestIsItsText(t *testing.T) {
	wat2wasm, err := exec.LookPath("wat2wasm")
	if err != nil {
		t.Skip("SKIPPED: wat2wasm is not installed (package wabt); the guest is used without comparing it with its text")
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), wat2wasm, "--debug-names", "--output=/dev/stdout", "testdata/soak.wat")
	cmd.Stderr = &stderr
	want, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	got, err := guestModule()
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("testdata/soak.hex is not what wat2wasm makes of soak.wat (%v)", err)
	}
}

// Each fate is what the guest makes of its letter, in one batch with all the
// others.
func TestGuestKeepsToFates(t *testing.T) {
	wasm, err := guestModule()
	if err != nil {
		t.Fatal(err)
	}
	m, err := guest.Compile(t.Context(), guest.Config{Name: "soak.wasm", Wasm: wasm, TimeLimit: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close(t.Context()) }()
	in := make([]abi.Event, len(fates))
	for i, f := range fates {
		in[i] = abi.Event{Origin: i, Log: abi.Log{Fields: []abi.Field{{Key: []byte("id"), Value: []byte("1")}}}}
		if f.do != "" {
			in[i].Fields = append(in[i].Fields, abi.Field{Key: []byte(doKey), Value: []byte(f.do)})
		}
	}
	var out guest.Output
	if err := m.Transform(t.Context(), in, &out); err != nil {
		t.Fatal(err)
	}
	failures := map[int]string{}
	for _, f := range out.Failures {
		failures[f.Index] = f.Err.Error()
	}
	at := make([][places]int, len(fates))
	for _, e := range out.Events {
		route := placeNames[toHEC]
		if e.Meta != nil && len(e.Meta.Route) > 0 {
			route = string(e.Meta.Route)
		}
		for place, name := range placeNames {
			if name == route {
				at[e.Origin][place]++
			}
		}
		edited, _ := e.Get("edited")
		if (string(edited) == "yes") != (fates[e.Origin].do == "e") {
			t.Errorf("%q: edited is %q", fates[e.Origin].do, edited)
		}
	}
	for i, f := range fates {
		if f.stage == deadletter.StageGuest {
			if !strings.Contains(failures[i], f.reason) {
				t.Errorf("%q failed with %q, want %q", f.do, failures[i], f.reason)
			}
			continue
		}
		if failures[i] != "" {
			t.Errorf("%q failed with %q", f.do, failures[i])
		}
		for place, wanted := range f.at {
			if n := at[i][place]; f.stage == "" && (n > 0) != wanted || n > 1 {
				t.Errorf("%q: %d events for %s", f.do, n, placeNames[place])
			}
		}
	}
}
