package host

import "sync"

// Counts is what became of the logs of all settled batches. A log enters once
// and ends once, so at every moment
//
//	Pulled + Added = Delivered + Dropped + Discarded + DeadLetters
//
// and a guest that emits n events for a log adds n-1. Events that the sink
// has delivered of a batch that is not settled yet are not counted.
type Counts struct {
	Pulled      uint64 `json:"pulled"`       // logs
	PulledBytes uint64 `json:"pulled_bytes"` // keys and values
	Added       uint64 `json:"added"`        // events beyond one a log
	Dropped     uint64 `json:"dropped"`      // by a guest, on purpose
	Discarded   uint64 `json:"discarded"`    // by --on-error drop
	Delivered   uint64 `json:"delivered"`    // events
	DeadLetters uint64 `json:"dead_letters"` // from guests and sinks
	Failed      uint64 `json:"failed"`       // logs that a guest could not transform, whatever then became of them
}

type counters struct {
	mu  sync.Mutex
	sum Counts
}

func (c *counters) add(t Counts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sum.Pulled += t.Pulled
	c.sum.PulledBytes += t.PulledBytes
	c.sum.Added += t.Added
	c.sum.Dropped += t.Dropped
	c.sum.Discarded += t.Discarded
	c.sum.Delivered += t.Delivered
	c.sum.DeadLetters += t.DeadLetters
	c.sum.Failed += t.Failed
}

// Counts returns the counts so far.
func (p *Pipeline) Counts() Counts {
	p.counts.mu.Lock()
	defer p.counts.mu.Unlock()
	return p.counts.sum
}
