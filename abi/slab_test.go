package abi

import (
	"testing"
)

func fill(s *slab[int], open, n, v int) []int {
	t := s.open(open)
	for range n {
		t = append(t, v)
	}
	return s.keep(t)
}

func TestSlab(t *testing.T) {
	var s slab[int]
	var all [][]int
	for i := range 1000 {
		all = append(all, fill(&s, i%7, i%200, i)) // most outgrow what they asked for
	}
	for i, t2 := range all {
		if len(t2) != i%200 || cap(t2) != len(t2) {
			t.Fatalf("slice %d: len %d, cap %d", i, len(t2), cap(t2))
		}
		for _, v := range t2 {
			if v != i {
				t.Fatalf("slice %d holds %d", i, v)
			}
		}
	}
}

func TestSlabRewind(t *testing.T) {
	var s slab[int]
	kept := fill(&s, 3, 3, 7)
	m := s.mark()
	for range 10 {
		fill(&s, 10, 10_000, 8)
	}
	s.rewind(m)
	if got := fill(&s, 2, 2, 9); &got[0] != &s.chunks[0][3] {
		t.Error("the room behind the mark is not used again")
	}
	for _, v := range kept {
		if v != 7 {
			t.Errorf("what was kept before the mark is now %d", v)
		}
	}
}

func TestSlabShrinks(t *testing.T) {
	var s slab[int]
	fill(&s, 1<<20, 1<<20, 1)
	s.reset()
	if len(s.chunks) == 0 {
		t.Error("dropped while it was all in use")
	}
	fill(&s, 1, 1, 1)
	s.reset()
	if len(s.chunks) != 0 {
		t.Error("8 MiB kept for one number")
	}
}
