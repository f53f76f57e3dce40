package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/host/tap"
	"github.com/slswasm/slswasm/sinks"
)

// Config is everything that a Pipeline is made of.
type Config struct {
	Flows       []Flow      // at least one
	Sinks       []NamedSink // of all flows
	Retry       sinks.RetryConfig
	DeadLetters string // the file
	LettersSize int64  // of that file, from which a new one is begun; 0: never
	EventIDs    bool   // events carry their identity to the receiver

	// ExitOnFailure: a source that fails ends all of them. Otherwise the others
	// go on, and it is opened again, later and later; not in a run with an end.
	ExitOnFailure bool

	// Resend: nothing is consumed, for Resend is called in the place of Run. The
	// sources only say which flow a letter's logstore belongs to.
	Resend bool

	Tap    *tap.Tap // shows some of the logs; nil: none
	Tracer Tracer   // watches some of the batches; nil: none
	Logger *slog.Logger
}

// A Flow is the way of some sources' logs: through a chain of guests, to some
// of the sinks.
type Flow struct {
	Name    string         // for messages; may be empty where there is one flow
	Sources []shard.Config // none where dead letters are sent again
	Guests  []guest.Config // the chain, in order; may be empty
	OnError OnError
	Sinks   []string // by name; the first takes what no guest routes elsewhere; none: all, in their order
}

// A NamedSink is a sink and the name by which guests route to it. The
// Pipeline owns it and closes it, also when Open fails.
type NamedSink struct {
	Name string
	Sink sinks.Sink
}

// Open checks all of it, the cheapest first and what others can see last:
// the guests are compiled, the dead letters opened, the receivers asked, and
// only then the consumer groups joined or created. An error names the setting
// at fault; nothing is left running behind it.
func Open(ctx context.Context, cfg Config) (_ *Pipeline, err error) {
	p := &Pipeline{
		named: cfg.Sinks, ids: cfg.EventIDs, tracer: cfg.Tracer, tap: cfg.Tap, logger: cfg.Logger,
		refused: rate.Sometimes{Interval: time.Second},
	}
	defer func() {
		if err != nil {
			if ctx.Err() != nil { // nothing else is at fault
				err = fmt.Errorf("stopped before the start: %w", context.Cause(ctx))
			}
			err = errors.Join(err, p.Close(context.WithoutCancel(ctx)))
		}
	}()
	for _, f := range cfg.Flows {
		opened, err := openFlow(ctx, f, cfg.Logger)
		if err != nil {
			return nil, err
		}
		p.flows = append(p.flows, opened)
	}
	if p.letters, err = openLetters(cfg); err != nil {
		return nil, fmt.Errorf("--dead-letters: %w", err)
	}
	if err := p.join(ctx, cfg); err != nil {
		return nil, err
	}
	if p.sources, err = newSources(cfg, p.flows); err != nil {
		return nil, err
	}
	if cfg.Resend {
		return p, nil
	}
	if err := p.sources.start(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// soon is how long a receiver may take for its first answer without a word
// about it.
const soon = 5 * time.Second

// checkSinks asks all receivers at once whether they would take events, and
// returns why each of them would not.
func checkSinks(ctx context.Context, all []NamedSink, logger *slog.Logger) []error {
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, s := range all {
		wg.Go(func() {
			late := time.AfterFunc(soon, func() { logger.Warn("the receiver has not answered yet; it is waited for", "sink", s.Name) })
			defer late.Stop()
			if err := s.Sink.Check(ctx); err != nil {
				errs[i] = fmt.Errorf("sink %s: %w", s.Name, err)
			}
		})
	}
	wg.Wait()
	return errs
}

// serves says whether a flow can begin with what sinks said at the start. One
// whose receiver is down must not keep the others from starting; its own
// batches wait for it.
func (f *Flow) serves(all []NamedSink, errs []error) bool {
	for i, s := range all {
		if errs[i] != nil && (len(f.Sinks) == 0 || slices.Contains(f.Sinks, s.Name)) {
			return false
		}
	}
	return true
}

// allOrNone says whether the first failure of anything is one of the whole.
func (c *Config) allOrNone() bool {
	bounded := func(s shard.Config) bool { return s.Until != "" }
	return c.ExitOnFailure || c.Resend || slices.ContainsFunc(c.Flows, func(f Flow) bool { return slices.ContainsFunc(f.Sources, bounded) })
}

// ask asks the receivers. It is an error when none of the flows could begin.
func (c *Config) ask(ctx context.Context) error {
	errs := checkSinks(ctx, c.Sinks, c.Logger)
	some := func(f Flow) bool { return f.serves(c.Sinks, errs) }
	if c.allOrNone() || ctx.Err() != nil || !slices.ContainsFunc(c.Flows, some) {
		return errors.Join(errs...)
	}
	for _, err := range errs {
		if err != nil {
			c.Logger.Error("a receiver is not ready; flows with others start, and what is for it waits", "error", err)
		}
	}
	return nil
}

// join checks the sinks, puts a retry around each, and gives each flow the way
// to its own.
func (p *Pipeline) join(ctx context.Context, cfg Config) error {
	all := make([]string, len(cfg.Sinks))
	retriers := make(map[string]sinks.Deliverer, len(cfg.Sinks))
	if err := cfg.ask(ctx); err != nil {
		return err
	}
	for i, s := range cfg.Sinks {
		all[i] = s.Name
		d := &delivery{name: s.Name}
		d.Retrier = sinks.NewRetry(timed{s.Sink, &d.sends}, cfg.Retry, cfg.Logger.With("sink", s.Name))
		p.delivery = append(p.delivery, d)
		retriers[s.Name] = d
	}
	for i, f := range p.flows {
		names := cfg.Flows[i].Sinks
		if len(names) == 0 {
			names = all
		}
		byName := make(map[string]sinks.Deliverer, len(names))
		for _, name := range names {
			if retriers[name] == nil {
				return f.named(fmt.Errorf("there is no sink %q", name))
			}
			byName[name] = retriers[name]
		}
		var err error
		if f.sink, err = sinks.NewRouter(byName, names[0]); err != nil {
			return f.named(err)
		}
		f.fallback = names[0]
	}
	return nil
}
