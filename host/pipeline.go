// Package host is the engine of slswasm. A Pipeline joins the shards of one or
// more sources, a chain of guests, the sinks and the dead letters, and keeps
// the one promise that all of it is for: a batch is settled, and so its
// checkpoint may move, only when each of its logs was delivered, dropped by a
// guest on purpose, or written to the dead letters.
//
// How logs are pulled, what a guest may do and how a receiver is talked to
// belong to the packages below; flags and terminals to the command above.
package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/host/tap"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// A Pipeline is opened with Open, run once, and closed.
type Pipeline struct {
	flows   []*flow
	sources *sources
	named   []NamedSink
	letters *letterbox
	ids     bool // events carry their identity
	tap     *tap.Tap
	tracer  Tracer // nil: none
	logger  *slog.Logger

	refused rate.Sometimes // its log line, which would be one for each event

	started  atomic.Pointer[time.Time] // Run; nil before
	counts   counters
	batches  atomic.Uint64 // settled
	reasons  reasons
	delivery []*delivery // to each of named
}

// Run consumes until ctx ends or, with an end position, until every shard got
// there. It returns nil in both cases, after everything in flight was drained
// and committed. Any error means that the logs after the last checkpoint will
// be consumed again by the next run. What a source that fails does to the
// others, Config.ExitOnFailure says.
func (p *Pipeline) Run(ctx context.Context) error {
	now := time.Now()
	p.started.Store(&now)
	return p.sources.run(ctx, func(ctx context.Context, s *source, b *shard.Batch) error {
		return p.watch(ctx, s, b)
	})
}

// A lane is the memory that one batch needs on its way, kept for the next one.
type lane struct {
	events  []abi.Event
	outputs []guest.Output // one for each guest
	merged  [][]abi.Event  // the same, with what failed and passes
	letters []deadletter.Letter
	kinds   []string // of their reasons
	ids     []byte   // of the events, one after the other
}

func newLane(guests int) *lane {
	return &lane{outputs: make([]guest.Output, guests), merged: make([][]abi.Event, guests)}
}

// settle takes one batch all the way. When it returns nil, every log of the
// batch is settled.
func (p *Pipeline) settle(ctx context.Context, f *flow, b batch) error {
	l := f.lanes.Get().(*lane)
	defer f.lanes.Put(l)
	l.letters, l.kinds = l.letters[:0], l.kinds[:0]
	tally := Counts{Pulled: uint64(len(b.logs())), PulledBytes: uint64(b.size())}

	letter := func(e *abi.Event, stage deadletter.Stage, kind, reason string) {
		letter := b.letter(e.Origin)
		letter.At, letter.Stage, letter.Reason = time.Now(), stage, reason
		l.letters, l.kinds = append(l.letters, letter), append(l.kinds, kind)
	}
	events, err := p.transform(ctx, f, l, b, &tally, letter)
	if err != nil {
		return err
	}
	if p.ids {
		l.identify(events, b)
	}
	err = f.sink.Deliver(ctx, events, func(e *abi.Event, reason string) error {
		letter(e, f.sinkStage(e), refusedBySink, reason)
		p.refused.Do(func() {
			of := b.letter(e.Origin)
			p.logger.Warn("an event is refused for good and goes to the dead letters", "sink", f.sinkStage(e).Name,
				"reason", reason, "shard", of.Shard, "cursor", of.Cursor, "log", of.Index)
		})
		return nil
	})
	if err != nil {
		return err
	}
	if len(l.letters) > 0 {
		began := time.Now()
		err := p.letters.Write(ctx, l.letters)
		if span := spanOf(ctx); span != nil {
			span.Step("dead letters", began).End(time.Now(), err, slog.Int("letters", len(l.letters)))
		}
		if err != nil {
			return fmt.Errorf("dead letters: %w", err)
		}
		p.reasons.add(l.letters, l.kinds, p.named)
	}
	tally.DeadLetters = uint64(len(l.letters))
	tally.Delivered = tally.Pulled + tally.Added - tally.Dropped - tally.Discarded - tally.DeadLetters
	p.counts.add(tally)
	p.batches.Add(1)
	return nil
}

// sinkStage names the sink that an event was meant for.
func (f *flow) sinkStage(e *abi.Event) deadletter.Stage {
	stage := deadletter.Stage{Kind: deadletter.StageSink, Name: f.fallback}
	if e.Meta != nil && len(e.Meta.Route) > 0 {
		stage.Name = string(e.Meta.Route)
	}
	return stage
}

// transform passes the batch's logs through all guests, one after the other.
func (p *Pipeline) transform(ctx context.Context, f *flow, l *lane, b batch, tally *Counts, letter letterFunc) ([]abi.Event, error) {
	events := l.events[:0]
	logs := b.logs()
	for i := range logs {
		events = append(events, abi.Event{Log: logs[i], Origin: i})
	}
	l.events = events
	guests, leave := f.enter()
	defer leave()
	if len(guests.modules) > 0 {
		f.last.keep(logs)
	}
	span := spanOf(ctx)
	for i := range guests.modules {
		g := &guests.modules[i]
		out := &l.outputs[i]
		began := time.Now()
		err := g.Transform(ctx, events, out)
		if span != nil {
			endTransform(span.Step("transform", began), g, events, out, err)
		}
		if err != nil {
			return nil, err
		}
		g.tally.transform.Since(began)
		tally.Dropped += uint64(out.Dropped)
		tally.Added += uint64(len(out.Events) + out.Dropped + len(out.Failures) - len(events))
		passed, err := p.fail(f, g, b, events, out, &l.merged[i], tally, letter)
		if err != nil {
			return nil, err
		}
		events = passed
	}
	if p.tap.Watched() {
		p.show(f, l, b, guests, events)
	}
	return events, nil
}

// Close ends what Open began.
func (p *Pipeline) Close(ctx context.Context) error {
	var errs []error
	p.sources.close()
	for _, s := range p.named {
		errs = append(errs, s.Sink.Close())
	}
	for _, f := range p.flows {
		errs = append(errs, f.chain.close(ctx))
	}
	if p.letters != nil {
		errs = append(errs, p.letters.Close())
	}
	return errors.Join(errs...)
}
