package guesttest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const rustTarget = "wasm32-unknown-unknown"

// BuildRust returns the WebAssembly module of guests/examples/<example>/rust.
// It skips the test, and says why, where no Rust toolchain is found that can
// build it; nothing is downloaded. What cargo keeps is in bin/rust, as for
// `make guests`.
func BuildRust(tb testing.TB, example string) []byte {
	tb.Helper()
	return buildRust(tb, strings.ReplaceAll(example, "-", "_"), "--package", example)
}

// BuildRustSDK does the same for one of the test guests in guests/rust/examples.
func BuildRustSDK(tb testing.TB, example string) []byte {
	tb.Helper()
	return buildRust(tb, filepath.Join("examples", example), "--package", "slswasm", "--example", example)
}

func buildRust(tb testing.TB, name string, what ...string) []byte {
	tb.Helper()
	cargo := findCargo(tb)
	root := moduleRoot(tb)
	guests := filepath.Join(root, "guests")
	// Panics name files: not those of one machine.
	remap := fmt.Sprintf("target.%s.rustflags=['--remap-path-prefix=%s/=']", rustTarget, guests)
	args := []string{"build", "--quiet", "--locked", "--release", "--target", rustTarget, "--config", remap}
	cmd := exec.CommandContext(tb.Context(), cargo, append(args, what...)...)
	cmd.Dir = guests
	cmd.Env = rustEnv(cargo)
	if text, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("building the Rust guest %s with %s in %s: %v\n%s", name, cargo, guests, err, text)
	}
	module, err := os.ReadFile(filepath.Join(root, "bin", "rust", rustTarget, "release", name+".wasm"))
	if err != nil {
		tb.Fatalf("the Rust guest %s was built, but cannot be read: %v", name, err)
	}
	return module
}

// findCargo prefers Debian's, which comes with the std for wasm, and which
// another one often hides.
func findCargo(tb testing.TB) string {
	tb.Helper()
	cargo, err := exec.LookPath("/usr/bin/cargo")
	if err != nil {
		cargo, err = exec.LookPath("cargo")
	}
	if err != nil {
		tb.Skip("SKIPPED: cargo is not installed, no guest in Rust can be built")
	}
	rustc := filepath.Join(filepath.Dir(cargo), "rustc")
	libs, err := exec.CommandContext(tb.Context(), rustc, "--print", "target-libdir", "--target", rustTarget).Output()
	if err == nil {
		_, err = os.Stat(strings.TrimSpace(string(libs)))
	}
	if err != nil {
		tb.Skipf("SKIPPED: %s has no std for %s (Debian: libstd-rust-dev-wasm32; rustup target add %s): %v",
			rustc, rustTarget, rustTarget, err)
	}
	return cargo
}

// rustEnv lets cargo find its own rustc first, take the settings of
// guests/.cargo alone, and download nothing.
func rustEnv(cargo string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "RUST") || strings.HasPrefix(v, "CARGO_") && !strings.HasPrefix(v, "CARGO_HOME=")
	})
	path := filepath.Dir(cargo) + string(os.PathListSeparator) + os.Getenv("PATH")
	return append(env, "PATH="+path, "CARGO_NET_OFFLINE=true")
}
