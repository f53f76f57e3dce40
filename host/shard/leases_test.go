package shard

import (
	"fmt"
	"maps"
	"slices"
	"testing"
)

func TestLeases(t *testing.T) {
	t.Parallel()
	l := leases{}
	held := func(want ...int) {
		t.Helper()
		if got := l.report(); !slices.Equal(got, want) {
			t.Fatalf("holds %v, not %v", got, want)
		}
	}
	answer := func(assigned []int, want change) {
		t.Helper()
		if got := l.answered(l.report(), assigned); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%v asks for %+v, not %+v", assigned, got, want)
		}
	}
	held()
	answer([]int{0, 1, 2, 3}, change{beat: true}) // claimed: to be reported first
	held(0, 1, 2, 3)
	answer([]int{0, 1, 2}, change{start: []int{0, 1, 2}, beat: true}) // 3 was taken back before it began
	held(0, 1, 2)
	answer([]int{0, 1, 2}, change{})
	for _, want := range []change{{beat: true}, {}} { // an answer to a report without it confirms nothing
		if got := l.answered([]int{0, 1, 2}, []int{0, 1, 2, 4}); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%+v, not %+v", got, want)
		}
	}
	answer([]int{0, 1, 2}, change{beat: true})

	answer([]int{1, 2}, change{leave: []int{0}})
	held(0, 1, 2) // until its worker has ended
	answer([]int{1, 2}, change{})
	answer([]int{0, 1, 2}, change{}) // wanted again: it must end first all the same
	if !l.ended(0, released) {
		t.Error("somebody waits for a shard that was given up")
	}
	held(1, 2)
	answer([]int{0, 1, 2}, change{beat: true})
	answer([]int{0, 1, 2}, change{start: []int{0}})

	if l.ended(1, exhausted) {
		t.Error("nobody waits for a shard that was read to its end")
	}
	held(0, 1, 2)
	answer([]int{0, 1, 2}, change{}) // not started again
	answer([]int{0, 2}, change{beat: true})
	held(0, 2)

	if l.ended(2, lost) { // by what the service said of a checkpoint
		t.Error("a shard that was lost is not ours to hand over")
	}
	held(0)
	answer([]int{0, 1, 2}, change{beat: true})
	answer([]int{0, 1, 2}, change{start: []int{1, 2}})

	if got := l.lose(); !slices.Equal(got, []int{0, 1, 2}) || l.workers() != 3 {
		t.Errorf("lost %v with %d workers", got, l.workers())
	}
	held()
	answer([]int{0, 1}, change{}) // not before their workers have ended
	for shard := range 3 {
		if l.ended(shard, lost) {
			t.Error("a shard that was lost is not ours to hand over")
		}
	}
	answer([]int{0, 1}, change{beat: true})
	answer([]int{0, 1}, change{start: []int{0, 1}})
	l.ended(0, exhausted)
	answer([]int{0, 1, 2}, change{beat: true})
	l.close()
	held(1)
	if l.ended(1, released); l.workers() != 0 || len(l) != 0 {
		t.Errorf("%v is left", l)
	}
}

func TestOutcomesEndTheSameWay(t *testing.T) {
	t.Parallel()
	for state, want := range map[lease]map[outcome]bool{
		working: {released: false, lost: false, failed: false},
		leaving: {released: true, exhausted: true, lost: true, failed: true},
		dropped: {released: false, exhausted: false, lost: false, failed: false},
	} {
		for how, beat := range want {
			l := leases{5: state}
			if l.ended(5, how) != beat || len(l) != 0 {
				t.Errorf("state %d ended as %d: beat %v, left %v", state, how, !beat, maps.Collect(maps.All(l)))
			}
		}
	}
}
