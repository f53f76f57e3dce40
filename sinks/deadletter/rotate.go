package deadletter

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ReplayedSuffix is what follows the name of a file of letters in that of what
// a replay remembers of it. A rotation moves it along.
const ReplayedSuffix = ".replayed"

// A layer is what a Writer does with names; a test puts one in its place that
// refuses.
type layer struct {
	rename func(from, to string) error
	open   func(path string) (file, int64, error)
}

var osLayer = layer{
	rename: os.Rename,
	open: func(path string) (file, int64, error) {
		f, end, err := open(path)
		if err != nil {
			return nil, 0, err // and no nil *os.File in a file
		}
		return f, end, nil
	},
}

// rotate puts the file aside and begins a new one. What cannot be put aside
// grows on: a letter is worth more than a limit. After an error the letters so
// far are in the file that was put aside, nothing is at the path, and the next
// Write makes it.
func (w *Writer) rotate() error {
	aside, err := w.putAside()
	if err == nil {
		if err := w.reopen(); err != nil {
			return fmt.Errorf("begin a new file: %w", err)
		}
		w.log.Info("the file of dead letters is full: a new one is begun", "full", aside, "file", w.path)
		return nil
	}
	w.complain.Do(func() {
		w.log.Warn("the file of dead letters is full and cannot be put aside: it grows on",
			"file", w.path, "size", w.end, "limit", w.maxSize, "error", err)
	})
	return nil
}

// putAside renames the file to one that sorts behind those before it:
//
//	dead-letters.jsonl   dead-letters.20240209T030405Z-001.jsonl
//
// Nothing is ever replaced or deleted.
func (w *Writer) putAside() (aside string, err error) {
	path, err := filepath.EvalSymlinks(w.path) // the file, and not a link to it
	if err != nil {
		return "", err
	}
	ext := filepath.Ext(path)
	stem := strings.TrimSuffix(path, ext) + "." + time.Now().UTC().Format("20060102T150405Z")
	for n := 1; ; n++ {
		aside = fmt.Sprintf("%s-%03d%s", stem, n, ext)
		// Nobody else takes the name meanwhile: the file is locked.
		if _, err := os.Lstat(aside); errors.Is(err, os.ErrNotExist) {
			break
		} else if err != nil {
			return "", err
		}
	}
	if err := w.on.rename(path, aside); err != nil {
		return "", err
	}
	// Mostly there is none. One that stays behind does not fit the new file,
	// which its reader finds out.
	_ = os.Rename(path+ReplayedSuffix, aside+ReplayedSuffix)
	return aside, nil
}
