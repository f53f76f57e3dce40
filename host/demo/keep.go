package demo

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slswasm/slswasm/host"
)

// KeepRate is how many logs a second Config.Keep puts.
const KeepRate = 200

const finishLimit = 30 * time.Second

// A feeder puts logs while a pipeline runs.
type feeder struct {
	*Feed
	tally *tally
}

// run runs the pipeline, and feeds it until ctx ends. The pipeline goes on
// until all that was put is settled.
func (f *feeder) run(ctx context.Context, p *host.Pipeline) error {
	group, failed := errgroup.WithContext(context.WithoutCancel(ctx))
	running, stop := context.WithCancel(failed)
	group.Go(func() error { return p.Run(running) })
	group.Go(func() error {
		defer stop()
		if err := f.feed(ctx, failed); err != nil || failed.Err() != nil {
			return err
		}
		limited, cancel := context.WithTimeout(failed, finishLimit)
		defer cancel()
		err := f.service.Await(limited, func() bool { return f.service.CaughtUp(project, logstore, consumers) })
		if err != nil && failed.Err() == nil {
			return fmt.Errorf("what was put is not settled after %v", finishLimit)
		}
		return nil
	})
	return group.Wait()
}

// feed puts logs until ctx ends, or the pipeline has failed.
func (f *feeder) feed(ctx, failed context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(failed, stop)()
	return f.each(ctx, KeepRate, func(logs int) error {
		first := f.tally.grow(logs)
		return f.put(first, first+logs)
	})
}
