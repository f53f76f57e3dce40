// Package wasmbin reads what WebAssembly's binary format is made of: bytes,
// numbers in LEB128, sections. What they mean, and what is wrong with a module,
// is the matter of those who read.
package wasmbin

// Magic is how a core module of version 1 begins.
const Magic = "\x00asm\x01\x00\x00\x00"

// A Reader walks Buf. Once it has met the end, or a number that is none, it is
// bad, and everything reads as zero.
type Reader struct {
	Buf []byte
	Pos int
	Bad bool
}

// More reports whether there is something left to read.
func (r *Reader) More() bool { return !r.Bad && r.Pos < len(r.Buf) }

// Take returns a view of the next n bytes.
func (r *Reader) Take(n uint32) []byte {
	if r.Bad || uint64(n) > uint64(len(r.Buf)-r.Pos) {
		r.Bad = true
		return nil
	}
	b := r.Buf[r.Pos : r.Pos+int(n)]
	r.Pos += int(n)
	return b
}

// Section returns the next section's number and a view of its body.
func (r *Reader) Section() (id byte, body []byte) {
	id = r.U8()
	return id, r.Take(r.U32())
}

// Name returns the next text.
func (r *Reader) Name() string { return string(r.Take(r.U32())) }

// U8 returns the next byte.
func (r *Reader) U8() byte {
	if r.Bad || r.Pos >= len(r.Buf) {
		r.Bad = true
		return 0
	}
	r.Pos++
	return r.Buf[r.Pos-1]
}

// U32 returns the next unsigned number of 32 bits. Most are of one byte.
func (r *Reader) U32() uint32 {
	if !r.Bad && r.Pos < len(r.Buf) && r.Buf[r.Pos] < 0x80 {
		r.Pos++
		return uint32(r.Buf[r.Pos-1])
	}
	return uint32(r.unsigned(5, 0x0f))
}

// U64 returns the next unsigned number of 64 bits.
func (r *Reader) U64() uint64 { return r.unsigned(10, 0x01) }

// unsigned reads at most so many bytes, the last of them no more than top.
func (r *Reader) unsigned(most int, top byte) (v uint64) {
	for i := range most {
		b := r.U8()
		if i == most-1 && b > top {
			break
		}
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			return v
		}
	}
	r.Bad = true
	return 0
}

// Signed returns the next signed number, of at most so many bytes: 5 for 32
// and 33 bits, 10 for 64.
func (r *Reader) Signed(most int) (v int64) {
	for i := range most {
		b := r.U8()
		v |= int64(b&0x7f) << (7 * i)
		if b < 0x80 {
			if shift := 7 * (i + 1); shift < 64 && b&0x40 != 0 {
				v |= -1 << shift
			}
			return v
		}
	}
	r.Bad = true
	return 0
}
