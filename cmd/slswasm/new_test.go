package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// toolchains tells scripts where compilers of guests are, as the Makefile
// finds them: TINYGO, and RUST, the folder of a cargo that can build for
// WebAssembly; empty where there is none. SDK is this checkout.
func toolchains(e *testscript.Env) error {
	checkout, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	e.Setenv("SDK", checkout)
	e.Setenv("TINYGO", tinygo())
	e.Setenv("RUST", rust())
	return nil
}

func tinygo() string {
	if path, err := exec.LookPath("tinygo"); err == nil {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	path, err := exec.LookPath(filepath.Join(home, ".cache/slswasm/tinygo/bin/tinygo"))
	if err != nil {
		return ""
	}
	return path
}

func rust() string {
	for _, dir := range append([]string{"/usr/bin"}, filepath.SplitList(os.Getenv("PATH"))...) {
		out, err := exec.Command(filepath.Join(dir, "rustc"), "--print", "target-libdir", "--target", "wasm32-unknown-unknown").Output()
		if err != nil {
			continue
		}
		_, noStd := os.Stat(strings.TrimSpace(string(out)))
		if _, err := exec.LookPath(filepath.Join(dir, "cargo")); err == nil && noStd == nil {
			return dir
		}
	}
	return ""
}

// hasToolchain is the conditions [tinygo] and [rust].
func hasToolchain(condition string) (bool, error) {
	switch condition {
	case "tinygo":
		return tinygo() != "", nil
	case "rust":
		return rust() != "", nil
	}
	return false, fmt.Errorf("there is no condition %q", condition)
}
