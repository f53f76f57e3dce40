package shard

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// A Budget bounds the memory of pulls in flight, over all the shards and
// sources that share it: their decompressed bytes and the views that decoding
// makes of them. The size of a pull is known only once it is there, so an
// estimate is reserved before and settled after: what came in excess is a
// debt that releases pay first, and no pull starts before it is paid. A pull
// larger than the whole budget goes alone.
//
// What is in memory is therefore at most the budget and, for each shard with
// a pull in hand, the views of one part (1 MiB, and one log) and what a pull
// brings beyond its estimate: nothing at the start and after a pause, when as
// much is reserved as the service gives.
// Shards that are stuck with all of it in hand stop the others; until then the
// others go on, with smaller pulls.
// Not counted are the compressed bytes of an answer while it is read and what
// the handler makes. The memory of pulls is kept for the next ones, within the
// budget.
type Budget struct {
	size int64
	sem  *semaphore.Weighted
	held atomic.Int64 // what was reserved and is not released

	raws *buffers // of pulls, decompressed

	mu    sync.Mutex
	debt  int64
	freed time.Time // when something was last released
}

// NewBudget returns a budget of so many bytes, at least 1.
func NewBudget(bytes int64) *Budget {
	bytes = max(bytes, 1)
	return &Budget{size: bytes, sem: semaphore.NewWeighted(bytes), raws: newBuffers(bytes)}
}

// Budget returns the one that this source uses.
func (s *Source) Budget() *Budget { return s.cfg.Budget }

// Size returns the bytes of the budget.
func (b *Budget) Size() int64 { return b.size }

// InFlight returns the bytes of it that are in use or reserved. It is more than
// Size when pulls were larger than expected.
func (b *Budget) InFlight() int64 { return b.held.Load() }

// reserve waits until the estimate fits, and returns what was reserved.
func (b *Budget) reserve(ctx context.Context, estimate int64) (int64, error) {
	n := min(max(estimate, 1), b.size)
	if err := b.sem.Acquire(ctx, n); err != nil {
		return 0, err
	}
	b.held.Add(n)
	return n, nil
}

// reserveOr is reserve as long as that gets anywhere. When nothing is released
// for half of this time, those who have the budget are stuck, and a shard that
// is not could wait for ever; so it could, too, when what is released is little
// and others take it. Then it waits for the least, and says so.
func (b *Budget) reserveOr(ctx context.Context, estimate, least int64, patience time.Duration) (n int64, scarce bool, err error) {
	const turns = 10
	for turn := 1; estimate > least; turn++ {
		limited, cancel := context.WithTimeout(ctx, patience)
		n, err = b.reserve(limited, estimate)
		cancel()
		if err == nil || ctx.Err() != nil {
			return n, false, err
		}
		if b.stuckFor() >= patience/2 || turn == turns {
			n, err = b.reserve(ctx, least)
			return n, true, err
		}
	}
	n, err = b.reserve(ctx, estimate)
	return n, false, err
}

func (b *Budget) stuckFor() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Since(b.freed)
}

// settle makes a reservation the actual size and returns that: it never
// waits, for two pulls that both wait to grow would wait for ever.
func (b *Budget) settle(reserved, actual int64) int64 {
	if actual <= reserved {
		b.release(reserved - actual)
		return actual
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	more := actual - reserved
	if !b.sem.TryAcquire(more) {
		b.debt += more
	}
	b.held.Add(more)
	return actual
}

func (b *Budget) release(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > 0 {
		b.freed = time.Now()
		b.held.Add(-n)
	}
	pays := min(n, b.debt)
	b.debt -= pays
	b.sem.Release(n - pays)
}
