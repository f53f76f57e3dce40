package oplog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gopkg.in/natefinch/lumberjack.v2"
)

// MiB is the unit of a file's size.
const MiB = 1 << 20

// A File is a log file. When it is full it is put aside, with the time in its
// name, and a new one is begun.
type File struct{ *lumberjack.Logger }

// OpenFile begins or goes on with the file at path, of at most size bytes,
// rounded up to MiB; of those put aside so many are kept. It fails if the file,
// or its folder, in which it is put aside, cannot be written.
func OpenFile(path string, size int64, keep int) (*File, error) {
	if size < MiB || keep < 1 {
		return nil, fmt.Errorf("a log file of %d bytes, %d kept: want at least %d, and 1", size, keep, MiB)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	err = f.Close()
	probe, probeErr := os.CreateTemp(filepath.Dir(path), ".slswasm-log-*")
	if probeErr != nil {
		return nil, fmt.Errorf("no file could be put aside when it is full: %w", probeErr)
	}
	if err := errors.Join(err, probe.Close(), os.Remove(probe.Name())); err != nil {
		return nil, err
	}
	return &File{&lumberjack.Logger{Filename: path, MaxSize: int((size + MiB - 1) / MiB), MaxBackups: keep}}, nil
}
