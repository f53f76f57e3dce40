package guest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/slswasm/slswasm/abi"
)

// BenchmarkDesigns repeats what abi/RATIONALE.md says of the ways in which a
// log can cross the border: go test ./host/guest -run '^$' -bench Designs
func BenchmarkDesigns(b *testing.B) {
	for _, lang := range []string{"go", "tinygo"} {
		b.Run(lang, func(b *testing.B) {
			wasm := buildDesigns(b, lang)
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

func buildDesigns(b *testing.B, lang string) []byte {
	out := filepath.Join(b.TempDir(), "designs.wasm")
	args := []string{"build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", out, "."}
	if lang == "tinygo" {
		args = []string{"build", "-target", "wasip1", "-buildmode=c-shared", "-opt=2", "-no-debug", "-gc=precise", "-scheduler=none", "-o", out, "."}
		if _, err := exec.LookPath(lang); err != nil {
			b.Skip("SKIPPED: tinygo is not in PATH")
		}
	}
	cmd := exec.CommandContext(b.Context(), lang, args...)
	cmd.Dir = "testdata/designs"
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOWORK=off", "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, text)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		b.Fatal(err)
	}
	return wasm
}
