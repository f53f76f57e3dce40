package shard

import (
	"encoding/binary"
	"fmt"
)

// The wire types of protobuf.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireGroup   = 3
	wireEnd     = 4
	wireFixed32 = 5
)

// A Malformed error says where the bytes of a pull stop being a LogGroupList.
type Malformed struct {
	Offset int // in the decompressed body
	Reason string
}

func (e *Malformed) Error() string {
	return fmt.Sprintf("malformed LogGroupList at byte %d: %s", e.Offset, e.Reason)
}

// A scan walks the fields of one message, raw[pos:end], without copying.
type scan struct {
	raw      []byte
	pos, end int
	err      *Malformed

	// What next found: the field's number and wire type, then its number for
	// the fixed-size types, or raw[from:to].
	field, wire int
	value       uint64
	from, to    int
}

// within returns a scan of the message that next found.
func (s *scan) within() scan {
	return scan{raw: s.raw, pos: s.from, end: s.to}
}

// next moves to the next field. It returns false at the end of the message
// and, with err set, where the message is malformed.
func (s *scan) next() bool {
	if s.pos >= s.end || s.err != nil {
		return false
	}
	at := s.pos
	key, ok := s.varint()
	if !ok {
		return false
	}
	s.field, s.wire = int(int32(key>>3)), int(key&7)
	if s.field <= 0 {
		return s.fail(at, "illegal field number")
	}
	return s.take(at)
}

// expect is next, quicker when the field has this one-byte key and a length of
// up to two bytes.
func (s *scan) expect(key byte) bool {
	if s.pos < s.end && s.raw[s.pos] == key && s.err == nil {
		if n, from := short(s.raw[:s.end], s.pos+1); n >= 0 && n <= s.end-from {
			s.field, s.wire = int(key>>3), wireBytes
			s.from, s.to, s.pos = from, from+n, from+n
			return true
		}
	}
	return s.next()
}

// take reads the value of a field whose key was read at offset at.
func (s *scan) take(at int) bool {
	switch s.wire {
	case wireVarint:
		v, ok := s.varint()
		s.value = v
		return ok
	case wireBytes:
		return s.bytes()
	case wireFixed32:
		if s.end-s.pos < 4 {
			return s.fail(at, "fixed32 cut short")
		}
		s.value = uint64(binary.LittleEndian.Uint32(s.raw[s.pos:]))
		s.pos += 4
		return true
	case wireFixed64:
		if s.end-s.pos < 8 {
			return s.fail(at, "fixed64 cut short")
		}
		s.pos += 8
		return true
	case wireGroup:
		return s.group(at)
	default:
		return s.fail(at, "illegal wire type")
	}
}

func (s *scan) bytes() bool {
	at := s.pos
	n, ok := s.varint()
	if !ok {
		return false
	}
	if n > uint64(s.end-s.pos) {
		return s.fail(at, "length runs past the end of the message")
	}
	s.from, s.to = s.pos, s.pos+int(n)
	s.pos = s.to
	return true
}

// skip passes over the fields with this one-byte key and a length of up to two
// bytes: the fast way through a log's contents. What is not of this shape is
// left to next.
func (s *scan) skip(key byte) {
	for s.pos < s.end && s.raw[s.pos] == key {
		n, from := short(s.raw[:s.end], s.pos+1)
		if n < 0 || n > s.end-from {
			return
		}
		s.pos = from + n
	}
}

// short reads a length of one or two bytes at raw[at:]; it returns -1 when it
// is longer or cut short.
func short(raw []byte, at int) (n, next int) {
	if at+1 >= len(raw) {
		if at < len(raw) && raw[at] == 0 {
			return 0, at + 1
		}
		return -1, at
	}
	a, b := raw[at], raw[at+1]
	if a < 0x80 {
		return int(a), at + 1
	}
	if b < 0x80 {
		return int(a&0x7f) | int(b)<<7, at + 2
	}
	return -1, at
}

// group skips an unknown field of the group types, which may nest. Like every
// unknown field, it is passed over for the sake of later versions.
func (s *scan) group(at int) bool {
	for depth := 1; depth > 0; {
		if s.pos >= s.end {
			return s.fail(at, "group without end")
		}
		here := s.pos
		key, ok := s.varint()
		if !ok {
			return false
		}
		switch int(key & 7) {
		case wireGroup:
			depth++
		case wireEnd:
			depth--
		default:
			s.wire = int(key & 7)
			if !s.take(here) {
				return false
			}
		}
	}
	s.wire = wireGroup
	return true
}

func (s *scan) varint() (uint64, bool) {
	if s.pos < s.end && s.raw[s.pos] < 0x80 { // most lengths and all known keys
		s.pos++
		return uint64(s.raw[s.pos-1]), true
	}
	at := s.pos
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		if s.pos >= s.end {
			return 0, s.fail(at, "varint cut short")
		}
		b := s.raw[s.pos]
		s.pos++
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v, true
		}
	}
	return 0, s.fail(at, "varint of more than 64 bits")
}

// want checks the wire type of a known field.
func (s *scan) want(wire int) bool {
	return s.wire == wire || s.fail(s.pos, fmt.Sprintf("field %d has wire type %d, not %d", s.field, s.wire, wire))
}

func (s *scan) fail(at int, reason string) bool {
	s.err = &Malformed{Offset: at, Reason: reason}
	return false
}
