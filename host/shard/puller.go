package shard

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

// What a pull is expected to bring, in bytes.
const (
	mostEstimate  = 10 << 20 // about the most that the service gives
	leastEstimate = 64 << 10
	estimateAge   = 5 * time.Second // that an estimate is good for
	fullPull      = 1 << 20         // from which on more is taken to wait
	stuckBudget   = 5 * time.Second // to wait for the estimate while others release nothing
)

// A puller reads one shard ahead of its worker by one pull.
type puller struct {
	cfg      *Config
	client   *client
	readonly func(ctx context.Context, shard int) bool
	shard    int
	end      string // where to stop; empty: nowhere
	pace     *pace
	log      *slog.Logger

	out     chan *pulled  // closed at the end
	err     error         // why it ended: nil when nothing is left of the shard
	last    int64         // bytes of the last pull
	pulled  time.Time     // when that was; zero before the first
	idle    time.Duration // the last wait for data
	few     int           // log groups to ask for while the budget is scarce; 0: it is not
	invalid int           // cursors that were called invalid since the last pull that succeeded
}

// run pulls from cursor on until the shard is exhausted, ctx has ended or an
// error is final.
func (p *puller) run(ctx context.Context, cursor string) {
	defer close(p.out)
	p.err = p.loop(ctx, cursor)
}

