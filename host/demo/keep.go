package demo

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/slstest"
)

// KeepRate is how many logs a second Config.Keep puts.
const KeepRate = 200

const (
	feedEvery   = 250 * time.Millisecond
	forgetEvery = 40 // feeds
	finishLimit = 30 * time.Second
)

// A feeder puts logs while a pipeline runs.
type feeder struct {
	service *slstest.Server
	samples []*sample
	tally   *tally
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
	tick := time.NewTicker(feedEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-failed.Done():
			return nil
		case <-tick.C:
		}
		logs := int(KeepRate * feedEvery / time.Second)
		first := f.tally.grow(logs)
		if err := put(f.service, f.samples, first, first+logs); err != nil {
			return err
		}
		if n%forgetEvery == 0 {
			if err := f.forget(); err != nil {
				return err
			}
		}
	}
}

// forget lets the service forget what is settled, or a demo that is left alone
// would take more and more memory.
func (f *feeder) forget() error {
	state, _ := f.service.Group(project, logstore, consumers)
	for shard, checkpoint := range state.Checkpoints {
		if err := f.service.Expire(project, logstore, shard, checkpoint); err != nil {
			return err
		}
	}
	return nil
}
