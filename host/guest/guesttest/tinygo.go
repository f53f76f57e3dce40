package guesttest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// BuildTinyGo returns the WebAssembly module that TinyGo makes of
// guests/examples/<example>. It skips the test, and says so, where there is no
// TinyGo: neither in PATH nor in ~/.cache/slswasm/tinygo/bin. TinyGo takes
// seconds even for what it has built before, so modules are kept in the user's
// cache folder, by the hash of all that they are made of.
func BuildTinyGo(tb testing.TB, example string) []byte {
	tb.Helper()
	tinygo := findTinyGo()
	if tinygo == "" {
		tb.Skipf("SKIPPED: the guest %s is not tested as TinyGo builds it: no tinygo in PATH or in ~/.cache/slswasm/tinygo/bin", example)
	}
	guests := filepath.Join(moduleRoot(tb), "guests")
	args := []string{"build", "-target", "wasip1", "-buildmode=c-shared", "-opt=2", "-no-debug", "-gc=precise", "-scheduler=none"}
	kept := keptModule(tb, tinygo, args, filepath.Join(guests, "go"), filepath.Join(guests, "examples", example))
	if module, err := os.ReadFile(kept); err == nil {
		return module
	}
	out := filepath.Join(tb.TempDir(), "guest.wasm")
	cmd := exec.CommandContext(tb.Context(), tinygo, append(args, "-o", out, ".")...)
	cmd.Dir = filepath.Join(guests, "examples", example)
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("building the guest %s with %s in %s: %v\n%s", example, tinygo, cmd.Dir, err, text)
	}
	module, err := os.ReadFile(out)
	if err != nil {
		tb.Fatalf("the guest %s was built, but cannot be read: %v", example, err)
	}
	keep(tb, kept, module)
	return module
}

// BuildSmall is BuildTinyGo where there is a TinyGo, and else Build: for tests
// that start many processes. Each has to load the module, and stock Go's is
// seventy times as large.
func BuildSmall(tb testing.TB, example string) []byte {
	tb.Helper()
	if findTinyGo() == "" {
		return Build(tb, example)
	}
	return BuildTinyGo(tb, example)
}

// findTinyGo returns the path of the TinyGo that a build would use, with its
// version in it where it was installed with it, or "".
func findTinyGo() string {
	tinygo, err := exec.LookPath("tinygo")
	if err != nil {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		tinygo = filepath.Join(home, ".cache", "slswasm", "tinygo", "bin", "tinygo")
	}
	tinygo, err = filepath.EvalSymlinks(tinygo)
	if err != nil {
		return ""
	}
	return tinygo
}

// keptModule names the file of a module that was built from the same sources
// in the same way.
func keptModule(tb testing.TB, tinygo string, args []string, folders ...string) string {
	tb.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		tb.Fatal(err)
	}
	program, err := os.Stat(tinygo)
	if err != nil {
		tb.Fatal(err)
	}
	h := sha256.New()
	fmt.Fprintln(h, tinygo, program.Size(), program.ModTime().UnixNano(), runtime.Version(), args)
	for _, dir := range folders {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") && d.Name() != "go.mod" {
				return err
			}
			text, err := os.ReadFile(path)
			fmt.Fprintf(h, "%s %d\n%s", path, len(text), text)
			return err
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	return filepath.Join(cache, "slswasm", "guests", hex.EncodeToString(h.Sum(nil))+".wasm")
}

// keep writes a module for the next time; it matters little if it cannot.
func keep(tb testing.TB, file string, module []byte) {
	tb.Helper()
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	temp := fmt.Sprintf("%s.%d", file, os.Getpid()) // another test may be writing the same one
	if err == nil {
		err = os.WriteFile(temp, module, 0o644)
	}
	if err == nil {
		err = os.Rename(temp, file)
	}
	if err != nil {
		tb.Logf("TinyGo will build this again the next time: %v", err)
	}
}
