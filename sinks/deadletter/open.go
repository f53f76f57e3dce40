package deadletter

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// FileName is the file that Open makes in a directory.
const FileName = "dead-letters.jsonl"

// ErrForeign says that a file is somebody's, and no file of letters.
var ErrForeign = errors.New("something else than dead letters")

// Config says where letters are written.
type Config struct {
	Path    string
	MaxSize int64 // bytes from which a new file is begun; 0: never
	Logger  *slog.Logger
}

// Open opens the file of dead letters for writing and makes it, and the
// directories above it, where there is none. Only one Writer may have the
// file.
//
// A last line that a crash tore is removed: it was never counted as written,
// so its log is pulled again.
func Open(cfg Config) (*Writer, error) {
	path := File(cfg.Path)
	f, end, err := osLayer.open(path)
	if err != nil {
		return nil, fmt.Errorf("dead letters cannot be written: %w", err)
	}
	return &Writer{
		path: path, maxSize: cfg.MaxSize, log: cfg.Logger, on: osLayer, file: f, end: end,
		complain: rate.Sometimes{Interval: time.Minute},
	}, nil
}

// File is the file that Open opens: a path that is a directory, or ends like
// one, means FileName in it.
func File(path string) string {
	if info, err := os.Stat(path); (err == nil && info.IsDir()) || strings.HasSuffix(path, string(filepath.Separator)) {
		return filepath.Join(path, FileName)
	}
	return path
}

// open returns the file, locked, and the end of its last letter.
func open(path string) (f *os.File, end int64, err error) {
	if err := makeDir(filepath.Dir(path)); err != nil {
		return nil, 0, err
	}
	if f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, 0, err
	}
	if end, err = prepare(f); err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, end, nil
}

// prepare locks the file, mends its end and has all of it on the disk.
func prepare(f *os.File) (end int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%s is not a regular file", f.Name())
	}
	if err := Lock(f); err != nil {
		return 0, err
	}
	if end, err = mend(f, info.Size()); err != nil {
		return 0, err
	}
	// Also a plain test of whether the file can be written.
	if err := f.Sync(); err != nil {
		return 0, err
	}
	named, err := filepath.EvalSymlinks(f.Name()) // and not where a link to it is
	if err != nil {
		return 0, err
	}
	return end, syncDir(filepath.Dir(named))
}

// mend removes what follows the last line end: the beginning of a letter, or
// the zeros that a file system may leave after a crash. It returns the new
// size. A file of anything else is somebody's data, and an error.
func mend(f file, size int64) (int64, error) {
	end, err := lastLineEnd(f, size)
	if err != nil {
		return 0, err
	}
	// Of all lines the first and the torn one: the others are Scan's matter.
	for _, line := range []struct{ at, limit int64 }{{0, end}, {end, size}} {
		if err := looksLikeLetter(f, line.at, line.limit); err != nil {
			return 0, err
		}
	}
	if end == size {
		return end, nil
	}
	return end, f.Truncate(end)
}

// looksLikeLetter reports whether the bytes from at to limit start as a letter
// does, as far as they go.
func looksLikeLetter(f file, at, limit int64) error {
	head := make([]byte, min(limit-at, int64(len(prefix))))
	if _, err := f.ReadAt(head, at); err != nil {
		return err
	}
	if head = bytes.TrimRight(head, "\x00"); !strings.HasPrefix(prefix, string(head)) {
		return fmt.Errorf("%s holds %w: a line starts with %q", f.Name(), ErrForeign, head)
	}
	return nil
}

// lastLineEnd is the offset after the last line feed, or 0.
func lastLineEnd(f io.ReaderAt, size int64) (int64, error) {
	block := make([]byte, 64<<10)
	for at := size; at > 0; {
		n := min(at, int64(len(block)))
		at -= n
		if _, err := f.ReadAt(block[:n], at); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(block[:n], '\n'); i >= 0 {
			return at + int64(i) + 1, nil
		}
	}
	return 0, nil
}

// makeDir is os.MkdirAll that has the new directories' names on the disk.
func makeDir(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%s is not a directory", dir)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if err := makeDir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return syncDir(parent)
}
