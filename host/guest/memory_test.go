package guest

import (
	"bytes"
	"testing"
)

func TestMemory(t *testing.T) {
	const most = 100 * pageSize
	m := newMemory(pageSize, most)
	moves, last := 0, &m.Reallocate(pageSize)[0]
	for pages := 1; pages <= 100; pages++ {
		buf := m.Reallocate(uint64(pages * pageSize))
		if len(buf) != pages*pageSize || cap(buf) > most {
			t.Fatalf("%d pages: %d bytes of %d", pages, len(buf), cap(buf))
		}
		if &buf[0] != last {
			moves, last = moves+1, &buf[0]
		}
		page := buf[(pages-1)*pageSize:]
		if pages > 1 && buf[0] != 0xaa || bytes.Count(page, []byte{0}) != pageSize {
			t.Fatalf("%d pages: not what was there before, and zeros", pages)
		}
		for i := range page {
			page[i] = 0xaa
		}
	}
	if moves != 5 { // at 3, 7, 15, 31, 63
		t.Errorf("moved %d times", moves)
	}
	if n := testing.AllocsPerRun(1, func() { newMemory(0, most).Reallocate(most) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}

// A memory that has much gets a quarter more, and never more than it may.
func TestMemoryRoom(t *testing.T) {
	for _, c := range []struct{ size, most, want int }{
		{1 << 20, 64 << 20, 2 << 20}, {8 << 20, 64 << 20, 12 << 20}, {32 << 20, 64 << 20, 40 << 20}, {60 << 20, 64 << 20, 64 << 20}, {0, 0, 0},
	} {
		if got := cap(newMemory(0, uint64(c.most)).Reallocate(uint64(c.size))); got != c.want {
			t.Errorf("%d of %d: room for %d, want %d", c.size, c.most, got, c.want)
		}
	}
}
