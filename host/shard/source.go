// Package shard consumes a logstore of Alibaba Cloud Log Service: it joins a
// consumer group, pulls the shards that the group gives it, decodes and
// flattens their logs without copying, hands them to a handler batch by
// batch, and moves a shard's checkpoint past what the handler has settled.
//
// What becomes of a log is the handler's matter: nothing here knows of guests
// or receivers. Nothing is ever skipped: what cannot be decoded or handled
// stops the source at its cursor.
//
//	config.go    settings            client.go, calls.go, pull.go  the wire
//	leases.go    rules of the group  wire.go, decode.go, keyset.go  the logs
//	member.go    heartbeats          puller.go, worker.go          one shard
//	starts.go    where to begin      status.go                     open or closed
//	observe.go, adjust.go            a group from outside
package shard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"github.com/slswasm/slswasm/abi"
)

// A Batch is the logs of one pull, or of a part of it where they take much
// memory. The parts of a pull have its two cursors in common and come one
// after the other; the checkpoint moves when the last one is settled, so a
// pull whose handling breaks off is delivered again from its first part on.
// A batch and all it points to are valid until the handler returns.
type Batch struct {
	Shard        int
	Cursor, Next string // where the pull began, and where the next one begins
	First        int    // index of Logs[0] within the pull
	Logs         []abi.Log
	RawBytes     int // keys and values of the flattened logs
	Steps        Steps

	// Committed may be set by the handler, to hear of the checkpoint after the
	// batch. It is not called when that is left to another consumer.
	Committed CommitFunc

	counts bool   // the cursors count log groups, and
	number int64  // this is the one that Cursor stands for
	filter string // of the places: other queries give other logs at a cursor
}

// A Handler takes the batches of a shard in order, one at a time; those of
// different shards at the same time. It returns nil when every log of the
// batch is settled, for the checkpoint then moves past its pull. Any error stops
// the source. ctx ends when the result no longer counts: the shard was lost,
// or stopping took longer than DrainTimeout.
type Handler func(ctx context.Context, b *Batch) error

// ErrDrain is in what Run returns when batches were still in hand at the end
// of DrainTimeout. They were not committed and will be delivered again.
var ErrDrain = errors.New("the drain timeout is over")

// A Source is one consumer of one logstore.
type Source struct {
	cfg      Config
	client   *client
	timeout  time.Duration // of the group
	starts   starts
	progress *progress
	decoders sync.Pool
	used     atomic.Bool
	closed   sync.Once
}

// Open checks the settings against the service, and creates the consumer
// group if there is none. It starts nothing. Its errors name the setting at
// fault and say what to do.
func Open(ctx context.Context, cfg Config) (*Source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	full := cfg.withDefaults()
	c, err := newClient(&full)
	if err != nil {
		return nil, err
	}
	s := &Source{cfg: full, client: c, progress: newProgress(full.Until != "")}
	s.decoders.New = func() any { return newDecoder() }
	if err := s.open(ctx, cfg.Timeout > 0); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Source) open(ctx context.Context, timeoutAsked bool) error {
	shards, err := s.client.listShards(ctx, opening)
	if err != nil {
		return err
	}
	want := sls.ConsumerGroup{
		ConsumerGroupName: s.cfg.Group,
		Timeout:           int(s.cfg.Timeout / time.Second),
		InOrder:           s.cfg.Order,
	}
	if s.timeout, err = s.client.join(ctx, opening, want, timeoutAsked); err != nil {
		return err
	}
	if s.timeout <= 0 {
		return fmt.Errorf("consumer group %q has a timeout of %v: give it one of a few heartbeats", s.cfg.Group, s.timeout)
	}
	if most := s.timeout / 2; s.cfg.HeartbeatInterval > most {
		s.cfg.Logger.Warn("heartbeats are sent more often than asked, for the group's timeout would let one missed heartbeat lose the shards",
			"timeout", s.timeout, "asked", s.cfg.HeartbeatInterval, "interval", s.timeout/3)
		s.cfg.HeartbeatInterval = s.timeout / 3
	}
	saved, err := s.client.listCheckpoints(ctx, opening)
	if err != nil {
		return err
	}
	s.starts = newStarts(s.cfg.From, shards, saved)
	if s.cfg.Until == "" {
		return nil
	}
	return s.bound(ctx, shards, saved)
}

