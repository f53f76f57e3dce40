package shard

import (
	"maps"
	"slices"
	"sync"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"github.com/slswasm/slswasm/host/latency"
)

// Progress is how far a source has come.
type Progress struct {
	Logs, Bytes int64 // settled by this source; bytes as in Batch.RawBytes
	// Done is the part that is read of what lies between the start and Until,
	// 0 to 1, by log groups and over all consumers of the group. It is 0
	// without Until.
	Done   float64
	Shards []Place // by number

	Consumer string        // this source's name in the group
	Timeout  time.Duration // of the group
	Beat     time.Time     // when its last heartbeat was answered; zero before
}

// A Place is how far one shard has come.
type Place struct {
	Shard  int
	Cursor string    // settled up to here, as far as this source knows
	Time   time.Time // of the last log that this source settled; zero before
	Done   bool      // read up to Until

	Since       time.Time // when this source took it over; zero: it does not hold it
	UpTo        time.Time // what arrived before is settled, as far as this source knows
	Saved       time.Time // when this source last saved the checkpoint; zero before
	Readonly    bool      // it was split or merged and gets no more logs
	Logs, Bytes uint64    // settled by this source

	Pull, Commit latency.Snapshot // calls that succeeded
	FailedPulls  uint64           // attempts that did not
}

// Lag is how long ago the oldest of what is not settled arrived at the most: 0
// when nothing is left, and when this source does not hold the shard.
func (p *Place) Lag(now time.Time) time.Duration {
	if p.Since.IsZero() {
		return 0
	}
	return max(0, now.Sub(p.UpTo))
}

type progress struct {
	bounded  bool
	finished chan struct{} // holds a value when a shard was finished since it was looked at

	mu          sync.Mutex
	logs, bytes int64
	shards      map[int]*position
	paces       map[int]*pace
	beat        time.Time
}

type position struct {
	from, at, to string // to is empty for a shard without an end
	time         int64  // of the last log; 0 before
	done         bool
}

func newProgress(bounded bool) *progress {
	return &progress{bounded: bounded, finished: make(chan struct{}, 1), shards: map[int]*position{}, paces: map[int]*pace{}}
}

// bound sets what is to be read of a shard. One whose start the service does
// not know yet is not done, even if it is empty: the next run must begin where
// this one has ended.
func (p *progress) bound(shard int, from, to string, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shards[shard] = &position{from: from, at: from, to: to, done: known && reached(from, to)}
}

// end returns where a shard is to end; wanted says whether it is to be read
// at all.
func (p *progress) end(shard int) (end string, wanted bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.shards[shard]
	if !p.bounded {
		return "", true
	}
	if s == nil {
		return "", false
	}
	return s.to, !s.done
}

// pace returns that of a shard.
func (p *progress) pace(shard int) *pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paces[shard] == nil {
		p.paces[shard] = &pace{}
	}
	return p.paces[shard]
}

// beaten notes that a heartbeat was answered.
func (p *progress) beaten() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.beat = time.Now()
}

// settled takes a batch, or nil for a move without logs.
func (p *progress) settled(shard int, cursor string, b *Batch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.shards[shard]
	if s == nil {
		s = &position{from: cursor}
		p.shards[shard] = s
	}
	s.at = cursor
	if b == nil {
		return
	}
	p.logs += int64(len(b.Logs))
	p.bytes += int64(b.RawBytes)
	if n := len(b.Logs); n > 0 {
		s.time = b.Logs[n-1].Time
	}
}

// finish says that nothing is left of a shard, and that the service knows.
func (p *progress) finish(shard int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.shards[shard]; s != nil {
		s.done = true
		if s.to != "" {
			s.at = s.to
		}
	}
	select {
	case p.finished <- struct{}{}:
	default:
	}
}

// observe takes the group's checkpoints, which other consumers move as well.
func (p *progress) observe(saved map[int]sls.ConsumerGroupCheckPoint) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for shard, s := range p.shards {
		if cursor := saved[shard].CheckPoint; cursor != "" && s.to != "" {
			if reached(cursor, s.at) {
				s.at = cursor
			}
			s.done = s.done || reached(cursor, s.to)
		}
	}
}

// remove takes the shards that there are: the others were deleted with the
// last of their logs.
func (p *progress) remove(there []sls.Shard) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for shard, s := range p.shards {
		if !slices.ContainsFunc(there, func(sh sls.Shard) bool { return sh.ShardID == shard }) {
			s.done = true
		}
	}
}

// complete says whether every shard with an end has got there.
func (p *progress) complete() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.shards {
		if s.to != "" && !s.done {
			return false
		}
	}
	return true
}

func (p *progress) snapshot() Progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := Progress{Logs: p.logs, Bytes: p.bytes, Beat: p.beat}
	var read, total float64
	for _, shard := range p.known() {
		sp := Place{Shard: shard}
		if s := p.shards[shard]; s != nil {
			sp.Cursor, sp.Done = s.at, s.done
			if s.time != 0 {
				sp.Time = time.Unix(0, s.time).UTC()
			}
			r, t := s.part()
			read, total = read+r, total+t
		}
		if pace := p.paces[shard]; pace != nil {
			pace.describe(&sp)
		}
		out.Shards = append(out.Shards, sp)
	}
	switch {
	case !p.bounded:
	case total > 0:
		out.Done = read / total
	default:
		out.Done = 1
	}
	return out
}

// known returns the numbers of all shards that anything is known of.
func (p *progress) known() []int {
	all := slices.Collect(maps.Keys(p.shards))
	all = slices.AppendSeq(all, maps.Keys(p.paces))
	slices.Sort(all)
	return slices.Compact(all)
}

// part is what is read of a shard and what there is, in log groups where the
// cursors can be counted, or else one for the whole shard.
func (s *position) part() (read, total float64) {
	from, ok1 := ordinal(s.from)
	at, ok2 := ordinal(s.at)
	to, ok3 := ordinal(s.to)
	switch {
	case ok1 && ok2 && ok3:
		total = float64(max(0, to-from))
		read = min(total, float64(max(0, at-from)))
	case s.to != "":
		total = 1
	}
	if s.done {
		read = total
	}
	return read, total
}
