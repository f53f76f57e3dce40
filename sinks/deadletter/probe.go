package deadletter

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrInUse says that another process writes to the file.
var ErrInUse = errors.New("another process writes its dead letters there")

// Probe says whether Open would succeed, and changes nothing that is there: no
// file is made or mended, but for an empty one that is removed at once where a
// new file would be. The directory is that of the file, or the nearest one
// above it that exists.
func Probe(path string) (dir string, err error) {
	path = File(path)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return probeDir(filepath.Dir(path))
	}
	dir = filepath.Dir(path)
	if err != nil {
		return dir, err
	}
	err = probeFile(f)
	return dir, errors.Join(err, f.Close())
}

func probeFile(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", f.Name())
	}
	if locked(f) {
		return fmt.Errorf("%s: %w", f.Name(), ErrInUse)
	}
	end, err := lastLineEnd(f, info.Size())
	if err != nil {
		return err
	}
	return errors.Join(looksLikeLetter(f, 0, end), looksLikeLetter(f, end, info.Size()))
}

func probeDir(dir string) (string, error) {
	info, err := os.Stat(dir)
	if errors.Is(err, os.ErrNotExist) && filepath.Dir(dir) != dir {
		return probeDir(filepath.Dir(dir))
	}
	if err != nil {
		return dir, err
	}
	if !info.IsDir() {
		return dir, fmt.Errorf("%s is not a directory", dir)
	}
	f, err := os.CreateTemp(dir, ".slswasm-check-*")
	if err != nil {
		return dir, err
	}
	return dir, errors.Join(f.Close(), os.Remove(f.Name()))
}
