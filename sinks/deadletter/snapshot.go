package deadletter

import (
	"fmt"
	"io"
	"os"
)

// A Snapshot is the whole letters that a file held when it was opened, also
// while a Writer appends to it or puts it aside.
type Snapshot struct {
	Path string
	Live bool  // a Writer has it
	Size int64 // bytes of the whole letters
	Torn int64 // bytes behind them: a letter that was not finished

	file *os.File
}

// OpenSnapshot opens a file of letters for reading, and takes no lock.
func OpenSnapshot(path string) (*Snapshot, error) {
	// Opening a pipe would wait for its writer.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{Path: path, file: f}
	if err := s.look(); err != nil {
		_ = f.Close() // read only
		return nil, err
	}
	return s, nil
}

func (s *Snapshot) look() error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", s.Path)
	}
	if s.Size, err = lastLineEnd(s.file, info.Size()); err != nil {
		return err
	}
	s.Torn = info.Size() - s.Size
	s.Live = locked(s.file)
	return looksLikeLetter(s.file, 0, info.Size())
}

// Bytes reads the letters from their beginning, apart from any other reader.
func (s *Snapshot) Bytes() io.Reader { return io.NewSectionReader(s.file, 0, s.Size) }

// Is says whether path leads to this file.
func (s *Snapshot) Is(path string) bool {
	mine, err := s.file.Stat()
	if err != nil {
		return false
	}
	other, err := os.Stat(path)
	return err == nil && os.SameFile(mine, other)
}

// Close closes the file.
func (s *Snapshot) Close() error { return s.file.Close() }