func (p *puller) loop(ctx context.Context, cursor string) error {
	closed := false // the shard was read-only before the pull
	for p.end == "" || !reached(cursor, p.end) {
		got, err := p.pull(ctx, cursor)
		switch {
		case code(err) == sls.INVALID_CURSOR:
			if got, err = p.expired(ctx, cursor, err); err != nil {
				return err
			}
		case code(err) == sls.SHARD_NOT_EXIST:
			p.log.Warn("the shard is gone: the service has deleted it with the last of its logs", "error", err)
			return nil
		case err != nil:
			return err
		case !got.moved() && (closed || p.end != "" && !ordered(cursor, p.end)):
			p.discard(got)
			return nil
		}
		if !got.moved() {
			p.discard(got)
			if closed = p.readonly(ctx, p.shard); closed {
				p.pace.closed()
				continue // what arrived before it closed
			}
		}
		cursor = got.next
		pause := p.pause(got)
		if err := p.give(ctx, got); err != nil {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
	return nil
}

// pull retries until it has an answer, within the budget. Between attempts
// nothing is reserved, so a shard in trouble keeps no other one waiting.
func (p *puller) pull(ctx context.Context, cursor string) (got *pulled, err error) {
	err = p.client.retry(ctx, running, func() error {
		reserved, err := p.reserve(ctx)
		if err != nil {
			return err
		}
		count := p.cfg.PullCount
		if p.few > 0 {
			count = min(count, p.few)
		}
		began := time.Now()
		got, err = p.client.pull(ctx, pullRequest{
			shard: p.shard, cursor: cursor, end: p.end, count: count, query: p.cfg.Query,
		})
		if err != nil {
			p.pace.failed.Add(1)
			p.cfg.Budget.release(reserved)
			return err
		}
		got.began, got.ended = began, time.Now()
		p.pace.pull.Observe(got.ended.Sub(began))
		switch {
		case !got.moved():
			p.pace.empty(cursor, began)
		case !p.full(got, count):
			got.drained = began
		}
		got.reserved = p.cfg.Budget.settle(reserved, int64(got.size()))
		p.invalid = 0
		p.learn(int64(got.size()))
		return nil
	})
	return got, err
}

// reserve waits until the next pull may be made.
func (p *puller) reserve(ctx context.Context) (int64, error) {
	patience := stuckBudget
	if p.few > 0 {
		patience = min(stuckBudget, p.cfg.FetchInterval)
	}
	n, scarce, err := p.cfg.Budget.reserveOr(ctx, p.estimate(), leastEstimate, patience)
	switch {
	case !scarce:
		p.few = 0
	case p.few == 0:
		p.few = 1
		p.log.Warn("other shards have the memory for pulls and do not get on: this one goes on with small pulls (--max-in-flight)")
	}
	return n, err
}

// learn takes the size of a pull. A small one on purpose tells only how many
// log groups fit the least that is reserved.
func (p *puller) learn(size int64) {
	switch {
	case p.few == 0:
		p.last, p.pulled = size, time.Now()
	case size > leastEstimate:
		p.few = max(1, p.few/2)
	case size < leastEstimate/4:
		p.few = min(2*p.few, p.cfg.PullCount)
	}
}

// estimate is what to reserve for the next pull. Where the last one says
// little, at the start and after an outage or a slow receiver, logs may have
// piled up, and in all shards at once: then it is as much as a pull can be.
func (p *puller) estimate() int64 {
	if p.pulled.IsZero() || time.Since(p.pulled) > estimateAge {
		return mostEstimate
	}
	return min(max(2*p.last, leastEstimate), max(p.last, mostEstimate))
}

// give hands a pull over. One that moved without logs, as under a query, is
// handed over too, for the checkpoint moves with it.
func (p *puller) give(ctx context.Context, got *pulled) error {
	if !got.moved() {
		return nil
	}
	select {
	case p.out <- got:
		return nil
	case <-ctx.Done():
		p.discard(got)
		return context.Cause(ctx)
	}
}

// discard gives a pull's memory and its share of the budget back.
func (p *puller) discard(got *pulled) {
	p.client.raws.put(got.raw)
	p.cfg.Budget.release(got.reserved)
	got.raw, got.reserved = nil, 0
}

// pause is the time until the next pull: none while there is more, then
// longer and longer up to FetchInterval.
func (p *puller) pause(got *pulled) time.Duration {
	shortest := p.cfg.FetchInterval / 4
	switch {
	case !got.moved():
		p.idle = min(max(2*p.idle, shortest), p.cfg.FetchInterval)
		return p.idle
	case p.full(got, p.cfg.PullCount):
		p.idle = 0
		return 0
	}
	p.idle = 0
	return shortest
}

// full says whether there may be more behind a pull that asked for so many log
// groups.
func (p *puller) full(got *pulled, count int) bool {
	return got.scannedGroups >= count || got.scannedBytes >= fullPull || p.end != ""
}

// expired carries out the policy for a cursor whose logs were deleted. The
// move is handed on like an empty pull: it must be saved, or a second expiry
// would jump from the old place again.
func (p *puller) expired(ctx context.Context, cursor string, cause error) (*pulled, error) {
	if p.cfg.OnExpired == ExpiredHalt {
		return nil, fmt.Errorf("shard %d: the checkpoint %s has expired, and the policy is to halt: logs were deleted unread; to go on, set --on-expired to begin or end: %w",
			p.shard, cursor, cause)
	}
	p.invalid++
	if err := sleep(ctx, p.backOff()); err != nil {
		return nil, err
	}
	var next string
	err := p.client.retry(ctx, running, func() (err error) {
		next, err = p.client.cursor(ctx, p.shard, Position(p.cfg.OnExpired))
		return err
	})
	if err != nil {
		return nil, err
	}
	if next == cursor {
		p.log.Error("the service refuses the very cursor that it gives: it is asked again", "cursor", cursor, "times", p.invalid, "error", cause)
		return &pulled{cursor: cursor, next: next}, nil
	}
	attrs := []any{"checkpoint", cursor, "continues_at", next, "policy", string(p.cfg.OnExpired), "error", cause}
	if arrived, err := p.client.cursorTime(ctx, p.shard, next); err == nil && p.cfg.OnExpired == ExpiredBegin {
		attrs = append(attrs, "oldest_log_left", arrived) // one attempt: it is for the message only
	}
	if from, ok := ordinal(cursor); ok {
		if to, ok := ordinal(next); ok {
			attrs = append(attrs, "log_groups_skipped", to-from)
		}
	}
	p.log.Error("the checkpoint has expired: logs were deleted before they were read", attrs...)
	return &pulled{cursor: cursor, next: next}, nil
}

// backOff is the wait after an invalid cursor: none after the first, then a
// second at least, growing to ten, which also paces the log.
func (p *puller) backOff() time.Duration {
	if p.invalid < 2 {
		return 0
	}
	return min(5*p.client.pause<<min(p.invalid-2, 8), 50*p.client.pause)
}

// sleep waits, or returns the cause of ctx's end.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
