package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/sinks"
)

// A flow is a Flow at work.
type flow struct {
	name     string
	onError  OnError
	sink     sinks.Deliverer
	fallback string // the sink of what no guest routes elsewhere

	chain     *chain // replaced by reload alone
	swap      sync.Mutex
	reloading sync.Mutex
	last      lastBatch
	lanes     sync.Pool // of *lane
}

// openFlow compiles the guests; the sinks are joined later.
func openFlow(ctx context.Context, cfg Flow, logger *slog.Logger) (*flow, error) {
	f := &flow{name: cfg.Name, onError: cfg.OnError}
	f.lanes.New = func() any { return newLane(len(cfg.Guests)) }
	var err error
	if f.chain, err = compile(ctx, cfg.Guests, logger); err != nil {
		return nil, f.named(err)
	}
	return f, nil
}

// named says in which flow something is wrong.
func (f *flow) named(err error) error {
	if f.name == "" || err == nil {
		return err
	}
	return fmt.Errorf("%s: %w", f.name, err)
}

// enter returns the chain that a batch is to pass through, and what to call
// when it has.
func (f *flow) enter() (c *chain, leave func()) {
	f.swap.Lock()
	defer f.swap.Unlock()
	f.chain.batches.Add(1)
	return f.chain, f.chain.batches.Done
}

// replace lets batches that begin from now on pass through another chain, and
// closes the old one when its last batch has left.
func (f *flow) replace(ctx context.Context, fresh *chain) error {
	f.swap.Lock()
	old := f.chain
	fresh.succeed(old)
	f.chain = fresh
	f.swap.Unlock()
	err := old.close(ctx)
	fresh.succeed(old) // in what the last batches have counted
	return err
}

// Reload puts new guests in the place of those in use, for each flow as many
// as there are, while the pipeline runs. The new ones are compiled and checked,
// and have to do at least as well as the old ones on the last logs that came
// by; then every batch that begins passes through them, while those under way
// finish with the old ones. On an error the old ones of its flow stay. Reload
// returns when the old ones are closed.
func (p *Pipeline) Reload(ctx context.Context, guests [][]guest.Config) error {
	if len(guests) != len(p.flows) {
		return fmt.Errorf("guests for %d flows in the place of %d: their number cannot change", len(guests), len(p.flows))
	}
	var errs []error
	for i, f := range p.flows {
		errs = append(errs, f.named(f.reload(ctx, guests[i], p.logger)))
	}
	return errors.Join(errs...)
}
