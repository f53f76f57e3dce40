//go:build unix

package deadletter

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Lock keeps other processes from writing to the file until it is closed: two
// writers would overwrite each other's letters.
func Lock(f *os.File) error {
	const lock = syscall.LOCK_EX | syscall.LOCK_NB
	err := syscall.Flock(int(f.Fd()), lock)
	// Whoever asks whether the file is locked is in the way for a moment.
	for end := time.Now().Add(time.Second); errors.Is(err, syscall.EWOULDBLOCK) && !locked(f) && time.Now().Before(end); {
		err = syscall.Flock(int(f.Fd()), lock)
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("%s is in use by another process: give each its own file", f.Name())
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return nil
}

// locked says whether a Writer has the file.
func locked(f *os.File) bool {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		return errors.Is(err, syscall.EWOULDBLOCK)
	}
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) // at the latest when f is closed
	return false
}

// syncDir has the names in a directory on the disk: without it, a file that
// was made just before a power failure may be gone with its letters.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
