package syslog

import (
	"math"
	"sync/atomic"
)

// A window is how many events are sent before the receiver must have read
// them. All Sends share it. It is halved when the receiver is too slow for it,
// down to one event, and grows slowly while all goes well: a window that is too
// large costs its events twice, a small one only a connection.
type window struct{ limit atomic.Int64 } // 0: none

// size is the most events of the next window.
func (w *window) size() int {
	if limit := w.limit.Load(); limit > 0 {
		return int(limit)
	}
	return math.MaxInt
}

// missed is called after a window of n events was not confirmed in time. It
// returns the new size. Several at the same time count once.
func (w *window) missed(n int) int {
	limit := int64(max(n/2, 1))
	for {
		old := w.limit.Load()
		if old > 0 && old <= limit {
			return int(old)
		}
		if w.limit.CompareAndSwap(old, limit) {
			return int(limit)
		}
	}
}

// passed is called after a window of n events was confirmed. One that was not
// full proves nothing.
func (w *window) passed(n int) {
	if old := w.limit.Load(); old > 0 && int64(n) >= old {
		w.limit.CompareAndSwap(old, old+old/32+1)
	}
}
