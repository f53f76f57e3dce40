//go:build !wasm && !tinygo.wasm

package jsonscan

// read makes the tape of a text as the host does.
func (s *Scanner) read(src []byte) []Entry {
	w := &s.walk
	w.reset(src)
	tape := s.room[:0]
	var around [MaxDepth]int // indexes of objects and arrays
	for w.next() {
		e := w.Entry
		e.Next = uint32(len(tape)) + 1
		switch e.Kind {
		case String:
			if marked(src[e.At:][:e.Len]) {
				e.Flags |= Marked
			}
		case Object, Array:
			around[e.Depth] = len(tape)
		case End:
			start := &tape[around[e.Depth]]
			start.Next, start.Len = e.Next, e.At+1-start.At
		}
		tape = append(tape, e)
	}
	s.room = tape
	if w.wrong != right {
		return nil
	}
	return tape
}

func marked(s []byte) bool {
	for i := 1; i < len(s); i++ {
		before := s[i-1]
		switch s[i] {
		case '@', '%':
			return true
		case '.':
			if before&0xFC == 'P' {
				return true
			}
		case 'I':
			if before&0xE1 == 'A' {
				return true
			}
		case 'u':
			if before == '\\' {
				return true
			}
		}
	}
	return false
}
