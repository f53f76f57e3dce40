package abi

import (
	"errors"
	"fmt"
)

// ErrLimit is in the chain of an error when a reply is well-formed but makes
// more output, or more work, than Limits allow.
var ErrLimit = errors.New("more output than the host's limit")

// Limits bound what replies can make the host do.
type Limits struct {
	// Of all replies since Reset together, beyond what PerLog allows.
	Events int // emitted in place of logs
	Fields int // copied or added, of events and metadata
	Bytes  int // of replies, and of the logs that they multiply; also of one reply in all

	Work   int // of one reply: comparisons and moves of fields
	PerLog Allowance
}

// An Allowance is what each log may cost, whatever the others do. A log that
// costs more draws on what they share.
type Allowance struct {
	Events, Fields, Bytes  int // for any log
	EventBytes, FieldBytes int // one more for so many bytes of the log; 0: none
	FieldTimes, ByteTimes  int // so many times what the log has, more
}

// grant adds what a log may cost for its size.
func (p *Allowance) grant(l *Limits, e *Event) {
	size := weight(e)
	if p.EventBytes > 0 {
		l.Events += size / p.EventBytes
	}
	if p.FieldBytes > 0 {
		l.Fields += size / p.FieldBytes
	}
	l.Fields += p.FieldTimes * len(e.Fields)
	l.Bytes += p.ByteTimes * size
}

// DefaultLimits are far above what an honest guest needs. They hold a hostile
// one to about 200 MB, 4 KB for each log and 40 times its size.
func DefaultLimits() Limits {
	return Limits{
		Events: 1 << 17, Fields: 1 << 20, Bytes: 64 << 20, Work: 1 << 26,
		PerLog: Allowance{
			Events: 4, EventBytes: 128,
			Fields: 16, FieldBytes: 8, FieldTimes: 8,
			Bytes: 1 << 10, ByteTimes: 16,
		},
	}
}

// exceeds notes that the reply goes beyond a limit.
func (a *applier) exceeds(limit int, what string) bool {
	a.fail(a.pos, fmt.Errorf("%w of %d %s", ErrLimit, limit, what))
	return false
}

// charge takes n off what the log in hand may cost, and what is beyond that
// off what logs share. It reports whether that much was left.
func (a *applier) charge(free, spent *int, limit, n int, what string) bool {
	if n > *free && !a.granted {
		a.granted = true
		a.lim.PerLog.grant(&a.free, a.in)
	}
	own := max(0, min(n, *free))
	if n < 0 || n-own > max(0, limit-*spent) {
		return a.exceeds(limit, what)
	}
	*free -= own
	*spent += n - own
	return true
}

func (a *applier) events(n int) bool {
	return a.charge(&a.free.Events, &a.spent.Events, a.lim.Events, n, "events")
}

func (a *applier) fields(n int) bool {
	return a.charge(&a.free.Fields, &a.spent.Fields, a.lim.Fields, n, "fields")
}

func (a *applier) bytes(n int) bool {
	return a.charge(&a.free.Bytes, &a.spent.Bytes, a.lim.Bytes, n, "bytes")
}

// work counts steps of work, which are of one reply and not of one log.
func (a *applier) work(n int) bool {
	if n > a.lim.Work-a.worked {
		return a.exceeds(a.lim.Work, "steps of work")
	}
	a.worked += n
	return true
}
