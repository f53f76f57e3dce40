package abi

import (
	"slices"
	"unsafe"
)

const (
	slabMin  = 16 << 10 // bytes of the first chunk
	slabMax  = 1 << 20  // bytes up to which chunks double
	slabKeep = 1 << 20  // bytes that are kept however little of them is used
)

// A slab hands out slices that stay where they are until it is reset, and
// allocates nothing once it has grown to the size of the work.
type slab[T any] struct {
	chunks [][]T // the part handed out of each is its length
	cur    int   // the chunk in use; those after it are empty
}

// open returns an empty slice with room for n elements or more. Append to it
// and then keep it, before the next open.
func (s *slab[T]) open(n int) []T {
	for ; s.cur < len(s.chunks); s.cur++ {
		if c := s.chunks[s.cur]; cap(c)-len(c) >= n {
			return c[len(c):]
		}
		if s.cur == len(s.chunks)-1 {
			break
		}
	}
	s.insert(make([]T, 0, max(n, s.nextSize(n))))
	return s.chunks[s.cur]
}

// nextSize doubles with each chunk, and until n fit: the next time it may be a few more.
func (s *slab[T]) nextSize(n int) int {
	var t T
	each := int(unsafe.Sizeof(t))
	size := slabMin
	for range s.chunks {
		size = min(2*size, slabMax)
	}
	for size < slabMax && size < n*each {
		size *= 2
	}
	return size / each
}

// insert makes c the chunk in use.
func (s *slab[T]) insert(c []T) {
	if len(s.chunks) > 0 {
		s.cur++
	}
	s.chunks = slices.Insert(s.chunks, s.cur, c)
}

// keep takes the slice that open returned, as long as it has become.
func (s *slab[T]) keep(t []T) []T {
	if len(t) == 0 {
		return nil
	}
	c := s.chunks[s.cur]
	if cap(c) > len(c) && &c[:len(c)+1][len(c)] == &t[0] {
		s.chunks[s.cur] = c[:len(c)+len(t)]
	} else { // it outgrew its chunk
		s.insert(t)
	}
	return t[:len(t):len(t)]
}

// A slabMark is a moment to rewind a slab to.
type slabMark struct{ cur, used int }

func (s *slab[T]) mark() slabMark {
	if len(s.chunks) == 0 {
		return slabMark{}
	}
	return slabMark{s.cur, len(s.chunks[s.cur])}
}

// rewind takes back what was handed out since the mark.
func (s *slab[T]) rewind(m slabMark) {
	var t T
	_, bytes := any(t).(byte) // they point to nothing
	for i := m.cur; i < len(s.chunks) && i <= s.cur; i++ {
		keep := 0
		if i == m.cur {
			keep = m.used
		}
		c := s.chunks[i]
		if !bytes {
			clear(c[keep:cap(c)]) // lets go of what it points to
		}
		s.chunks[i] = c[:keep]
	}
	s.cur = m.cur
}

// reset takes everything back. Memory that one great reply needed is not kept
// for the small ones after it.
func (s *slab[T]) reset() {
	used, room := 0, 0
	for _, c := range s.chunks {
		used, room = used+len(c), room+cap(c)
	}
	s.rewind(slabMark{})
	var t T
	if size := int(unsafe.Sizeof(t)); room*size > slabKeep && used < room/4 {
		s.chunks = nil
	}
}
