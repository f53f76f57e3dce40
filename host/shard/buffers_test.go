package shard

import (
	"math/rand/v2"
	"testing"
)

func TestBuffers(t *testing.T) {
	b := newBuffers(100 << 10)
	small, large := b.get(10<<10), b.get(40<<10)
	b.put(small)
	b.put(large)
	if got := b.get(9 << 10); got != small || len(*got) != 9<<10 {
		t.Errorf("%d bytes, not in the smallest buffer that has them", len(*got))
	}
	if got := b.get(11 << 10); got != large {
		t.Error("a buffer that has the room was left idle")
	}
	huge := b.get(90 << 10) // beyond the limit, as nothing is idle
	if len(*huge) != 90<<10 || b.all <= b.limit {
		t.Errorf("%d bytes, %d in all", len(*huge), b.all)
	}
	b.put(huge)
	b.put(small)
	b.put(large)
	b.put(nil)
	if b.all > b.limit || len(b.idle) != 2 {
		t.Errorf("%d bytes are kept, in %d buffers", b.all, len(b.idle))
	}
	if huge = b.get(90 << 10); b.all != cap(*huge) {
		t.Errorf("%d bytes are kept beside one of %d", b.all-cap(*huge), cap(*huge))
	}
}

func TestBuffersStayWithinTheirLimit(t *testing.T) {
	const limit = 1 << 20
	b := newBuffers(limit)
	var lent []*[]byte
	most, have := 0, 0 // bytes that were lent at once
	for range 10_000 {
		if n := len(lent); n > 0 && (n == 16 || rand.IntN(2) == 0) {
			have -= cap(*lent[n-1])
			b.put(lent[n-1])
			lent = lent[:n-1]
			continue
		}
		buf := b.get(1 + rand.IntN(200<<10))
		have += cap(*buf)
		most = max(most, have)
		lent = append(lent, buf)
		if b.all > max(limit, most) {
			t.Fatalf("%d bytes in all, %d are lent", b.all, have)
		}
	}
	for _, buf := range lent {
		b.put(buf)
	}
	sum := 0
	for i, buf := range b.idle {
		sum += cap(*buf)
		if i > 0 && cap(*b.idle[i-1]) > cap(*buf) {
			t.Error("the idle buffers are not in order")
		}
	}
	if sum != b.all || sum > limit {
		t.Errorf("%d bytes are idle of %d", sum, b.all)
	}
}
