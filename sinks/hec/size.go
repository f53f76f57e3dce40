package hec

import "sync/atomic"

const (
	// leastLimit is the size of a body below which a refusal teaches nothing:
	// a receiver that means it would be of no use, so it is trouble that
	// passes. It is well above the size of most events.
	leastLimit = 64 << 10

	// growth is added to the limit after each body that came near it.
	growth = 4 << 10
)

// sizes is what is known of the bodies that a receiver takes. All Sends share
// it. The limit is halved after a refusal and creeps up again after successes:
// a few refusals of a proxy in trouble must not cost small requests for ever,
// and a receiver that takes less than the settings say refuses about one body
// in a hundred.
type sizes struct {
	floor, ceiling int          // of the limit
	now            atomic.Int64 // the limit
	plain, wire    atomic.Int64 // of the largest bodies that were taken, before and after compression
}

func (s *sizes) start(ceiling int) {
	s.floor, s.ceiling = min(leastLimit, ceiling), ceiling
	s.now.Store(int64(ceiling))
}

// limit is how many bytes a body of several events may have.
func (s *sizes) limit() int { return int(s.now.Load()) }

// refused lowers the limit after a body of this size, and says whether it was
// higher. Several refusals of the same size are one.
func (s *sizes) refused(size int) (limit int, lowered bool) {
	limit = max(size/2, s.floor)
	for old := s.now.Load(); int64(limit) < old; old = s.now.Load() {
		if s.now.CompareAndSwap(old, int64(limit)) {
			return limit, true
		}
	}
	return limit, false
}

// took learns from a body that was taken. Small ones prove nothing.
func (s *sizes) took(b *body) {
	raise(&s.plain, int64(b.size()))
	raise(&s.wire, int64(b.sent))
	old := s.now.Load()
	if old < int64(s.ceiling) && int64(b.size()) > old/2 {
		s.now.CompareAndSwap(old, min(old+growth, int64(s.ceiling)))
	}
}

// excessive says whether a body of one event may be too large for good: it is
// larger than what was ever taken, and than what every receiver takes.
func (s *sizes) excessive(b *body) bool {
	return b.size() > leastLimit && (int64(b.size()) > s.plain.Load() || int64(b.sent) > s.wire.Load())
}

func raise(to *atomic.Int64, value int64) {
	for old := to.Load(); value > old; old = to.Load() {
		if to.CompareAndSwap(old, value) {
			return
		}
	}
}
