package soak

import (
	"slices"
	"testing"
	"time"
)

func TestPlan(t *testing.T) {
	const length = 300 * time.Second
	steps := plan(1, length)
	if !slices.Equal(steps, plan(1, length)) {
		t.Error("one seed has two plans")
	}
	if slices.Equal(steps, plan(2, length)) {
		t.Error("two seeds have one plan")
	}
	counts := map[string]int{}
	for i, s := range steps {
		counts[s.do]++
		if s.at < 0 || s.at > length || i > 0 && s.at < steps[i-1].at {
			t.Errorf("step %d is at %v", i, s.at)
		}
		if long := s.length >= groupTimeout; long != (s.do == doLong) {
			t.Errorf("%s takes %v", s.do, s.length)
		}
	}
	for do := range pace {
		if counts[do] < 200 {
			t.Errorf("%d times %s in %v, want 200", counts[do], do, length)
		}
	}
}

func TestDeck(t *testing.T) {
	d := &deck[string]{seed: 1, name: "calls", every: 3, cards: []string{"a", "b", "c", "d"}}
	other := &deck[string]{seed: 2, name: "calls", every: 3, cards: d.cards}
	differ := false
	for round := range 50 {
		seen := map[string]int{}
		for n := round * 12; n < (round+1)*12; n++ {
			card, strikes := d.at(n)
			if again, also := d.at(n); again != card || also != strikes {
				t.Fatalf("call %d has two fates", n)
			}
			if o, also := other.at(n); o != card || also != strikes {
				differ = true
			}
			if strikes {
				seen[card]++
			}
		}
		for _, card := range d.cards {
			if seen[card] != 1 {
				t.Fatalf("round %d: %v", round, seen)
			}
		}
	}
	if !differ {
		t.Error("two seeds have one deck")
	}
}
