package meter

// A reader walks bytes. Once it has met their end, or a number that is none,
// it is bad, and everything reads as zero.
type reader struct {
	buf []byte
	pos int
	bad bool
}

func (r *reader) more() bool { return !r.bad && r.pos < len(r.buf) }

func (r *reader) take(n uint32) []byte {
	if r.bad || uint64(n) > uint64(len(r.buf)-r.pos) {
		r.bad = true
		return nil
	}
	b := r.buf[r.pos : r.pos+int(n)]
	r.pos += int(n)
	return b
}

func (r *reader) u8() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

// u32 reads an unsigned LEB128 number of 32 bits.
func (r *reader) u32() (v uint32) {
	for i := range 5 {
		b := r.u8()
		if i == 4 && b > 0x0f {
			break
		}
		v |= uint32(b&0x7f) << (7 * i)
		if b < 0x80 {
			return v
		}
	}
	r.bad = true
	return 0
}

// skipLEB passes a number in LEB128 of at most so many bytes.
func (r *reader) skipLEB(most int) {
	for range most {
		if r.u8() < 0x80 {
			return
		}
	}
	r.bad = true
}
