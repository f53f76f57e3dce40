package shard

import "time"

// Steps are what was done for a batch before its handler has it.
type Steps struct {
	Pull, Pulled    time.Time // the call that brought it; zero but in a pull's first batch
	Decode, Decoded time.Time
}

// Began is when the first of them did.
func (s *Steps) Began() time.Time {
	if s.Pull.IsZero() {
		return s.Decode
	}
	return s.Pull
}

// mostWaiting bounds the batches of a shard that wait to hear of their
// checkpoint: many only while the service takes none.
const mostWaiting = 64

// A CommitFunc is told of a saved checkpoint, and when the call began that
// saved it. It must not keep the caller waiting.
type CommitFunc func(cursor string, began time.Time)

// waiting are those who want to hear of the next checkpoint of a shard.
type waiting []CommitFunc

func (w *waiting) add(those ...CommitFunc) {
	*w = append(*w, those[:min(len(those), mostWaiting-len(*w))]...)
}

func (w *waiting) tell(cursor string, began time.Time) {
	for _, told := range *w {
		told(cursor, began)
	}
	clear(*w)
	*w = (*w)[:0]
}
