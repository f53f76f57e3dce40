//go:build linux || darwin

package deadletter

import (
	"errors"
	"os/signal"
	"syscall"
	"testing"
)

// TestKernelRefuses has the kernel itself cut a write in the middle of a
// letter, by the limit of a file's size.
func TestKernelRefuses(t *testing.T) {
	w := mustOpen(t, t.TempDir())
	mustWrite(t, w, numbered("a", 1))
	signal.Ignore(syscall.SIGXFSZ) // the write fails with EFBIG instead
	defer signal.Reset(syscall.SIGXFSZ)
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	limit := was
	limit.Cur = uint64(w.end) + 700
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	err := w.Write(t.Context(), numbered("b", 3))
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, syscall.EFBIG) {
		t.Error(err)
	}
	wantReasons(t, w.Path(), "a 0")
	mustWrite(t, w, numbered("b", 3))
	wantReasons(t, w.Path(), "a 0", "b 0", "b 1", "b 2")
}
