// Package oplog is the program's own log, for whoever operates it: what goes
// through its Handler holds no secret, and a fault that repeats is said once a
// second, with how often it was not said.
//
// How a line looks and where it goes is the matter of the slog.Handlers behind.
package oplog

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// A Handler passes records on to others. What they get holds no secret, is
// theirs to keep, and comes to all of them in the same order.
type Handler struct {
	*core
	scope []step
}

// A core is what all handlers share that With makes of one.
type core struct {
	secrets *Secrets
	to      []slog.Handler
	repeats repeats
	broken  rate.Sometimes // of the line that says so
}

// A step is one call of With or of WithGroup.
type step struct {
	group string
	attrs []slog.Attr
}

// New returns a handler in front of others. The first of them is told when
// another one cannot write. It is to be closed before what they write to.
func New(secrets *Secrets, to ...slog.Handler) *Handler {
	c := &core{secrets: secrets, to: to, broken: rate.Sometimes{Interval: time.Minute}}
	c.repeats.write = c.write
	return &Handler{core: c}
}

// Close writes what is held back. The handler can be used all the same: what
// comes later is no longer held back.
func (h *Handler) Close() { h.repeats.close() }

// Rotate is Secrets.Rotate, for those who know of a handler only what it can.
func (h *Handler) Rotate(slot string, values ...string) { h.secrets.Rotate(slot, values...) }

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return slices.ContainsFunc(h.to, func(to slog.Handler) bool { return to.Enabled(ctx, level) })
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler { return h.with(step{attrs: attrs}) }

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler { return h.with(step{group: name}) }

func (h *Handler) with(s step) *Handler {
	return &Handler{h.core, append(slices.Clip(h.scope), s)}
}

// Handle implements slog.Handler. What a record is made of may change when it
// returns, and secrets may become known after With: so all of it is copied, and
// looked through, now.
func (h *Handler) Handle(_ context.Context, r slog.Record) error {
	attrs := make([]slog.Attr, 0, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, a)
		return true
	})
	for _, s := range slices.Backward(h.scope) {
		if s.group != "" {
			attrs = []slog.Attr{{Key: s.group, Value: slog.GroupValue(attrs...)}}
			continue
		}
		attrs = slices.Concat(s.attrs, attrs)
	}
	copied := slog.NewRecord(r.Time, r.Level, strings.Clone(h.secrets.Mask(r.Message)), r.PC)
	copied.AddAttrs(h.secrets.attrs(attrs)...)
	h.repeats.take(copied)
	return nil
}

// write hands a record to all, with repeats' lock held.
func (c *core) write(r slog.Record) {
	for i, to := range c.to {
		if !to.Enabled(context.Background(), r.Level) {
			continue
		}
		err := to.Handle(context.Background(), r.Clone())
		if err == nil || i == 0 {
			continue
		}
		c.broken.Do(func() {
			told := slog.NewRecord(time.Now(), slog.LevelError, "the log file cannot be written: lines are missing in it", 0)
			told.AddAttrs(slog.String("error", c.secrets.Mask(err.Error())))
			_ = c.to[0].Handle(context.Background(), told) // nobody is left to tell
		})
	}
}