// Close lets go of the connections. Run does it too.
func (s *Source) Close() { s.closed.Do(s.client.close) }

// Progress may be called at any time.
func (s *Source) Progress() Progress {
	p := s.progress.snapshot()
	p.Consumer, p.Timeout = s.cfg.Consumer, s.timeout
	return p
}

// Run consumes until ctx ends, a handler or the service fails for good, or
// every shard is read up to Until. It then drains: the batches in hand have
// DrainTimeout to settle, while heartbeats keep the shards ours, and what is
// settled is committed. It returns nil after ctx's end or at Until, an error
// with ErrDrain in it when batches did not settle in time, and otherwise what
// failed, with the shard and its cursor. A source runs once.
func (s *Source) Run(ctx context.Context, h Handler) error {
	if s.used.Swap(true) {
		return errors.New("this source has run: open another")
	}
	defer s.Close()
	r := &run{
		cfg: s.cfg, client: s.client, handler: h, starts: s.starts, progress: s.progress, decoders: &s.decoders,
		workers: map[int]*worker{}, ended: make(chan ending), log: s.cfg.Logger.With("consumer", s.cfg.Consumer),
	}
	r.status = &shardStatus{list: s.client.shards, maxAge: 10 * s.cfg.FetchInterval, log: r.log}
	r.pull, r.stop = context.WithCancelCause(ctx)
	r.work, r.abort = context.WithCancelCause(context.WithoutCancel(ctx))
	defer r.stop(nil)
	defer r.abort(nil)
	return r.all(s.timeout)
}

// A run is what lives as long as Run.
type run struct {
	cfg      Config
	client   *client
	handler  Handler
	starts   starts
	progress *progress
	decoders *sync.Pool
	status   *shardStatus
	log      *slog.Logger

	pull  context.Context // over: take nothing more
	stop  context.CancelCauseFunc
	work  context.Context // over: DrainTimeout has passed
	abort context.CancelCauseFunc

	workers map[int]*worker // of the member's goroutine
	ended   chan ending

	mu       sync.Mutex
	failures []error
}

func (r *run) all(timeout time.Duration) error {
	m := &member{
		beat: r.beat, interval: r.cfg.HeartbeatInterval, timeout: timeout,
		start: r.start, leave: func(shard int) { r.workers[shard].stop() },
		drop: func(shard int) { r.workers[shard].drop(errLost) },
		fail: r.fail, ended: r.ended, log: r.log,
	}
	var others sync.WaitGroup
	others.Go(r.watch)
	others.Go(r.limit)
	m.run(r.pull)
	r.abort(nil) // ends limit's wait
	others.Wait()
	r.log.Info("source stopped", "cause", context.Cause(r.pull))
	return errors.Join(r.failures...)
}

// beat is a heartbeat; one that was answered is noted.
func (r *run) beat(ctx context.Context, held []int) ([]int, error) {
	assigned, err := r.client.beat(ctx, held)
	if err == nil {
		r.progress.beaten()
	}
	return assigned, err
}

// limit ends the draining.
func (r *run) limit() {
	<-r.pull.Done()
	if sleep(r.work, r.cfg.DrainTimeout) == nil {
		r.abort(ErrDrain)
	}
}

// start runs a worker for a shard.
func (r *run) start(shard int) {
	w := &worker{run: r, shard: shard, pace: r.progress.pace(shard), log: r.log.With("shard", shard)}
	w.pace.begin()
	w.work, w.drop = context.WithCancelCause(r.work)
	w.pull, w.stop = context.WithCancel(r.pull)
	lost := context.AfterFunc(w.work, w.stop)
	r.workers[shard] = w
	go func() { // the member waits for its end
		how := failed
		err := error(&unsettled{fmt.Errorf("shard %d: the handler ended its goroutine", shard)})
		defer func() {
			lost()
			w.pace.end()
			w.stop()
			w.drop(nil)
			if err != nil {
				r.fail(err)
			}
			r.ended <- ending{shard, how}
		}()
		how, err = w.do()
	}()
}

// fail stops the source because of err, which Run returns.
func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, err)
	r.stop(err)
}
