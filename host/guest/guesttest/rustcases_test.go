package guesttest_test

import (
	"path/filepath"
	"testing"

	"github.com/slswasm/slswasm/host/guest/guesttest"
)

// TestRustExamples holds the twins in Rust against the same cases.
func TestRustExamples(t *testing.T) {
	cache := t.TempDir()
	for _, name := range twins(t) {
		t.Run(name, func(t *testing.T) {
			runCases(t, filepath.Join(examples, name), name, guesttest.BuildRust(t, name), cache)
		})
	}
}
