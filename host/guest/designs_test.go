package guest

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest/guesttest"
)

// BenchmarkDesigns repeats what abi/RATIONALE.md says of the ways in which a
// log can cross the border: go test ./host/guest -run '^$' -bench Designs
func BenchmarkDesigns(b *testing.B) {
	for lang, build := range map[string]func(testing.TB, string) []byte{"go": guesttest.Build, "tinygo": guesttest.BuildTinyGo} {
		b.Run(lang, func(b *testing.B) {
			wasm := build(b, "../../host/guest/testdata/designs")
			for _, design := range []string{"keep", "slots", "edits", "whole", "json"} {
				b.Run(design, func(b *testing.B) { benchDesign(b, wasm, design) })
			}
		})
	}
}

func benchDesign(b *testing.B, wasm []byte, design string) {
	m, err := Compile(b.Context(), Config{Name: design, Wasm: wasm, GuestConfig: []byte(design)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := m.Close(context.Background()); err != nil {
			b.Error(err)
		}
	}()
	in := audit(256)
	if design == "json" {
		in = asJSON(b, in)
	}
	var out Output
	for b.Loop() {
		if err := m.Transform(b.Context(), in, &out); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(in)), "ns/log")
	if len(out.Events) != len(in) || design != "keep" && string(out.Events[0].Meta.Index) != "security" {
		b.Errorf("%d events, %v", len(out.Events), out.Failures)
	}
}

// asJSON puts each log into one field.
func asJSON(tb testing.TB, in []abi.Event) []abi.Event {
	for i := range in {
		fields := map[string]string{}
		for _, f := range in[i].Fields {
			fields[string(f.Key)] = string(f.Value)
		}
		text, err := json.Marshal(fields)
		if err != nil {
			tb.Fatal(err)
		}
		in[i].Fields = []abi.Field{{Key: []byte("whole"), Value: text}}
	}
	return in
}
