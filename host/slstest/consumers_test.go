package slstest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// balance, whatever happened before: every shard is given out, loads differ
// by at most one, no more moves than needed, and doing it again changes nothing.
func TestBalance(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		var shards []int
		for id := range r.IntN(20) {
			shards = append(shards, id)
		}
		var consumers []string
		for i := range r.IntN(8) {
			consumers = append(consumers, fmt.Sprint("c", i))
		}
		current := make(map[int]string)
		for _, id := range shards {
			if r.IntN(3) > 0 {
				current[id] = fmt.Sprint("c", r.IntN(10)) // some are gone
			}
		}
		got := balance(shards, current, consumers)
		if len(consumers) == 0 {
			if len(got) != 0 {
				t.Fatalf("seed %d: %v", seed, got)
			}
			continue
		}
		had, has := make(map[string]int), make(map[string]int)
		stay := 0
		for _, id := range shards {
			had[current[id]]++
			has[got[id]]++
			if current[id] == got[id] {
				stay++
			}
		}
		low, high := len(shards), 0
		for _, c := range consumers {
			low, high = min(low, has[c]), max(high, has[c])
		}
		if len(got) != len(shards) || high-low > 1 || len(has) > len(consumers) {
			t.Fatalf("seed %d: %v of %v", seed, got, shards)
		}
		// The most that could have stayed: as many consumers as possible keep
		// one above the rest.
		base, extra, most := len(shards)/len(consumers), len(shards)%len(consumers), 0
		for _, c := range consumers {
			most += min(had[c], base)
			if had[c] > base && extra > 0 {
				most++
				extra--
			}
		}
		if stay != most {
			t.Fatalf("seed %d: %d shards stayed, %d could have", seed, stay, most)
		}
		if again := balance(shards, got, consumers); !maps.Equal(again, got) {
			t.Fatalf("seed %d: again: %v, was %v", seed, again, got)
		}
	}
}

func shardsOf(n int) []*shard {
	var out []*shard
	for i := range n {
		out = append(out, &shard{id: i})
	}
	return out
}

func TestTransferWaitsForTheHolder(t *testing.T) {
	g, shards := newConsumerGroup("g", time.Minute, false), shardsOf(4)
	now := time.Unix(0, 0)
	step := func(consumer string, held, want []int) {
		t.Helper()
		now = now.Add(time.Second)
		if got := g.beat(consumer, held, shards, now); !slices.Equal(got, want) {
			t.Fatalf("%s holding %v is told %v, want %v", consumer, held, got, want)
		}
	}
	step("a", nil, []int{0, 1, 2, 3})
	step("a", []int{0, 1, 2, 3}, []int{0, 1, 2, 3})
	step("b", nil, []int{})                   // a still works on all of them
	step("a", []int{0, 1, 2, 3}, []int{0, 1}) // a is told to give two up
	step("b", nil, []int{})                   // and has not yet
	step("a", []int{0, 1, 3}, []int{0, 1})    // one is finished
	step("b", nil, []int{2})                  // and handed on
	step("a", []int{0, 1}, []int{0, 1})       // the other as well
	step("b", []int{2}, []int{2, 3})
	step("c", nil, []int{})             // a third one
	step("a", []int{0, 1}, []int{0, 1}) // a keeps the extra one
	step("b", []int{2, 3}, []int{2})
	step("b", []int{2}, []int{2})
	step("c", nil, []int{3})
	step("c", []int{0, 3}, []int{3}) // what it claims wrongly it does not get
	step("d", nil, []int{})
	step("e", nil, []int{}) // more consumers than shards: one stands by
	step("a", []int{0}, []int{0})
	step("d", nil, []int{1})
	step("e", nil, []int{})
}

