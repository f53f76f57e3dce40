package hec

import (
	"context"
	"slices"
	"sync"
)

// A limiter bounds the requests that are under way at once, over all Sends of
// a sink: one more for each round of successes while somebody waits for it,
// half as many when the receiver has too much. It starts no goroutines.
type limiter struct {
	mu      sync.Mutex
	most    float64 // --hec-concurrency
	limit   float64 // from 1 to most; its whole part counts
	inUse   int
	cuts    int             // how often the limit was halved
	waiting []chan struct{} // in order; closed when it is this one's turn
}

// A slot is the right to one request.
type slot struct{ cuts int }

// A pressure is what a request says of how much the receiver can take.
type pressure int

const (
	eased   pressure = iota // more would do
	steady                  // neither
	pressed                 // too much
)

func (l *limiter) start(most int) { l.most, l.limit = float64(most), float64(most) }

// acquire waits for a slot, which the caller releases. Its error is ctx's.
func (l *limiter) acquire(ctx context.Context) (slot, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	turn := make(chan struct{})
	l.waiting = append(l.waiting, turn)
	l.wake()
	l.mu.Unlock()
	select {
	case <-turn:
		l.mu.Lock()
		return slot{l.cuts}, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	if i := slices.Index(l.waiting, turn); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	} else { // its turn came at the same moment: it goes to the next
		l.inUse--
		l.wake()
	}
	return slot{}, ctx.Err()
}

// release gives a slot back. A limit is halved once for all the requests that
// were under way together: those that began before the last time count no
// more.
func (l *limiter) release(s slot, p pressure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inUse--
	switch {
	case p == eased && len(l.waiting) > 0:
		l.limit = min(l.limit+1/l.limit, l.most)
	case p == pressed && s.cuts == l.cuts:
		l.limit = max(l.limit/2, 1)
		l.cuts++
	}
	l.wake()
}

// wake hands out what is free.
func (l *limiter) wake() {
	for len(l.waiting) > 0 && l.inUse < int(l.limit) {
		close(l.waiting[0])
		l.waiting = l.waiting[1:]
		l.inUse++
	}
}

// now is how many requests may be under way at once.
func (l *limiter) now() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int(l.limit)
}
