package deadletter

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A probe finds what Open would find, and leaves the directory as it was.
func TestProbe(t *testing.T) {
	torn := sampleLine + sampleLine[:20]
	for name, c := range map[string]struct {
		path    string // below the directory
		content string // of the file "there"
		words   string // of the error; empty: none
	}{
		"file":             {"there", sampleLine, ""},
		"torn":             {"there", torn, ""},
		"empty":            {"there", "", ""},
		"new":              {"new.jsonl", "", ""},
		"new directories":  {"a/b/new.jsonl", "", ""},
		"directory":        {".", "", ""},
		"somebody's":       {"there", "dear diary\n", "something else than dead letters"},
		"below a file":     {"there/new.jsonl", "", "not a directory"},
		"far below a file": {"there/a/b/new.jsonl", "", "not a directory"},
		"no disk":          {"../../../../../../../../proc/new/new.jsonl", "", "proc"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "no disk" {
				if _, err := os.Stat("/proc/self"); err != nil {
					t.Skip("SKIPPED: there is no /proc here that takes no files")
				}
			}
			dir := t.TempDir()
			there := filepath.Join(dir, "there")
			if err := os.WriteFile(there, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			found, err := Probe(filepath.Join(dir, c.path))
			if c.words == "" && (err != nil || found != dir) || c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words)) {
				t.Errorf("in %s: %v, want %q", found, err, c.words)
			}
			left, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			if text, err := os.ReadFile(there); len(left) != 1 || string(text) != c.content || err != nil {
				t.Errorf("afterwards there are %v, and the file holds %q: %v", left, text, err)
			}
		})
	}
}

func TestProbeOfFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	w := mustOpen(t, path)
	if _, err := Probe(path); !errors.Is(err, ErrInUse) {
		t.Errorf("error %v", err)
	}
	if err := w.Write(t.Context(), numbered("after", 1)); err != nil {
		t.Error(err)
	}
}