func TestSilentConsumersLoseTheirShards(t *testing.T) {
	g, shards := newConsumerGroup("g", time.Minute, false), shardsOf(2)
	now := time.Unix(0, 0)
	g.beat("a", nil, shards, now)
	now = now.Add(time.Minute)
	if got := g.beat("b", nil, shards, now); len(got) != 0 {
		t.Fatalf("at the timeout, which is not yet over: %v", got)
	}
	now = now.Add(time.Second)
	if got := g.beat("b", nil, shards, now); !slices.Equal(got, []int{0, 1}) {
		t.Fatalf("after it: %v", got)
	}
	if err := g.save("a", 0, "", false, now); answer(err).Code != codeConsumerNotExist {
		t.Errorf("the dead one: %v", err)
	}
	// It comes back with what it believes to hold, and is told that it holds nothing.
	if got := g.beat("a", []int{0, 1}, shards, now); len(got) != 0 {
		t.Errorf("back again: %v", got)
	}
	if err := g.save("a", 0, "", false, now); answer(err).Code != codeConsumerNotMatch {
		t.Errorf("back again: %v", err)
	}
	if diff := cmp.Diff(map[int]string{0: "b", 1: "b"}, g.holder); diff != "" {
		t.Error(diff)
	}
	// The same one, restarted within the timeout, goes on.
	if got := g.beat("b", nil, shards, now); !slices.Equal(got, []int{0}) {
		t.Errorf("restarted: %v", got)
	}
}

func TestOrderedGroupHoldsChildrenBack(t *testing.T) {
	now := time.Unix(0, 0)
	for _, ordered := range []bool{false, true} {
		ls := newProject(Project{Logstores: []Logstore{{Name: store, Shards: 2}}}, now).logstores[store]
		g := newConsumerGroup("g", time.Minute, ordered)
		ls.shards[0].append(group(1, "k", "v"), 1, 0, true)
		step := func(what string, want ...int) {
			t.Helper()
			if !ordered { // there, all are handed out at once
				want = nil
				for id := range ls.shards {
					want = append(want, id)
				}
			}
			if got := g.beat("a", want, ls.shards, now); !slices.Equal(got, want) {
				t.Errorf("ordered %v: %s: %v, want %v", ordered, what, got, want)
			}
		}
		step("two shards", 0, 1)
		_, err := ls.split(ls.shards[0], "", 2, now)
		must(t, err)
		step("the first was split", 0, 1)
		must(t, g.save("a", 0, EncodeCursor(ls.shards[0].first), true, now))
		step("and is not yet read", 0, 1)
		must(t, g.save("a", 0, EncodeCursor(ls.shards[0].endCursor()), true, now))
		step("and is read", 0, 1, 2, 3)
		_, err = ls.merge(ls.shards[2], now)
		must(t, err)
		step("the children were merged", 0, 1, 2, 3)
		must(t, g.save("a", 2, EncodeCursor(ls.shards[2].endCursor()), true, now))
		step("one of them is read", 0, 1, 2, 3)
		must(t, g.save("a", 3, EncodeCursor(ls.shards[3].endCursor()), true, now))
		step("both are read", 0, 1, 2, 3, 4)
	}
}

// No two consumers ever work on a shard at the same time, whatever joins,
// leaves, dies and splits, as long as each gives up what it is told to.
func TestNobodySharesAShard(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 2))
		now := time.Unix(0, 0)
		ls := newProject(Project{Logstores: []Logstore{{Name: store, Shards: 1 + r.IntN(6)}}}, now).logstores[store]
		g := newConsumerGroup("g", 10*time.Second, false)
		works := make(map[string]map[int]bool) // what each really works on
		last := make(map[string]time.Time)
		for range 300 {
			now = now.Add(time.Duration(r.IntN(3)) * time.Second)
			for c := range works { // a consumer that could not say so for long has stopped
				if now.Sub(last[c]) >= 10*time.Second {
					delete(works, c)
				}
			}
			c := fmt.Sprint("c", r.IntN(5))
			if works[c] == nil {
				works[c] = make(map[int]bool)
			}
			answer := g.beat(c, slices.Collect(maps.Keys(works[c])), ls.shards, now)
			last[c] = now
			for id := range works[c] {
				if !slices.Contains(answer, id) && r.IntN(2) == 0 { // giving up takes its time
					delete(works[c], id)
				}
			}
			for _, id := range answer {
				works[c][id] = true
				for other := range works {
					if other != c && works[other][id] {
						t.Fatalf("seed %d: %s and %s both work on shard %d", seed, c, other, id)
					}
				}
			}
			if r.IntN(100) == 0 {
				_, _ = ls.split(ls.shards[r.IntN(len(ls.shards))], "", 2, now) // read-only ones refuse
			}
		}
	}
}
