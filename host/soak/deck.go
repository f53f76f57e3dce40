package soak

import (
	"hash/fnv"
	"math/rand/v2"
)

// dice returns the random numbers of one matter: the same for the same seed,
// and the same whatever else is drawn in between.
func dice(seed uint64, matter string, n int) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(matter)) // never fails
	return rand.New(rand.NewPCG(seed^h.Sum64(), uint64(n)))
}

// A deck says which of many calls meet which fault: one of every so many, and
// each card once before any comes again. What befalls call n depends on the
// seed and n alone.
type deck[T any] struct {
	seed  uint64
	name  string
	every int // a fault in so many calls
	cards []T
}

// at returns the card of call n, from 0.
func (d *deck[T]) at(n int) (card T, ok bool) {
	round := n / d.every
	if n%d.every != dice(d.seed, d.name, round).IntN(d.every) {
		return card, false
	}
	shuffled := dice(d.seed, d.name+" shuffle", round/len(d.cards)).Perm(len(d.cards))
	return d.cards[shuffled[round%len(d.cards)]], true
}
