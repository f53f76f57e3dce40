package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/slswasm/slswasm/sinks/deadletter"
)

// checkOwn says what is wrong with what a run opens for itself, and opens none
// of it: its page, its traces and its files.
func (s *runSettings) checkOwn() error {
	return errors.Join(s.admin.check(), s.log.checkFile(), s.trace.check(),
		checkSavePull(s.pull.savePull), writable("cpu-profile", s.profile.cpu))
}

// checkLetters says whether dead letters can be written, now or when the run
// has ended that writes them.
func (s *sinkSettings) checkLetters() error {
	_, err := deadletter.Probe(s.deadLetters)
	if err == nil || errors.Is(err, deadletter.ErrInUse) {
		return nil
	}
	return fmt.Errorf("--dead-letters: %w", err)
}

func checkSavePull(path string) error {
	if path == "" {
		return nil
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return savePullExists(path, err)
	}
	return writable("save-pull", path)
}

// writable says whether a file can be written, and changes nothing: where there
// is none yet, an empty one of another name is made and removed at once. No path
// is right.
func writable(flag, path string) error {
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = os.CreateTemp(filepath.Dir(path), ".slswasm-check-*"); err == nil {
			defer os.Remove(f.Name()) //nolint:errcheck // as good as it goes
		} else if at, ok := errors.AsType[*fs.PathError](err); ok {
			at.Op, at.Path = "open", path // which the user knows
		}
	}
	if err != nil {
		return fmt.Errorf("--%s: %w", flag, err)
	}
	return f.Close()
}
