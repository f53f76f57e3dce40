// Package guesttest builds the guests of guests/examples for tests of the
// host, with the Go toolchain that runs the tests: nothing else need be
// installed.
//
// Guests in other languages skip the test where their toolchain is missing.
// Hostile ones are no source here: they are in testdata/wat, assembled.
package guesttest

import (
	"bytes"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// Build returns the WebAssembly module of guests/examples/<example>, or of
// wherever that path leads from there. The go command's own cache makes it take
// 10 s or more the first time, and 0.2 s after that; equal sources give equal
// bytes, so that caches of compiled modules find them.
func Build(tb testing.TB, example string) []byte {
	tb.Helper()
	root := moduleRoot(tb)
	out := filepath.Join(tb.TempDir(), "guest.wasm")
	cmd := exec.CommandContext(tb.Context(), "go", "build", "-trimpath", "-buildvcs=false",
		"-buildmode=c-shared", "-ldflags=-s -w", "-o", out, ".")
	cmd.Dir = filepath.Join(root, "guests", "examples", example)
	// What a developer has set for the host's own builds, such as -race or -mod,
	// would break a guest's.
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("building the guest %s in %s: %v\n%s", example, cmd.Dir, err, text)
	}
	module, err := os.ReadFile(out)
	if err != nil {
		tb.Fatalf("the guest %s was built, but cannot be read: %v", example, err)
	}
	return module
}

// Hex returns the WebAssembly module that a file of the tree holds in
// hexadecimal: its path from the root, such as testdata/wat/keep.hex.
func Hex(tb testing.TB, file string) []byte {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot(tb), filepath.FromSlash(file)))
	if err != nil {
		tb.Fatal(err)
	}
	module, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		tb.Fatalf("%s: %v", file, err)
	}
	return module
}

// moduleRoot returns the folder of the host's module, in or above the working
// directory: nested modules have a go.mod too.
func moduleRoot(tb testing.TB) string {
	tb.Helper()
	start, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(text, []byte("module github.com/slswasm/slswasm\n")) {
			return dir
		}
		if dir == filepath.Dir(dir) {
			tb.Fatalf("no go.mod of github.com/slswasm/slswasm in %s or above", start)
		}
	}
}

// UnderRace says whether the race detector is on, where compiling what stock Go
// builds takes minutes.
func UnderRace() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "-race" && s.Value == "true" })
}
