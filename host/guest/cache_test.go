package guest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cached compiles with dir as its cache and returns what was logged.
func cached(t *testing.T, dir string) string {
	t.Helper()
	logger, text := textLog()
	m := mustCompile(t, "keep", func(c *Config) { c.CacheDir, c.Logger = dir, logger })
	var out Output
	if err := m.Transform(t.Context(), logs(3), &out); err != nil || len(out.Events) != 3 {
		t.Fatalf("%d events, %v", len(out.Events), err)
	}
	return text()
}

func entries(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "cache")
	for range 2 {
		if log := cached(t, dir); log != "" {
			t.Errorf("logged %s", log)
		}
		if n := len(entries(t, dir)); n != 1 {
			t.Errorf("%d files in the cache", n)
		}
	}
}

// A cache that does not work is a warning, and the guest runs.
func TestCacheBroken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := t.TempDir()
	cached(t, damaged)
	if err := os.WriteFile(entries(t, damaged)[0], []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		file:    "is not dir",
		damaged: "invalid header length",
	} {
		log := cached(t, dir)
		if !strings.HasPrefix(log, `level=WARN msg="the compilation cache cannot be used; each start compiles the guest again" guest=keep.wasm dir=`+dir) ||
			!strings.Contains(log, want) {
			t.Errorf("logged %s", log)
		}
	}
}
