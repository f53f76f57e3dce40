package shard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

// What the last checkpoint of a shard may take when the source stops, and how
// often a broken pull is read again.
const (
	lastSave  = 10 * time.Second
	saveAgain = 2 * time.Second
	rereads   = 3
)

// A worker works on one shard: it pulls ahead, hands batch after batch to the
// handler and saves how far they are settled.
type worker struct {
	run   *run
	shard int
	end   string // where to stop; empty: nowhere
	log   *slog.Logger

	pull context.Context // over: take nothing more (given up, stopping, lost)
	stop context.CancelFunc
	work context.Context // over: commit nothing more (lost) or at once (drained too long)
	drop context.CancelCauseFunc

	cp      checkpoint
	waiting waiting // for it to be saved
	pace    *pace
	portion portion
}

// do returns how the work ended; err is set when it failed.
func (w *worker) do() (outcome, error) {
	end, wanted := w.run.progress.end(w.shard)
	if !wanted {
		return exhausted, nil
	}
	w.end = end
	how, err := w.finish(w.consume())
	if how == exhausted {
		w.run.progress.finish(w.shard)
	}
	return how, err
}

// consume returns nil when nothing is left of the shard.
func (w *worker) consume() error {
	err := w.begin()
	if code(err) == sls.SHARD_NOT_EXIST {
		w.log.Warn("the shard is gone: the service has deleted it with the last of its logs", "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		before := w.cp.settled
		err := w.stream()
		var broken *brokenPull
		if !errors.As(err, &broken) || attempt > rereads && w.cp.settled == before {
			return err
		}
		w.log.Warn("a pull could not be decoded and is read again", "error", err)
		if w.cp.settled != before {
			attempt = 0
		}
		if err := sleep(w.pull, time.Duration(attempt)*w.run.client.pause); err != nil {
			return err
		}
	}
}

// begin finds where to start. A shard without a checkpoint is saved there at
// once: if we died before the first batch, the next owner would take "end" to
// be somewhere else and skip what came in between.
func (w *worker) begin() error {
	saved, err := w.run.client.listCheckpoints(w.pull, running)
	if err != nil {
		return err
	}
	if w.cp.saved = saved[w.shard].CheckPoint; w.cp.saved != "" {
		w.cp.settle(w.cp.saved)
		w.log.Info("shard taken over at its checkpoint", "cursor", w.cp.saved)
		return nil
	}
	from := w.run.starts.of(w.shard)
	cursor, err := w.run.client.findCursor(w.pull, running, w.shard, from)
	if err != nil {
		return err
	}
	w.cp.settle(cursor)
	w.log.Info("shard taken over without a checkpoint", "from", from, "cursor", cursor)
	return w.save(w.pull, running)
}

// stream pulls from what is settled on until the shard is exhausted or an
// error ends it.
func (w *worker) stream() error {
	ctx, cancel := context.WithCancel(w.pull)
	p := &puller{
		cfg: &w.run.cfg, client: w.run.client, readonly: w.run.status.readonly,
		shard: w.shard, end: w.end, pace: w.pace, log: w.log, out: make(chan *pulled),
	}
	w.pace.from(w.cp.settled)
	go p.run(ctx, w.cp.settled)
	defer func() { // the puller never outlives its worker
		cancel()
		for got := range p.out {
			p.discard(got)
		}
	}()
	save := time.NewTimer(w.run.cfg.CommitInterval)
	defer save.Stop()
	for w.pull.Err() == nil {
		select {
		case got, more := <-p.out:
			if !more {
				return p.err
			}
			err := w.handle(got)
			p.discard(got)
			if err != nil {
				return err
			}
		case <-save.C:
		case <-w.pull.Done():
			return context.Cause(w.pull)
		}
		if err := w.saveIfDue(); err != nil {
			return err
		}
		save.Reset(w.cp.due(time.Now(), w.run.cfg.CommitInterval))
		if !w.cp.pending() {
			save.Stop()
		}
	}
	return context.Cause(w.pull)
}

// A brokenPull says that the bytes of a pull are not what they should be.
type brokenPull struct{ err error }

func (e *brokenPull) Error() string { return e.err.Error() }
func (e *brokenPull) Unwrap() error { return e.err }

// handle decodes one pull, hands it to the handler part by part and settles
// it.
func (w *worker) handle(got *pulled) error {
	if got.raw == nil {
		w.cp.settle(got.next)
		w.settled(got.next, nil, got.drained)
		return nil
	}
	if saw := w.run.cfg.OnPull; saw != nil {
		saw(w.shard, *got.raw)
	}
	d := w.run.decoders.Get().(*decoder)
	defer w.run.decoders.Put(d)
	budget := w.run.cfg.Budget
	var settled waiting
	steps := Steps{Pull: got.began, Pulled: got.ended, Decode: time.Now()}
	logs, err := d.open(*got.raw, got.groups, w.portion.bytes())
	for ; err == nil; logs, err = d.part() {
		steps.Decoded = time.Now()
		got.reserved = budget.settle(got.reserved, int64(got.size()+d.size()))
		b := &Batch{Shard: w.shard, Cursor: got.cursor, Next: got.next, First: d.first, Logs: logs, RawBytes: d.bytes, Steps: steps}
		b.locate(got.groups, w.run.cfg.Query)
		w.pace.hold(logs)
		if err := w.deliver(b); err != nil {
			return err
		}
		w.portion.took(time.Since(steps.Decoded))
		d.limit = w.portion.bytes()
		if b.Committed != nil {
			settled.add(b.Committed)
		}
		if !d.more {
			w.cp.settle(got.next)
			w.waiting.add(settled...)
			w.settled(got.next, b, got.drained)
			return nil
		}
		w.settled(got.cursor, b, time.Time{})
		steps = Steps{Decode: time.Now()}
	}
	return &brokenPull{fmt.Errorf("shard %d, pull at cursor %s: %w", w.shard, got.cursor, err)}
}

// settled tells those who watch that everything before the cursor is settled,
// and b last.
func (w *worker) settled(cursor string, b *Batch, drained time.Time) {
	w.pace.settle(cursor, b, drained)
	w.run.progress.settled(w.shard, cursor, b)
}

// deliver hands a batch to the handler. It returns nil when that has settled
// it, and the shard is still ours.
func (w *worker) deliver(b *Batch) (err error) {
	if len(b.Logs) > 0 {
		err = w.call(b)
	}
	switch cause := context.Cause(w.work); {
	case errors.Is(cause, errLost):
		return errLost
	case err != nil && cause != nil:
		return &unsettled{fmt.Errorf("shard %d: the batch at cursor %s was not settled and will be delivered again: %w", w.shard, b.Cursor, cause)}
	case err != nil:
		return &unsettled{fmt.Errorf("shard %d, batch at cursor %s: %w", w.shard, b.Cursor, err)}
	}
	return nil
}

// An unsettled error is the handler's: it stops the source.
type unsettled struct{ err error }

func (e *unsettled) Error() string { return e.err.Error() }
func (e *unsettled) Unwrap() error { return e.err }

// A PanicError is what Run returns when the handler has panicked. The batch
// was not committed.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("the handler panicked: %v", e.Value) }

// call makes a panic in the handler an error. runtime.Goexit, which cannot be
// stopped here, is left to do.
func (w *worker) call(b *Batch) (err error) {
	defer func() {
		if v := recover(); v != nil {
			stack := debug.Stack()
			w.log.Error("the handler panicked", "value", v, "cursor", b.Cursor, "stack", string(stack))
			err = &PanicError{Value: v, Stack: stack}
		}
	}()
	return w.run.handler(w.work, b)
}

// saveIfDue saves the checkpoint unless that was done a moment ago. When the
// service has trouble it goes on: the next save covers this one.
func (w *worker) saveIfDue() error {
	if !w.cp.pending() || w.cp.due(time.Now(), w.run.cfg.CommitInterval) > 0 {
		return nil
	}
	err := w.save(w.work, patience{transient: saveAgain})
	if err == nil || errors.Is(err, errLost) || w.work.Err() == nil && classify(err) == final {
		return err
	}
	w.log.Warn("a checkpoint could not be saved yet: after a crash, logs since the last one are delivered again",
		"error", err, "saved", w.cp.saved, "settled", w.cp.settled)
	return nil
}

// save saves what is settled. It returns errLost when the service says that
// the shard is no longer ours.
func (w *worker) save(ctx context.Context, p patience) error {
	if !w.cp.pending() {
		return nil
	}
	cursor := w.cp.settled
	err := w.run.client.retry(ctx, p, func() error {
		began := time.Now()
		err := w.run.client.save(ctx, w.shard, cursor)
		if err == nil {
			w.pace.committed(began)
			w.waiting.tell(cursor, began)
		}
		return err
	})
	w.cp.tried = time.Now()
	switch code(err) {
	case codeNotMatch, codeConsumerGone:
		w.log.Warn("the shard belongs to another consumer: logs since the last checkpoint may be delivered twice", "error", err)
		return errLost
	case sls.SHARD_NOT_EXIST: // deleted with its logs, and its checkpoint with it
		err = nil
	}
	if err == nil {
		w.cp.saved = cursor
	}
	return err
}

// finish saves the last checkpoint and says how the work on the shard ended.
func (w *worker) finish(err error) (outcome, error) {
	if errors.Is(err, errLost) || errors.Is(context.Cause(w.work), errLost) {
		return lost, nil
	}
	if err == nil { // exhausted only once that is known to the service
		switch err = w.save(w.pull, running); {
		case err == nil:
			w.log.Info("shard read to its end", "cursor", w.cp.settled)
			return exhausted, nil
		case errors.Is(err, errLost):
			return lost, nil
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.work), lastSave)
	defer cancel()
	switch saveErr := w.save(ctx, running); {
	case errors.Is(saveErr, errLost):
		return lost, w.failure(err)
	case saveErr != nil:
		w.log.Error("the last checkpoint could not be saved: the next owner delivers the logs since the one before again",
			"error", saveErr, "saved", w.cp.saved, "settled", w.cp.settled)
	}
	if err := w.failure(err); err != nil {
		return failed, err
	}
	w.log.Info("shard given up", "cursor", w.cp.settled)
	return released, nil
}

// failure returns err unless it only says that the worker was asked to end.
func (w *worker) failure(err error) error {
	var own *unsettled
	if w.pull.Err() != nil && !errors.As(err, &own) {
		return nil
	}
	return err
}
