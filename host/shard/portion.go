package shard

import "time"

const (
	// leastPart is what a part takes at least, if there is as much: with what
	// the guest and the sink make of it, it stays in a processor's own cache, and it
	// is about one body for Splunk.
	leastPart = 900 << 10
	mostPart  = 4 << 20

	longDelivery = 100 * time.Millisecond
)

// A portion is how large the parts of a shard's pulls are. Each is delivered
// before the next one: where that takes long, because the receiver is far or
// acknowledges late, they become larger, so that more logs share the wait. The
// zero value is ready.
type portion struct{ size int }

// bytes bounds the views of the next part, and its keys and values, each.
func (p *portion) bytes() int { return max(p.size, leastPart) }

// took notes how long a part took to be delivered.
func (p *portion) took(d time.Duration) {
	switch {
	case d > longDelivery:
		p.size = min(2*p.bytes(), mostPart)
	case d < longDelivery/2:
		p.size = p.bytes() / 2
	}
}
