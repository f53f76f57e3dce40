package deadletter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"golang.org/x/time/rate"
)

// A file is what a Writer needs of an *os.File; a test puts a full disk in
// its place.
type file interface {
	io.ReaderAt
	io.WriterAt
	Name() string
	Stat() (os.FileInfo, error)
	Truncate(size int64) error
	Sync() error
	Close() error
}

// A Writer appends letters to a file. Its methods may be called from several
// goroutines at once.
type Writer struct {
	path    string
	maxSize int64
	log     *slog.Logger
	on      layer

	mu       sync.Mutex
	file     file   // nil once closed
	end      int64  // after the last letter that is on the disk
	torn     bool   // there may be something after end
	buf      []byte // of the last Write
	complain rate.Sometimes
}

// keep is the largest buffer that is kept from one Write to the next.
const keep = 1 << 20

// ErrClosed is the error of a Write after Close: to try it again is no use.
var ErrClosed = errors.New("the writer is closed")

// Path is the file that the letters go to.
func (w *Writer) Path() string { return w.path }

// Write appends the letters and returns nil once all of them are on the disk:
// only then may their logs count as settled. After an error none of them is in
// the file, as far as the file system allows, and the same Write may be tried
// again. It looks at ctx before it writes; a write under way cannot be ended.
func (w *Writer) Write(ctx context.Context, letters []Letter) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := ctx.Err()
	if err == nil {
		err = w.write(letters)
	}
	if err != nil {
		return fmt.Errorf("write %d dead letters to %s: %w", len(letters), w.path, err)
	}
	return nil
}

func (w *Writer) write(letters []Letter) (err error) {
	if w.file == nil {
		return ErrClosed
	}
	b := w.buf[:0]
	for i := range letters {
		if b, err = appendLetter(b, &letters[i]); err != nil {
			return err
		}
	}
	if cap(b) <= keep {
		w.buf = b
	}
	if len(b) == 0 {
		return nil
	}
	if err := w.follow(); err != nil {
		return err
	}
	if w.torn {
		if err := w.rollBack(); err != nil {
			return err
		}
	}
	if w.maxSize > 0 && w.end > 0 && w.end+int64(len(b)) > w.maxSize {
		if err := w.rotate(); err != nil {
			return err
		}
	}
	w.torn = true
	_, err = w.file.WriteAt(b, w.end)
	if err == nil {
		// After a failed fsync the kernel may forget the pages and report
		// success next time: what was written counts as lost either way.
		err = w.file.Sync()
	}
	if err != nil {
		return errors.Join(err, w.rollBack())
	}
	w.end += int64(len(b))
	w.torn = false
	return nil
}

// follow sees to it that what is written next can be found at the path. What
// was there may have been removed, renamed or truncated since (logrotate does
// either): a write into it would succeed all the same.
func (w *Writer) follow() error {
	open, err := w.file.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(w.path)
	switch {
	case errors.Is(err, os.ErrNotExist), err == nil && !os.SameFile(open, there):
		if err := w.reopen(); err != nil {
			return fmt.Errorf("the file is not at its place any more: %w", err)
		}
	case err != nil:
		return err
	case open.Size() < w.end, open.Size() > w.end && !w.torn:
		end, err := mend(w.file, open.Size())
		if err != nil {
			return err
		}
		w.end, w.torn = end, false
	}
	return nil
}

// reopen goes on in the file that is at the path now, or a new one.
func (w *Writer) reopen() error {
	f, end, err := w.on.open(w.path)
	if err != nil {
		return err
	}
	_ = w.file.Close() // each Write was synced
	w.file, w.end, w.torn = f, end, false
	return nil
}

// rollBack removes what a failed write left, so that no torn line ever stands
// before a good one.
func (w *Writer) rollBack() error {
	if err := w.file.Truncate(w.end); err != nil {
		return fmt.Errorf("remove a torn letter: %w", err)
	}
	w.torn = false
	return nil
}

// Close closes the file. It need not be synced: each Write was.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return err
}
