package guest

import (
	"errors"
	"runtime"
	"strings"
	"testing"
)

func TestInterpretedIsSaid(t *testing.T) {
	refuses := func() error { return errors.New("mprotect: permission denied") }
	allows := func() error { return nil }
	for name, c := range map[string]struct {
		executable  func() error
		interpreter bool
		info        string
	}{
		"it is refused":    {refuses, false, "mprotect: permission denied"},
		"it is allowed":    {allows, false, ""},
		"it was asked for": {refuses, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			logger, text := textLog()
			m := mustCompile(t, "keep", func(cfg *Config) {
				cfg.Logger, cfg.executable, cfg.Interpreter = logger, c.executable, c.interpreter
			})
			if got := m.Info().Interpreted; got != c.info {
				t.Errorf("%q, want %q", got, c.info)
			}
			const warning = "guests are interpreted, fifty times slower: this system refuses executable memory"
			want := 0
			if c.info != "" {
				want = 1
			}
			if got := strings.Count(text(), warning); got != want {
				t.Errorf("said %d times, want %d:\n%s", got, want, text())
			}
		})
	}
}

// What is found out is what the engine finds out: it compiles where this says
// that it can, and its cache shows it.
func TestExecutableIsAsTheEngineSees(t *testing.T) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("the engine has no compiler for this processor")
	}
	dir := t.TempDir()
	cached(t, dir)
	if compiled := len(entries(t, dir)) > 0; compiled != (executable() == nil) {
		t.Errorf("compiled: %v, executable memory: %v", compiled, executable())
	}
}
