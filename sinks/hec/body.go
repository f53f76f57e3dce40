package hec

import (
	"bytes"

	"github.com/klauspost/compress/gzip"

	"github.com/slswasm/slswasm/abi"
)

// A body is the memory of one request after another; it comes from a pool.
type body struct {
	plain   []byte
	zipped  bytes.Buffer
	scratch []byte
	gzip    *gzip.Writer
	sent    int // bytes of the last request's body, after compression
}

// size is before compression.
func (b *body) size() int { return len(b.plain) }

// fill writes as many of the events as fit into max bytes, but at least one,
// and says how many those are; it stops before a blank event.
func (b *body) fill(enc *encoder, events []abi.Event, max int) int {
	b.plain = b.plain[:0]
	for i := range events {
		if blank(&events[i]) {
			return i
		}
		before := len(b.plain)
		b.plain, b.scratch = enc.appendEnvelope(b.plain, &events[i], b.scratch)
		if len(b.plain) > max && i > 0 {
			b.plain = b.plain[:before]
			return i
		}
	}
	return len(events)
}

// wire returns the bytes to send.
func (b *body) wire(zip bool) ([]byte, error) {
	if !zip {
		return b.plain, nil
	}
	b.zipped.Reset()
	if b.gzip == nil {
		z, err := gzip.NewWriterLevel(&b.zipped, gzip.BestSpeed)
		if err != nil {
			return nil, err
		}
		b.gzip = z
	} else {
		b.gzip.Reset(&b.zipped)
	}
	if _, err := b.gzip.Write(b.plain); err != nil {
		return nil, err
	}
	if err := b.gzip.Close(); err != nil {
		return nil, err
	}
	return b.zipped.Bytes(), nil
}

// putBack returns a body to the pool, unless a giant event has made it so
// large that keeping it would be waste.
func (s *Sink) putBack(b *body) {
	if cap(b.plain)+cap(b.scratch)+b.zipped.Cap() <= 4*s.cfg.MaxBody+1<<16 {
		s.bodies.Put(b)
	}
}
