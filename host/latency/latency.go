// Package latency counts how long things take: a histogram that costs two
// atomic additions an observation and needs nothing to begin with. Who reads
// it, and under which name, is not known here.
package latency

import (
	"sync/atomic"
	"time"
)

// bounds are the upper ends of the buckets but the last, which has none. They
// are few, for a process may have a histogram or two for each of 256 shards.
var bounds = [...]time.Duration{
	time.Millisecond, 3 * time.Millisecond, 10 * time.Millisecond, 30 * time.Millisecond,
	100 * time.Millisecond, 300 * time.Millisecond,
	time.Second, 3 * time.Second, 10 * time.Second, 30 * time.Second,
}

// Bounds returns the upper ends of the buckets, in seconds; the last bucket
// has none.
func Bounds() []float64 {
	seconds := make([]float64, len(bounds))
	for i, b := range bounds {
		seconds[i] = b.Seconds()
	}
	return seconds
}

// A Histogram is ready as it is. Its methods may be called from several
// goroutines at once; it must not be copied.
type Histogram struct {
	buckets [len(bounds) + 1]atomic.Uint64
	nanos   atomic.Int64
}

// Observe counts one thing that took so long.
func (h *Histogram) Observe(took time.Duration) {
	i := 0
	for i < len(bounds) && took > bounds[i] {
		i++
	}
	h.nanos.Add(int64(took))
	h.buckets[i].Add(1)
}

// Since counts one thing that began then and is over.
func (h *Histogram) Since(began time.Time) { h.Observe(time.Since(began)) }

// A Snapshot is what a Histogram has counted.
type Snapshot struct {
	Count   uint64                  `json:"count"`
	Seconds float64                 `json:"seconds"` // of all together
	Buckets [len(bounds) + 1]uint64 `json:"-"`       // each without those below
}

// Snapshot returns the counts so far. Those of observations under way may be
// in it in part.
func (h *Histogram) Snapshot() Snapshot {
	var s Snapshot
	for i := range h.buckets {
		s.Buckets[i] = h.buckets[i].Load()
		s.Count += s.Buckets[i]
	}
	s.Seconds = time.Duration(h.nanos.Load()).Seconds()
	return s
}
