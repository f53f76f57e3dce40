package main

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/slswasm/slswasm/host"
)

const watchEvery = time.Second

// startReloads reloads the modules, and what the sinks read from files, on
// SIGHUP, which hangup receives, and the modules also, with --watch, when one
// of their files has changed. The returned function ends it.
func startReloads(ctx context.Context, plan *plan, p *host.Pipeline, logger *slog.Logger, hangup <-chan os.Signal) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		reload(ctx, plan, p, logger, hangup)
	}()
	return func() { cancel(); <-done }
}

func reload(ctx context.Context, plan *plan, p *host.Pipeline, logger *slog.Logger, hangup <-chan os.Signal) {
	var tick <-chan time.Time
	if plan.guests.watch {
		ticker := time.NewTicker(watchEvery)
		defer ticker.Stop()
		tick = ticker.C
	}
	seen := states(plan.files())
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			if err := p.ReloadSinks(); err != nil {
				logger.Error("a setting could not be read again, the one in use stays", "error", err)
			}
		case <-tick:
			now := states(plan.files())
			// A file that has only just changed may still be written to.
			if slices.Equal(now, seen) || !settled(now) {
				continue
			}
		}
		seen = states(plan.files())
		fresh, err := replaceGuests(ctx, plan, p, logger)
		if err != nil && ctx.Err() == nil {
			logger.Error("the new guest is refused, the one in use stays", "error", err)
		}
		if fresh != nil {
			plan = fresh
		}
	}
}

// replaceGuests puts the guests in use that the files, also the configuration
// file, ask for now. The rest of that file counts from the next start.
func replaceGuests(ctx context.Context, plan *plan, p *host.Pipeline, logger *slog.Logger) (*plan, error) {
	fresh, err := plan.again()
	if err != nil {
		return nil, err
	}
	chains, err := fresh.chains(logger)
	if err == nil {
		err = p.Reload(ctx, chains)
	}
	if err != nil {
		return nil, err
	}
	if fresh.others() != plan.others() {
		logger.Warn("the configuration file has changed; all but its transforms counts from the next start", "file", plan.document.path)
	}
	return fresh, nil
}

// A state tells whether a file is still the same; zero when it cannot be read.
type state struct {
	size     int64
	modified time.Time
}

func states(files []string) []state {
	all := make([]state, len(files))
	for i, f := range files {
		if info, err := os.Stat(f); err == nil {
			all[i] = state{info.Size(), info.ModTime()}
		}
	}
	return all
}

func settled(files []state) bool {
	return !slices.ContainsFunc(files, func(f state) bool { return time.Since(f.modified) < watchEvery/2 })
}
