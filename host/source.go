package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/slswasm/slswasm/host/shard"
)

// How soon, and at the latest, a source is opened again after a failure.
const (
	reopenFirst = time.Second
	reopenMax   = time.Minute
)

// sources are all that a Pipeline consumes.
type sources struct {
	all    []*source
	policy failurePolicy
	log    *slog.Logger
}

// A failurePolicy is what a source's failure means for all of them. A halt ends
// them in any case.
type failurePolicy int

const (
	endAll failurePolicy = iota // the others end too
	endOne                      // the others go on to their end
	reopen                      // the others go on, and it is opened again
)

// A source is one logstore.
type source struct {
	flow *flow
	cfg  shard.Config
	log  *slog.Logger

	mu     sync.Mutex
	open   *shard.Source  // nil: it failed, and is not open again
	before shard.Progress // of those that failed
	failed error          // nil: it works
	since  time.Time      // of failed

	reopened uint64 // times after it failed
	done     bool   // Run has nothing more to do
}

type settleFunc func(context.Context, *source, *shard.Batch) error

// newSources checks the settings: what can never be right is told at once.
func newSources(cfg Config, flows []*flow) (*sources, error) {
	s := &sources{log: cfg.Logger, policy: reopen}
	var invalid []error
	for i, f := range cfg.Flows {
		for _, c := range f.Sources {
			one := &source{flow: flows[i], cfg: c, log: cfg.Logger.With("project", c.Project, "logstore", c.Logstore)}
			s.all = append(s.all, one)
			if err := c.Validate(); err != nil && !cfg.Resend {
				invalid = append(invalid, one.named(err))
			}
			if c.Until != "" {
				s.policy = endOne
			}
		}
	}
	if cfg.ExitOnFailure || len(s.all) == 1 {
		s.policy = endAll
	}
	return s, errors.Join(invalid...)
}

// start opens all of them. One that cannot be opened now may come later, if
// there are others meanwhile.
func (s *sources) start(ctx context.Context) error {
	var errs []error
	for _, one := range s.all {
		if err := one.reopen(ctx); err != nil {
			errs = append(errs, err)
			if s.policy != reopen || ctx.Err() != nil {
				return errors.Join(errs...)
			}
		}
	}
	if len(errs) > 0 && len(errs) == len(s.all) {
		return errors.Join(errs...)
	}
	for _, err := range errs {
		s.log.Error("a source cannot be opened; the others start, and it is tried again", "error", err)
	}
	return nil
}

// run consumes all of them until ctx ends or each is done.
func (s *sources) run(ctx context.Context, settle settleFunc) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	errs := make([]error, len(s.all))
	var wg sync.WaitGroup
	for i, one := range s.all {
		wg.Go(func() {
			errs[i] = one.consume(ctx, s.policy == reopen, settle)
			if errs[i] != nil && (s.policy == endAll || halts(errs[i])) {
				stop(errs[i])
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (s *sources) close() {
	if s == nil {
		return
	}
	for _, one := range s.all {
		if one.open != nil {
			one.open.Close()
		}
	}
}

func halts(err error) bool {
	_, halt := errors.AsType[*haltError](err)
	return halt
}

// consume runs the source, again and again if it is patient.
func (s *source) consume(ctx context.Context, patient bool, settle settleFunc) error {
	pause := &backoff.ExponentialBackOff{
		InitialInterval: reopenFirst, MaxInterval: reopenMax, Multiplier: 2, RandomizationFactor: 0.2,
	}
	for {
		began := time.Now()
		err := s.once(ctx, settle)
		if err == nil || ctx.Err() != nil || halts(err) || !patient {
			return err
		}
		if time.Since(began) > reopenMax {
			pause.Reset()
		}
		s.pause(ctx, pause.NextBackOff(), err)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the error is told, and what it was about was not committed
		}
	}
}

// pause waits before the source is opened again, or until ctx ends.
func (s *source) pause(ctx context.Context, wait time.Duration, err error) {
	s.log.Error("a source has failed; the others go on, and it is opened again from its last checkpoints", "in", wait.Round(time.Second/10), "error", err)
	sleep(ctx, wait)
}

// once opens the source unless it is open, and runs it.
func (s *source) once(ctx context.Context, settle settleFunc) error {
	if s.opened() == nil {
		err := s.reopen(ctx)
		if ctx.Err() != nil {
			return nil // it was told before why it was not open
		}
		if err != nil {
			return err
		}
		s.log.Info("the source is open again")
	}
	err := s.opened().Run(ctx, func(ctx context.Context, b *shard.Batch) error { return settle(ctx, s, b) })
	if err != nil {
		err = s.named(err)
		s.lost(err)
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = true
	return nil
}

func (s *source) opened() *shard.Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

func (s *source) reopen(ctx context.Context) error {
	opened, err := shard.Open(ctx, s.cfg)
	if err != nil {
		err = s.named(err)
		s.lost(err)
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		s.reopened++
	}
	s.open, s.failed, s.since = opened, nil, time.Time{}
	return nil
}

// lost notes that the source works no longer.
func (s *source) lost(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil {
		of := s.open.Progress()
		s.before.Logs += of.Logs
		s.before.Bytes += of.Bytes
	}
	if s.failed == nil {
		s.since = time.Now()
	}
	s.open, s.failed = nil, err
}

// progress is of all that was consumed, also before a failure.
func (s *source) progress() shard.Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := s.before
	if s.open != nil {
		of := s.open.Progress()
		sum.Done, sum.Shards, sum.Consumer, sum.Beat, sum.Timeout = of.Done, of.Shards, of.Consumer, of.Beat, of.Timeout
		sum.Logs += of.Logs
		sum.Bytes += of.Bytes
	}
	return sum
}

func (s *source) named(err error) error {
	return fmt.Errorf("source %s/%s: %w", s.cfg.Project, s.cfg.Logstore, err)
}
