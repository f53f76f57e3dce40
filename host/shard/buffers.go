package shard

import (
	"math/bits"
	"slices"
	"sync"
)

// buffers keeps the memory of pulls for the next ones. What the garbage
// collector takes away would have to be asked of the system again, page by
// page, which costs as much as decompressing into it. Each buffer that was got
// is put back.
type buffers struct {
	limit int // of all, in bytes; one that is lent is not refused for it

	mu   sync.Mutex
	all  int       // bytes, lent and idle
	idle []*[]byte // the smallest first
}

func newBuffers(limit int64) *buffers { return &buffers{limit: int(limit)} }

// get returns a buffer of n bytes with any content.
func (b *buffers) get(n int) *[]byte {
	if buf := b.take(n); buf != nil {
		return buf
	}
	buf := make([]byte, n, roomy(n))
	return &buf
}

// take returns the smallest idle buffer that has the room. When there is none
// it makes sure of that for a new one, and returns nil.
func (b *buffers) take(n int) *[]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, _ := slices.BinarySearchFunc(b.idle, n, bySize)
	if at < len(b.idle) {
		buf := b.idle[at]
		b.idle = slices.Delete(b.idle, at, at+1)
		*buf = (*buf)[:n]
		return buf
	}
	size := roomy(n)
	for b.all+size > b.limit && len(b.idle) > 0 { // they are too small
		b.all -= cap(*b.idle[0])
		b.idle = slices.Delete(b.idle, 0, 1)
	}
	b.all += size
	return nil
}

func bySize(buf *[]byte, n int) int { return cap(*buf) - n }

// put takes a buffer back; nil is none.
func (b *buffers) put(buf *[]byte) {
	if buf == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all > b.limit {
		b.all -= cap(*buf)
		return
	}
	at, _ := slices.BinarySearchFunc(b.idle, cap(*buf), bySize)
	b.idle = slices.Insert(b.idle, at, buf)
}

// roomy is n and up to an eighth more, so that the next pull, which may be a
// little larger, fits too.
func roomy(n int) int {
	step := max(1<<bits.Len(uint(n))/16, 4<<10)
	return (n + step - 1) / step * step
}
