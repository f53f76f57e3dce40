//go:build linux || darwin

package deadletter

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"
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

// TestLookedAt: who lists or replays a file asks whether it is locked, and is
// no other Writer.
func TestLookedAt(t *testing.T) {
	look, err := os.Create(filepath.Join(t.TempDir(), FileName))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(look.Fd()), syscall.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	path, over := look.Name(), make(chan struct{})
	time.AfterFunc(20*time.Millisecond, func() {
		_ = look.Close()
		close(over)
	})
	mustWrite(t, mustOpen(t, path), numbered("a", 1))
	<-over
}

// TestLinkFromElsewhere: it is the directory of the file that holds the file's
// name, and not that of a link to it. The links of /proc are in one that
// cannot be synced at all.
func TestLinkFromElsewhere(t *testing.T) {
	real, err := os.Create(filepath.Join(t.TempDir(), FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer real.Close()
	link := fmt.Sprintf("/proc/self/fd/%d", real.Fd())
	if _, err := os.Stat(link); err != nil {
		t.Skip("SKIPPED: there is no ", link)
	}
	mustWrite(t, mustOpen(t, link), numbered("a", 1))
	wantReasons(t, real.Name(), "a 0")
}
