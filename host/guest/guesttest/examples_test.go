package guesttest_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/slswasm/slswasm/host/guest/guesttest"
	"github.com/slswasm/slswasm/host/offline"
)

const examples = "../../../guests/examples"

// TestExamples holds every example against its cases, in each language that it
// is in and as each compiler builds it: what passes natively may still fail in
// WebAssembly.
func TestExamples(t *testing.T) {
	mains, err := filepath.Glob(filepath.Join(examples, "*", "main.go"))
	if err != nil || len(mains) == 0 {
		t.Fatalf("no examples in %s: %v", examples, err)
	}
	inRust := twins(t)
	for _, file := range mains {
		dir := filepath.Dir(file)
		name := filepath.Base(dir)
		for compiler, build := range map[string]func(testing.TB, string) []byte{
			"go": guesttest.Build, "tinygo": guesttest.BuildTinyGo, "rust": guesttest.BuildRust,
		} {
			if compiler == "rust" && !slices.Contains(inRust, name) {
				continue
			}
			t.Run(name+"/"+compiler, func(t *testing.T) {
				if compiler == "go" && guesttest.UnderRace() {
					t.Skip("SKIPPED under -race, where compiling what Go builds takes minutes: `make cases` runs them, and so does go test without -race")
				}
				t.Parallel()
				runCases(t, dir, name, build(t, name))
			})
		}
	}
}

func runCases(t *testing.T, dir, name string, wasm []byte) {
	t.Helper()
	modules := t.TempDir()
	if err := os.WriteFile(filepath.Join(modules, name+".wasm"), wasm, 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := offline.FindCases([]string{filepath.Join(dir, "cases")})
	if err != nil {
		t.Fatal(err)
	}
	var cases []*offline.Case
	for _, file := range files {
		c, err := offline.ReadCase(file)
		if err == nil {
			err = c.Resolve(modules)
		}
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	results, err := offline.Test(t.Context(), offline.Limits{CacheDir: cacheDir(t)}, cases, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(files) {
		t.Errorf("%d cases gave %d results", len(files), len(results))
	}
	for _, r := range results {
		for _, p := range r.Problems {
			t.Errorf("%s: %s", r.Case.File, p.Text)
			for _, l := range p.Diff {
				t.Logf("%c %s", l.Kind, l.Text)
			}
		}
	}
}
