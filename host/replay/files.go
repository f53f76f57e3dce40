package replay

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/slswasm/slswasm/sinks/deadletter"
)

// openFiles opens each file once, in the order that it is named in, those of
// a directory in the order of their names.
func openFiles(words []string, log *slog.Logger) (files []*deadletter.Snapshot, err error) {
	defer func() {
		if err != nil {
			for _, f := range files {
				_ = f.Close() // read only
			}
			files = nil
		}
	}()
	for _, word := range words {
		paths, isDir, err := pathsOf(word)
		if err != nil {
			return files, err
		}
		before := len(files)
		for _, path := range paths {
			f, err := deadletter.OpenSnapshot(path)
			if isDir && errors.Is(err, deadletter.ErrForeign) {
				log.Warn("a file in the directory is passed over", "error", err)
				continue
			}
			if err != nil {
				return files, err
			}
			if isOpen(files, path) {
				_ = f.Close()
				continue
			}
			tell(f, log)
			files = append(files, f)
		}
		if isDir && len(files) == before {
			return files, fmt.Errorf("%s holds no file of dead letters (*.jsonl)", word)
		}
	}
	return files, nil
}

func pathsOf(word string) (paths []string, isDir bool, err error) {
	info, err := os.Stat(word)
	if err != nil || !info.IsDir() {
		return []string{word}, false, err
	}
	entries, err := os.ReadDir(word) // sorted: those that were put aside come first, the oldest of them before all
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".jsonl" && !e.IsDir() {
			paths = append(paths, filepath.Join(word, e.Name()))
		}
	}
	return paths, true, err
}

func isOpen(files []*deadletter.Snapshot, path string) bool {
	for _, f := range files {
		if f.Is(path) {
			return true
		}
	}
	return false
}

func tell(f *deadletter.Snapshot, log *slog.Logger) {
	switch {
	case f.Live:
		log.Info("the file is in use by another process: the letters that are in it now are taken", "file", f.Path)
	case f.Torn > 0:
		log.Warn("the file ends with a torn letter, which is left out: its writer died, and its log was never counted as settled",
			"file", f.Path, "bytes", f.Torn)
	}
}
