package wasmbin

import (
	"encoding/binary"
	"math"
	"testing"
)

func TestNumbers(t *testing.T) {
	for text, want := range map[string]uint32{
		"\x00": 0, "\x7f": 127, "\x80\x01": 128, "\xff\xff\xff\xff\x0f": math.MaxUint32, "\x80\x80\x80\x80\x00": 0,
	} {
		if r := (Reader{Buf: []byte(text)}); r.U32() != want || r.Bad || r.More() {
			t.Errorf("%x: %+v, want %d", text, r, want)
		}
	}
	for text, want := range map[string]int64{
		"\x00": 0, "\x3f": 63, "\x40": -64, "\x7f": -1, "\xff\x00": 127, "\x80\x7f": -128, "\x80\x80\x80\x80\x78": math.MinInt32,
		"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f": math.MinInt64,
	} {
		if r := (Reader{Buf: []byte(text)}); r.Signed(10) != want || r.Bad || r.More() {
			t.Errorf("%x: %+v, want %d", text, r, want)
		}
	}
}

func TestBad(t *testing.T) {
	for text, read := range map[string]func(*Reader) uint64{
		"":                         func(r *Reader) uint64 { return uint64(r.U8()) },
		"\x80":                     func(r *Reader) uint64 { return uint64(r.U32()) },
		"\xff\xff\xff\xff\x10":     func(r *Reader) uint64 { return uint64(r.U32()) },
		"\x80\x80\x80\x80\x80\x00": func(r *Reader) uint64 { return uint64(r.U32()) },
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02": (*Reader).U64,
		"\xff\xff\xff\xff\xff\x00":                 func(r *Reader) uint64 { return uint64(r.Signed(5)) },
		"\x01\x03ab":                               func(r *Reader) uint64 { _, body := r.Section(); return uint64(len(body)) },
		"\x02a":                                    func(r *Reader) uint64 { return uint64(len(r.Name())) },
	} {
		r := Reader{Buf: []byte(text)}
		if got := read(&r); got != 0 || !r.Bad || r.More() || r.Take(0) != nil || r.U8() != 0 {
			t.Errorf("%x: %d, %+v", text, got, r)
		}
	}
}

func FuzzUnsigned(f *testing.F) {
	f.Add([]byte("\xff\xff\xff\xff\x0f"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Add([]byte("\x80\x80"))
	f.Fuzz(func(t *testing.T, text []byte) {
		want, n := binary.Uvarint(text)
		r := Reader{Buf: text}
		if got := r.U64(); r.Bad != (n <= 0) || !r.Bad && (got != want || r.Pos != n) {
			t.Errorf("%x: %d, %+v, want %d", text, got, r, want)
		}
		r = Reader{Buf: text}
		if got := r.U32(); !r.Bad && uint64(got) != want || r.Bad != (n <= 0 || n > 5 || want > math.MaxUint32) {
			t.Errorf("%x: %d, %+v, want %d", text, got, r, want)
		}
	})
}
