// Package replay sends dead letters again: which files and letters that are,
// how far each file is settled, and what is in them, by reason.
//
// The way of a log through guests and sinks is the host's, the form of a
// letter and its file are of package deadletter.
package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// Config says what is replayed.
type Config struct {
	Files   []string // of letters, or directories with such
	Filter  Filter   // of the letters
	SkipBad bool     // go past lines that are no letters
	Restart bool     // as if nothing had been replayed before

	Again string        // the file for what fails again, which must be none of Files
	Drain time.Duration // for what is in hand when Run is asked to end

	Logger *slog.Logger
}

// Counts is what became of the lines of all files. Letters is the sum of the
// four behind it, once nothing is in hand.
type Counts struct {
	Letters  int64 `json:"letters"`         // that were read
	Sent     int64 `json:"sent"`            // and settled now
	Before   int64 `json:"replayed_before"` // and settled by an earlier replay
	Repeated int64 `json:"repeated"`        // of a log that has another letter
	Filtered int64 `json:"filtered"`        // that the filter leaves out
	Bad      int64 `json:"bad_lines"`       // no letters
}

// A Sender has letters settled; name(i) is what messages call the i-th one. It
// is a Pipeline's Resend.
type Sender func(ctx context.Context, letters []deadletter.Letter, name func(i int) string) error

// ErrStopped says that the context ended before the last letter was settled.
var ErrStopped = errors.New("stopped before the end; the same command, without --restart, goes on there")

// So many logs go together. What is sent when a process is killed is at most
// so much more than once.
const (
	batchLetters = 1000
	batchBytes   = 4 << 20
)

// A Replay is opened, run once, and closed.
type Replay struct {
	cfg    Config
	files  []*deadletter.Snapshot
	states []*state // of the files; nil: all letters are taken
	seen   logs
	total  int64 // bytes of the files

	counts            Counts
	read, sent, bytes atomic.Int64 // for Progress
}

// Open opens the files and finds out how far each of them is. Nobody else can
// replay them until Close.
func Open(cfg Config) (*Replay, error) { return openWith(cfg, openState) }

func openWith(cfg Config, stateOf func(*deadletter.Snapshot, bool, *slog.Logger) (*state, error)) (*Replay, error) {
	r, err := open(cfg)
	if err != nil {
		return nil, err
	}
	for _, f := range r.files {
		if f.Is(deadletter.File(cfg.Again)) {
			err = fmt.Errorf("--dead-letters: %s is being replayed: give another file for what fails again", f.Path)
		}
	}
	for _, f := range r.files {
		if err != nil {
			break
		}
		var s *state
		if s, err = stateOf(f, cfg.Restart, cfg.Logger); err == nil {
			r.states = append(r.states, s)
		}
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// open opens the files alone.
func open(cfg Config) (*Replay, error) {
	r := &Replay{cfg: cfg, seen: logs{}}
	var err error
	if r.files, err = openFiles(cfg.Files, cfg.Logger); err != nil {
		return nil, err
	}
	for _, f := range r.files {
		r.total += f.Size
	}
	return r, nil
}

// Close lets go of the files.
func (r *Replay) Close() error {
	var errs []error
	for _, f := range r.files {
		errs = append(errs, f.Close())
	}
	for _, s := range r.states {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

// Counts returns what was counted; not while Run is under way.
func (r *Replay) Counts() Counts { return r.counts }

// Progress may be called at any time.
func (r *Replay) Progress() host.Progress {
	p := host.Progress{Logs: r.sent.Load(), Bytes: r.bytes.Load(), Done: 1}
	if r.total > 0 {
		p.Done = float64(r.read.Load()) / float64(r.total)
	}
	return p
}

// Run sends the letters, file after file, and remembers how far they are
// settled. It returns nil when all of them are, ErrStopped when ctx ended
// before, after what was in hand, and otherwise what failed.
func (r *Replay) Run(ctx context.Context, send Sender) error {
	work, stop := draining(ctx, r.cfg.Drain)
	defer stop()
	for i := range r.files {
		if err := r.file(ctx, work, i, send); err != nil {
			return err
		}
	}
	return nil
}

// draining returns a context that ends a while after ctx.
func draining(ctx context.Context, limit time.Duration) (work context.Context, stop func()) {
	work, abort := context.WithCancelCause(context.WithoutCancel(ctx))
	var timer *time.Timer
	armed := make(chan struct{})
	disarm := context.AfterFunc(ctx, func() {
		defer close(armed)
		timer = time.AfterFunc(limit, func() {
			abort(fmt.Errorf("not settled within %v of being stopped; the next replay sends it again", limit))
		})
	})
	return work, func() {
		if !disarm() {
			<-armed
			timer.Stop()
		}
		abort(nil)
	}
}

// file replays one file.
func (r *Replay) file(ctx, work context.Context, i int, send Sender) error {
	b := &batch{cursor: newCursor(r.files[i]), state: r.stateOf(i), send: send}
	for ctx.Err() == nil {
		letter, err := b.next()
		if errors.Is(err, io.EOF) {
			return r.flush(work, b)
		}
		if bad, ok := errors.AsType[*deadletter.BadLine](err); ok {
			if !r.cfg.SkipBad && !b.state.reached(b.at) {
				err := fmt.Errorf("%s is not a dead letter: %w; --skip-bad goes past such lines", b.name(), bad.Err)
				return errors.Join(err, r.flush(work, b))
			}
			r.counts.Bad++
			b.accept()
			continue
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", b.path, err)
		}
		b.accept()
		if r.wants(&letter, b) {
			b.add(letter)
		}
		if b.full() {
			if err := r.flush(work, b); err != nil {
				return err
			}
		}
	}
	return ErrStopped
}

func (r *Replay) stateOf(i int) *state {
	if r.states == nil {
		return nil
	}
	return r.states[i]
}

// wants says whether a letter is to be sent.
func (r *Replay) wants(l *deadletter.Letter, b *batch) bool {
	r.counts.Letters++
	r.read.Add(b.end - b.at)
	switch {
	case !r.cfg.Filter.takes(l):
		r.counts.Filtered++
	case b.state == nil:
		return true
	case b.state.settled(b.at, l):
		// Not seen: it may have failed again since, and be in another file.
		r.counts.Before++
	case !r.seen.add(l):
		r.counts.Repeated++
	default:
		return true
	}
	return false
}

// flush has the batch settled, and then remembers it.
func (r *Replay) flush(ctx context.Context, b *batch) error {
	if n := len(b.letters); n > 0 {
		if err := b.send(ctx, b.letters, b.nameOf); err != nil {
			if cause := context.Cause(ctx); cause != nil {
				err = fmt.Errorf("%w (%w)", cause, err)
			}
			return fmt.Errorf("%s and the %d letters behind it: %w", b.nameOf(0), n-1, err)
		}
		r.counts.Sent += int64(n)
		r.sent.Add(int64(n))
		r.bytes.Add(int64(b.bytes))
		b.clear()
	}
	if b.state == nil {
		return nil
	}
	return b.state.save(b.stretch(), r.cfg.Filter)
}
