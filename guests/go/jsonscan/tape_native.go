//go:build !wasm && !tinygo.wasm

package jsonscan

import "bytes"

// read makes the tape of a text as the host does.
func (s *Scanner) read(src []byte) []Entry {
	w := &s.walk
	w.reset(src)
	tape := s.room[:0]
	var around [MaxDepth]int // indexes of objects and arrays
	for w.next() {
		e := w.Entry
		e.Next = uint32(len(tape)) + 1
		if secretEnd(e.Key(src)) {
			e.Flags |= KeyMarked
		}
		switch e.Kind {
		case String:
			text := src[e.At:][:e.Len]
			if marked(text) {
				e.Flags |= Marked
			}
			if named(text[1 : len(text)-1]) {
				e.Flags |= Named
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

// secretEnd says whether a name ends as those of secrets do.
func secretEnd(name []byte) bool {
	n := len(name)
	if n < 2 {
		return false
	}
	switch end := [2]byte{name[n-2]&31 | 0x60, name[n-1]&31 | 0x60}; string(end[:]) {
	case "rd", "wd", "et", "en", "ey", "on", "ls":
		return true
	}
	return false
}

// named says whether such a name stands before a quote in s.
func named(s []byte) bool {
	for i, c := range s {
		if c == '"' && secretEnd(bytes.TrimRight(s[:i], `\`)) {
			return true
		}
	}
	return false
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
