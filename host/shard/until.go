package shard

import (
	"context"
	"errors"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

// errComplete ends a run that has read everything up to Until.
var errComplete = errors.New("every shard is read up to --until")

// bound fixes where each shard ends. A shard that appears later, from a split
// or a merge, holds only what arrived later: there is nothing to read in it.
func (s *Source) bound(ctx context.Context, shards []sls.Shard, saved map[int]sls.ConsumerGroupCheckPoint) error {
	until := s.cfg.Until
	if until == Now {
		until = End
	}
	for _, sh := range shards {
		to, err := s.client.findCursor(ctx, opening, sh.ShardID, until)
		if err != nil {
			return err
		}
		from := saved[sh.ShardID].CheckPoint
		known := from != ""
		if !known {
			if from, err = s.client.findCursor(ctx, opening, sh.ShardID, s.starts.of(sh.ShardID)); err != nil {
				return err
			}
		}
		s.progress.bound(sh.ShardID, from, to, known)
	}
	return nil
}

// watch stops a bounded run when every shard has got to its end, also those
// on which other consumers work: their checkpoints tell.
func (r *run) watch() {
	if r.cfg.Until == "" {
		return
	}
	for !r.progress.complete() {
		select {
		case <-r.progress.finished: // one of our own
			continue
		case <-time.After(r.cfg.FetchInterval):
		case <-r.pull.Done():
			return
		}
		saved, err := r.client.listCheckpoints(r.pull, running)
		if err == nil {
			r.progress.observe(saved)
			if r.progress.complete() {
				break
			}
			if shards, err := r.client.shards(r.pull); err == nil { // or the next time
				r.progress.remove(shards)
			}
		}
		if err != nil && r.pull.Err() == nil {
			r.fail(err)
			return
		}
	}
	r.stop(errComplete)
}

// listShards, listCheckpoints and findCursor are the calls, retried.

func (c *client) listShards(ctx context.Context, p patience) (shards []sls.Shard, err error) {
	err = c.retry(ctx, p, func() error {
		shards, err = c.shards(ctx)
		return err
	})
	return shards, err
}

func (c *client) listCheckpoints(ctx context.Context, p patience) (saved map[int]sls.ConsumerGroupCheckPoint, err error) {
	err = c.retry(ctx, p, func() error {
		saved, err = c.checkpoints(ctx)
		return err
	})
	return saved, err
}

func (c *client) findCursor(ctx context.Context, p patience, shard int, at Position) (cursor string, err error) {
	err = c.retry(ctx, p, func() error {
		cursor, err = c.cursor(ctx, shard, at)
		return err
	})
	return cursor, err
}
