package demo

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"os"
	"strconv"
	"sync"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// A tally keeps the account of what arrives.
type tally struct {
	samples []*sample
	seed    maphash.Seed

	mu      sync.Mutex
	seen    []uint8 // arrivals of each log, by its number
	altered int
	strange int // arrivals that are none of the logs that were put

	before, after []byte // the first log to arrive that the guest changed
	// What was found to be right of a sample, by the hash of its text without
	// the number: one look in detail serves all the logs that differ in nothing else.
	right map[uint64]bool
}

func newTally(samples []*sample, logs int) *tally {
	return &tally{samples: samples, seed: maphash.MakeSeed(), seen: make([]uint8, logs), right: map[uint64]bool{}}
}

// grow makes room for more logs, and returns the number of the first one.
func (t *tally) grow(logs int) (first int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first = len(t.seen)
	t.seen = append(t.seen, make([]uint8, logs)...)
	return first
}

// An arrival is one event as a receiver sees it.
type arrival struct {
	text []byte                     // the event
	head string                     // what stands beside it, in one text
	fits func(want *abi.Event) bool // whether head is as wanted
}

// arrived takes one event into the account.
func (t *tally) arrived(a arrival) {
	t.mu.Lock()
	defer t.mu.Unlock()
	seq, rest, ok := cutSeq(a.text)
	if !ok || seq >= len(t.seen) {
		t.strange++
		return
	}
	if t.seen[seq] < 255 {
		t.seen[seq]++
	}
	number := seq % len(t.samples)
	if !t.isRight(number, a, rest) {
		t.altered++
	}
	if t.after == nil && t.samples[number].changed {
		t.before, t.after = t.samples[number].line, bytes.Clone(a.text)
	}
}

func (t *tally) isRight(number int, a arrival, rest []byte) bool {
	var h maphash.Hash
	h.SetSeed(t.seed)
	fmt.Fprintf(&h, "%d %s %s", number, a.head, rest)
	sum := h.Sum64()
	if t.right[sum] {
		return true
	}
	s := t.samples[number]
	if s.want == nil {
		return false // the guest had dropped it
	}
	got, err := canonicalJSON(a.text)
	if err != nil || got != s.wantText || !a.fits(s.want) {
		return false
	}
	t.right[sum] = true
	return true
}

// cutSeq finds the number of a log in its event, and returns the event
// without it.
func cutSeq(text []byte) (seq int, rest []byte, ok bool) {
	before, after, ok := bytes.Cut(text, []byte(`"`+seqKey+`":"`))
	if !ok {
		return 0, nil, false
	}
	digits, tail, ok := bytes.Cut(after, []byte(`"`))
	seq, err := strconv.Atoi(string(digits))
	return seq, append(bytes.Clone(before), tail...), ok && err == nil && seq >= 0
}

// report closes the account.
func (t *tally) report(letters string, counts host.Counts) (*Report, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &Report{
		Put: len(t.seen), Pulled: int(counts.Pulled), Bytes: counts.PulledBytes,
		Dropped: int(counts.Dropped), Altered: t.altered + t.strange,
		Before: string(t.before), After: string(t.after),
	}
	dead, err := readLetters(letters, r)
	if err != nil {
		return nil, err
	}
	for seq, n := range t.seen {
		s := t.samples[seq%len(t.samples)]
		if n > 0 {
			r.Delivered++
			r.Duplicates += int(n) - 1
		} else if s.want != nil && !dead[seq] {
			r.Missing++
		}
	}
	return r, nil
}

// readLetters counts the dead letters and returns whose they are.
func readLetters(path string, r *Report) (map[int]bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it is only read
	dead := map[int]bool{}
	err = deadletter.Scan(f, func(l deadletter.Letter) error {
		r.DeadLetters++
		if seq, ok := l.Log.Get(seqKey); ok {
			if n, err := strconv.Atoi(string(seq)); err == nil {
				dead[n] = true
			}
		}
		return nil
	})
	return dead, err
}
