// Package tap shows some of the logs that come by, as they were and as the
// guests left them, to whoever watches: a few a second, copied, cut and
// marked with what has changed. While nobody watches, a batch costs one look
// at a number.
//
// It samples and never waits: a log is only looked at, and a watcher that is
// slow misses some. It masks nothing, so who may watch is decided elsewhere,
// and so is how a pair looks on a screen.
package tap

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/slswasm/slswasm/abi"
)

// How much is shown to how many.
const (
	MaxWatchers = 8
	perSecond   = 4 // pairs, to each watcher
	burst       = 8
	waiting     = 16 // pairs, until the watcher takes them
)

// ErrBusy says that MaxWatchers are watching already.
var ErrBusy = errors.New("the tap has as many watchers as it can serve; close a page that shows it")

// A Tap is where a pipeline offers its batches. Its methods may be called from
// several goroutines at once; a nil Tap has no watchers.
type Tap struct {
	watching atomic.Int32

	mu       sync.Mutex
	watchers []*Watcher
}

// New returns a Tap that nobody watches.
func New() *Tap { return &Tap{} }

// A Batch is what went through a chain of guests. It is only read, and only
// until Offer returns.
type Batch struct {
	Flow, Source string // Source is project/logstore
	Shard        int
	Logs         []abi.Log
	Events       []abi.Event // that became of them, in the order of their logs
	Failures     []Failure
	Last         bool // nothing comes after it: it is shown however much was shown before
}

// A Failure is a log that a guest could not transform.
type Failure struct {
	Origin int    // index among the logs
	Guest  string // its file
	Err    error
}

// A Filter says what to watch; an empty text means all.
type Filter struct {
	Flow, Source string
	Topic        string // or a part of it
	Verdict      Verdict
}

// A Watcher receives pairs until it is closed.
type Watcher struct {
	tap    *Tap
	filter Filter
	limit  *rate.Limiter
	pairs  chan *Pair
}

// Watch begins to watch. The error is ErrBusy.
func (t *Tap) Watch(f Filter) (*Watcher, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.watchers) >= MaxWatchers {
		return nil, ErrBusy
	}
	w := &Watcher{tap: t, filter: f, limit: rate.NewLimiter(perSecond, burst), pairs: make(chan *Pair, waiting)}
	t.watchers = append(t.watchers, w)
	t.watching.Add(1)
	return w, nil
}

// Pairs returns where the pairs come. It is never closed, and a pair may be
// shared: it is not to be changed.
func (w *Watcher) Pairs() <-chan *Pair { return w.pairs }

// Close ends the watching. It may be called more than once.
func (w *Watcher) Close() {
	t := w.tap
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.watchers, w); i >= 0 {
		t.watchers = slices.Delete(t.watchers, i, i+1)
		t.watching.Add(-1)
	}
}

// Watched reports whether anybody watches: whether a batch is worth an Offer.
func (t *Tap) Watched() bool { return t != nil && t.watching.Load() > 0 }

// Offer shows some of the batch to those who watch.
func (t *Tap) Offer(b Batch) {
	if !t.Watched() || len(b.Logs) == 0 {
		return
	}
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.watchers {
		w.offer(&b, now)
	}
}

func (w *Watcher) offer(b *Batch, now time.Time) {
	f := &w.filter
	if !matches(f.Flow, b.Flow) || !matches(f.Source, b.Source) || !b.Last && w.limit.TokensAt(now) < 1 {
		return
	}
	n := len(b.Logs)
	step := stride(n)
	for k, i := 0, rand.IntN(n); k < n && len(w.pairs) < cap(w.pairs); k, i = k+1, (i+step)%n {
		if !b.wanted(f, i) {
			continue
		}
		if !b.Last && !w.limit.AllowN(now, 1) {
			return
		}
		w.pairs <- b.pair(i, now) // Offer alone sends, under its lock: there is room
	}
}

// stride is a step that comes by every one of n logs and lies far from the
// last one: the neighbours of a log are mostly like it.
func stride(n int) int {
	s := max(1, n*5/8)
	for gcd(s, n) != 1 {
		s++
	}
	return s
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

func (b *Batch) wanted(f *Filter, i int) bool {
	if f.Topic != "" {
		if topic, _ := b.Logs[i].Get("__topic__"); !bytes.Contains(topic, []byte(f.Topic)) {
			return false
		}
	}
	if f.Verdict == "" {
		return true
	}
	verdict, _ := b.verdict(i)
	return verdict == f.Verdict
}

func matches(wanted, got string) bool { return wanted == "" || wanted == got }

// events returns what became of a log.
func (b *Batch) events(i int) []abi.Event {
	from := sort.Search(len(b.Events), func(k int) bool { return b.Events[k].Origin >= i })
	to := from
	for to < len(b.Events) && b.Events[to].Origin == i {
		to++
	}
	return b.Events[from:to]
}

func (b *Batch) failure(i int) *Failure {
	for k := range b.Failures {
		if b.Failures[k].Origin == i {
			return &b.Failures[k]
		}
	}
	return nil
}

// verdict says what became of a log, with the failure if that is it.
func (b *Batch) verdict(i int) (Verdict, *Failure) {
	if f := b.failure(i); f != nil {
		return Failed, f
	}
	switch events := b.events(i); {
	case len(events) == 0:
		return Dropped, nil
	case len(events) > 1:
		return Several, nil
	case same(&b.Logs[i], &events[0]):
		return Kept, nil
	default:
		return Edited, nil
	}
}
