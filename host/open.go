package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/time/rate"

	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/sinks"
)

// Config is everything that a Pipeline is made of.
type Config struct {
	Sources     []shard.Config
	Guests      []guest.Config // the chain, in order; may be empty
	OnError     OnError
	Sinks       []NamedSink // the first takes what no guest routes elsewhere
	Retry       sinks.RetryConfig
	DeadLetters string // the file
	LettersSize int64  // of that file, from which a new one is begun; 0: never
	EventIDs    bool   // events carry their identity to the receiver
	Logger      *slog.Logger
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
		onError: cfg.OnError, named: cfg.Sinks, ids: cfg.EventIDs, logger: cfg.Logger,
		refused: rate.Sometimes{Interval: time.Second}, failed: rate.Sometimes{Interval: time.Second},
	}
	p.lanes.New = func() any { return newLane(len(cfg.Guests)) }
	defer func() {
		if err != nil {
			if ctx.Err() != nil { // nothing else is at fault
				err = fmt.Errorf("stopped before the start: %w", context.Cause(ctx))
			}
			err = errors.Join(err, p.Close(context.WithoutCancel(ctx)))
		}
	}()
	if p.guests, err = compile(ctx, cfg.Guests, cfg.Logger); err != nil {
		return nil, err
	}
	if p.letters, err = openLetters(cfg); err != nil {
		return nil, fmt.Errorf("--dead-letters: %w", err)
	}
	if p.sink, err = deliverer(ctx, cfg); err != nil {
		return nil, err
	}
	for _, s := range cfg.Sources {
		opened, err := shard.Open(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("source %s/%s: %w", s.Project, s.Logstore, err)
		}
		p.sources = append(p.sources, source{opened, s.Project, s.Logstore})
	}
	return p, nil
}

// deliverer checks the sinks and builds the way to them: a retry around each,
// and a router in front when there are several.
func deliverer(ctx context.Context, cfg Config) (sinks.Deliverer, error) {
	byName := make(map[string]sinks.Deliverer, len(cfg.Sinks))
	for _, s := range cfg.Sinks {
		if err := s.Sink.Check(ctx); err != nil {
			return nil, fmt.Errorf("sink %s: %w", s.Name, err)
		}
		byName[s.Name] = sinks.NewRetry(s.Sink, cfg.Retry, cfg.Logger.With("sink", s.Name))
	}
	return sinks.NewRouter(byName, cfg.Sinks[0].Name)
}
