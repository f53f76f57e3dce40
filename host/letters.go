package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/slswasm/slswasm/sinks/deadletter"
)

// How patient a letterbox is, and how often it complains.
const (
	lettersFirst = time.Second
	lettersMax   = 30 * time.Second
	lettersAlarm = time.Minute
)

// A letterbox has letters written, and waits for as long as that cannot be
// done: a full disk stops the shards that have letters, and no others.
type letterbox struct {
	to  letterWriter
	log *slog.Logger

	mu      sync.Mutex
	waiting int       // letters, of all shards that wait
	since   time.Time // of the first failure; zero: all is well
	err     error     // the last one
	alarmed time.Time // when it was told last
}

// A letterWriter is a *deadletter.Writer.
type letterWriter interface {
	Write(ctx context.Context, letters []deadletter.Letter) error
	Path() string
	Close() error
}

func openLetters(cfg Config) (*letterbox, error) {
	w, err := deadletter.Open(deadletter.Config{Path: cfg.DeadLetters, MaxSize: cfg.LettersSize, Logger: cfg.Logger})
	if err != nil {
		return nil, err
	}
	path, err := filepath.Abs(w.Path())
	if err != nil {
		path = w.Path()
	}
	cfg.Logger.Info("dead letters are written here", "file", path)
	return &letterbox{to: w, log: cfg.Logger}, nil
}

func (b *letterbox) Close() error { return b.to.Close() }

// Write returns nil once the letters are on the disk. Only the end of ctx ends
// its patience.
func (b *letterbox) Write(ctx context.Context, letters []deadletter.Letter) error {
	err := b.to.Write(ctx, letters)
	if err == nil {
		return nil
	}
	b.wait(len(letters))
	defer b.wait(-len(letters))
	pause := &backoff.ExponentialBackOff{
		InitialInterval: lettersFirst, MaxInterval: lettersMax, Multiplier: 2,
	}
	for err != nil {
		if errors.Is(err, deadletter.ErrClosed) {
			return fmt.Errorf("host fault: dead letters: %w", err)
		}
		if ctx.Err() == nil {
			b.alarm(err)
			sleep(ctx, pause.NextBackOff())
		}
		if ctx.Err() != nil {
			b.log.Error("dead letters could not be written before the end: their batch is not settled, "+
				"and the next run sends all of it again, also what was delivered",
				"file", b.to.Path(), "letters", len(letters), "error", err)
			return fmt.Errorf("dead letters: %w", err)
		}
		err = b.to.Write(ctx, letters)
	}
	b.over()
	return nil
}

func (b *letterbox) wait(letters int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting += letters
}

// alarm is raised at once and then from time to time: a hundred shards that
// wait for the same disk are one fault and one line.
func (b *letterbox) alarm(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.since.IsZero() {
		b.since = time.Now()
	}
	b.err = err
	if !b.alarmed.IsZero() && time.Since(b.alarmed) < lettersAlarm {
		return
	}
	b.alarmed = time.Now()
	b.log.Error("dead letters cannot be written: the shards that have some wait, nothing is skipped; "+
		"make room, or mend the permissions, and they go on by themselves",
		"file", b.to.Path(), "error", err, "letters", b.waiting, "for", time.Since(b.since).Round(time.Second))
}

// over keeps the time of the last alarm, so that a disk which is full every
// other second does not fill the log.
func (b *letterbox) over() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.since.IsZero() {
		return
	}
	b.log.Info("dead letters are written again", "file", b.to.Path(), "after", time.Since(b.since).Round(time.Millisecond))
	b.since = time.Time{}
}

// sleep returns early when ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
