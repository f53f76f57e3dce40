package latency

import (
	"sync"
	"testing"
	"time"
)

func TestBuckets(t *testing.T) {
	if len(Bounds())+1 != len(Snapshot{}.Buckets) {
		t.Fatalf("%d bounds, %d buckets", len(Bounds()), len(Snapshot{}.Buckets))
	}
	var h Histogram
	last := len(bounds)
	for _, c := range []struct {
		took time.Duration
		in   int
	}{
		{-time.Second, 0}, // a clock that was set back
		{0, 0}, {time.Millisecond, 0}, {time.Millisecond + 1, 1}, {time.Second, 6}, {30 * time.Second, last - 1}, {time.Hour, last},
	} {
		before := h.Snapshot()
		h.Observe(c.took)
		after := h.Snapshot()
		for i := range after.Buckets {
			want := before.Buckets[i]
			if i == c.in {
				want++
			}
			if after.Buckets[i] != want {
				t.Errorf("%v: bucket %d has %d, want %d", c.took, i, after.Buckets[i], want)
			}
		}
		if after.Count != before.Count+1 {
			t.Errorf("%v: the count is %d after %d", c.took, after.Count, before.Count)
		}
	}
	want := time.Duration(0)
	for _, d := range []time.Duration{-time.Second, 0, time.Millisecond, time.Millisecond + 1, time.Second, 30 * time.Second, time.Hour} {
		want += d
	}
	if got := h.Snapshot().Seconds; got != want.Seconds() {
		t.Errorf("%v s in all, want %v", got, want.Seconds())
	}
}

func TestObserveFromManySidesAndForNothing(t *testing.T) {
	var h Histogram
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				h.Observe(time.Millisecond)
			}
		})
	}
	all.Wait()
	if s := h.Snapshot(); s.Count != 8000 || s.Seconds != 8 {
		t.Errorf("%+v", s)
	}
	if n := testing.AllocsPerRun(100, func() { h.Observe(time.Second) }); n != 0 {
		t.Errorf("an observation allocates %v times", n)
	}
}

func BenchmarkObserve(b *testing.B) {
	var h Histogram
	for b.Loop() {
		h.Observe(time.Second)
	}
}
