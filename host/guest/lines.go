package guest

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"sync/atomic"

	"golang.org/x/time/rate"

	"github.com/slswasm/slswasm/abi"
)

// Limits of what a guest may say.
const (
	lineMax     = 4 << 10 // bytes of a line; the rest is cut off
	linesSecond = 50      // lines a second, of all instances together
	linesBurst  = 200
	outputMax   = 1 << 20 // bytes that one call may write to standard output, and to standard error
)

// A lineLog brings the lines of a module's instances into the host's log.
type lineLog struct {
	logger     *slog.Logger
	guest      []slog.Attr // its name and hash
	limit      *rate.Limiter
	suppressed atomic.Int64 // since the last line that went through
}

func newLineLog(name, sha256 string, logger *slog.Logger) *lineLog {
	return &lineLog{
		logger: logger,
		guest:  []slog.Attr{slog.String("guest", name), slog.String("sha256", sha256)},
		limit:  rate.NewLimiter(linesSecond, linesBurst),
	}
}

var slogLevels = map[abi.Level]slog.Level{
	abi.LevelDebug: slog.LevelDebug, abi.LevelInfo: slog.LevelInfo,
	abi.LevelWarn: slog.LevelWarn, abi.LevelError: slog.LevelError,
}

// line logs one line. It reads no more of the text than it shows.
func (l *lineLog) line(ctx context.Context, level abi.Level, text []byte) {
	sl := slogLevels[level] // unknown: Info, which is slog's zero
	if !l.logger.Enabled(ctx, sl) {
		return
	}
	if !l.limit.Allow() {
		l.suppressed.Add(1)
		return
	}
	l.tellSuppressed(ctx)
	l.logger.LogAttrs(ctx, sl, abi.Printable(bytes.TrimRight(text[:min(len(text), lineMax+1)], "\r\n"), lineMax), l.guest...)
}

func (l *lineLog) tellSuppressed(ctx context.Context) {
	if n := l.suppressed.Swap(0); n > 0 {
		l.logger.LogAttrs(ctx, slog.LevelWarn, "the guest says more than the host logs; lines were left out",
			slices.Concat(l.guest, []slog.Attr{slog.Int64("lines", n)})...)
	}
}

func (l *lineLog) close(ctx context.Context) { l.tellSuppressed(ctx) }

// A lineWriter is a guest's standard output or error: each line of it goes to
// the log.
type lineWriter struct {
	log     *lineLog
	level   abi.Level
	begun   []byte // of a line; never more than lineMax+1 bytes of it
	first   string // line since the last flush: most often why a guest panicked
	written int    // bytes since the last flush
}

// Write takes all of text, but no more than outputMax between two flushes:
// a guest can name the same megabytes a million times in one call, which
// nothing interrupts.
func (w *lineWriter) Write(text []byte) (int, error) {
	if w.written += len(text); w.written > outputMax {
		return 0, errOutput
	}
	for rest := text; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte{'\n'})
		rest = after
		w.begun = append(w.begun, line[:min(len(line), lineMax+1-len(w.begun))]...)
		if ended {
			w.end()
		}
	}
	return len(text), nil
}

// end ends a line. Empty ones are for people at a terminal.
func (w *lineWriter) end() {
	if len(w.begun) == 0 {
		return
	}
	if w.first == "" {
		w.first = abi.Printable(w.begun, shownText)
	}
	w.log.line(context.Background(), w.level, w.begun)
	w.begun = w.begun[:0]
}

// flush ends a line that was begun, and returns the first line since the last
// flush.
func (w *lineWriter) flush() string {
	w.end()
	first := w.first
	w.first, w.written = "", 0
	return first
}
