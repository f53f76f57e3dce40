package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"

	"github.com/slswasm/slswasm/host"
)

// A pullSaver writes the first pull with logs into a file, for slswasm try.
type pullSaver struct {
	file   *os.File
	once   sync.Once
	logger *slog.Logger
}

// savePull makes the file at once, so that a path that is wrong is known
// before anything starts, and lets the sources fill it. It never writes over
// what somebody has saved before. Without a path there is no pullSaver.
func savePull(path string, flows []host.Flow, logger *slog.Logger) (*pullSaver, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, savePullExists(path, nil)
	case err != nil:
		return nil, fmt.Errorf("--save-pull: %w", err)
	}
	s := &pullSaver{file: file, logger: logger}
	for _, f := range flows {
		for i := range f.Sources {
			f.Sources[i].OnPull = s.save
		}
	}
	return s, nil
}

func savePullExists(path string, err error) error {
	if err != nil {
		return fmt.Errorf("--save-pull: %w", err)
	}
	return fmt.Errorf("--save-pull: %s is there already: remove it, or name another file", path)
}

func (s *pullSaver) save(number int, raw []byte) {
	s.once.Do(func() {
		_, err := s.file.Write(raw)
		if err = errors.Join(err, s.file.Close()); err != nil {
			s.logger.Error("the pull could not be saved", "shard", number, "error", err)
			return
		}
		s.logger.Info("a pull was saved", "shard", number, "file", s.file.Name(), "bytes", len(raw))
	})
}

// end removes the file if no pull came.
func (s *pullSaver) end() {
	if s == nil {
		return
	}
	s.once.Do(func() {
		if err := errors.Join(s.file.Close(), os.Remove(s.file.Name())); err != nil {
			s.logger.Warn("an empty file is left of --save-pull", "error", err)
		}
	})
}
