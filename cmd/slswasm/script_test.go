package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The command line, in testdata/scripts: what it prints and how it exits.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/scripts",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir) // no settings of the developer's own
			e.Setenv("NO_COLOR", "1")
			return nil
		},
	})
}
