package shard

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/latency"
)

// A pace is how the work on one shard goes: how much, how quickly, and how far
// behind. Its zero value is ready.
//
// How far behind is counted from upTo, the time up to which everything that
// arrived in the shard is settled. It moves with the logs, by when they
// arrived, and with the pulls that found nothing after them. So a quiet shard
// is not behind, and one that cannot be pulled is, more and more.
type pace struct {
	pull, commit latency.Histogram // calls that succeeded
	failed       atomic.Uint64     // attempts to pull that did not

	mu          sync.Mutex
	since       time.Time // when it was taken over; zero: it is not ours
	saved       time.Time // when the checkpoint was last saved
	readonly    bool
	logs, bytes uint64
	cursor      string // settled up to here
	upTo        time.Time
	idle        mark
}

// A mark says that nothing lay behind a cursor at a time.
type mark struct {
	cursor string
	at     time.Time
}

// begin notes that the shard is worked on.
func (p *pace) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since = time.Now()
	p.upTo, p.idle, p.cursor = p.since, mark{}, ""
}

// from notes where pulling starts: what lies before is settled.
func (p *pace) from(cursor string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cursor = cursor
}

// end notes that it no longer is.
func (p *pace) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since = time.Time{}
}

// empty takes a pull that began then and found nothing behind the cursor.
func (p *pace) empty(cursor string, began time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = mark{cursor, began}
	if p.cursor == cursor {
		p.upTo = began
	}
}

// closed notes that no more logs come.
func (p *pace) closed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.readonly = true
}

// hold takes the logs that are handed over next: what arrived before the
// first of them is settled.
func (p *pace) hold(logs []abi.Log) {
	if len(logs) == 0 {
		return
	}
	arrived, known := arrival(&logs[0])
	if !known {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.upTo = arrived
	if p.idle.cursor == p.cursor && p.idle.at.After(arrived) { // the service's clock is late
		p.upTo = p.idle.at
	}
}

// settle takes a batch that is settled, or nil for a move without logs, and
// where it leads: to the same cursor while there are more parts of its pull.
// drained is when nothing seemed to be behind that, for there was little in the
// pull; zero: it was full. It counts where the logs do not say when they
// arrived, and the time of the last log where nothing else is known.
func (p *pace) settle(cursor string, b *Batch, drained time.Time) {
	var last *abi.Log
	if b != nil && len(b.Logs) > 0 {
		last = &b.Logs[len(b.Logs)-1]
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cursor = cursor
	known := false
	if last != nil {
		p.logs += uint64(len(b.Logs))
		p.bytes += uint64(b.RawBytes)
		var arrived time.Time
		if arrived, known = arrival(last); known {
			p.upTo = arrived
		}
	}
	switch {
	case known:
	case !drained.IsZero():
		p.upTo = drained
	case last != nil:
		p.upTo = time.Unix(0, last.Time)
	}
	if p.idle.cursor == cursor && p.idle.at.After(p.upTo) {
		p.upTo = p.idle.at
	}
}

// committed notes how long it took to save the checkpoint.
func (p *pace) committed(began time.Time) {
	p.commit.Since(began)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.saved = time.Now()
}

// keyArrival is the tag with the time of a log's arrival, in seconds.
const keyArrival = keyTag + "__receive_time__"

// arrival is when a log arrived at the service, if it says.
func arrival(l *abi.Log) (time.Time, bool) {
	text, ok := l.Get(keyArrival)
	if !ok || len(text) == 0 || len(text) > 10 {
		return time.Time{}, false
	}
	var seconds int64
	for _, c := range text {
		if c < '0' || c > '9' {
			return time.Time{}, false
		}
		seconds = seconds*10 + int64(c-'0')
	}
	return time.Unix(seconds, 0), true
}

// describe adds the pace to a place.
func (p *pace) describe(to *Place) {
	to.Pull, to.Commit, to.FailedPulls = p.pull.Snapshot(), p.commit.Snapshot(), p.failed.Load()
	p.mu.Lock()
	defer p.mu.Unlock()
	to.Since, to.UpTo, to.Saved, to.Readonly = p.since, p.upTo, p.saved, p.readonly
	to.Logs, to.Bytes = p.logs, p.bytes
}
