package wasmfile

// A reader walks bytes. Once it has met their end it is bad, and everything
// reads as zero.
type reader struct {
	buf []byte
	pos int
	bad bool
}

func (r *reader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.buf)-r.pos) {
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

func (r *reader) name() string { return string(r.take(uint64(r.u32()))) }

// u32 reads a number in LEB128 of at most 5 bytes.
func (r *reader) u32() uint32 { return uint32(r.leb(5)) }

func (r *reader) u64() uint64 { return r.leb(10) }

func (r *reader) leb(most int) (v uint64) {
	for i := range most {
		b := r.u8()
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			return v
		}
	}
	r.bad = true
	return 0
}

// signed reads a signed number in LEB128.
func (r *reader) signed() int64 {
	var v int64
	for i := range 10 {
		b := r.u8()
		v |= int64(b&0x7f) << (7 * i)
		if b < 0x80 {
			if shift := 7 * (i + 1); shift < 64 && b&0x40 != 0 {
				v |= -1 << shift
			}
			return v
		}
	}
	r.bad = true
	return 0
}
