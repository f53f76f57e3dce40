package slstest

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// A consumerGroup decides which consumer works on which shard. Time passes in
// it only when somebody calls: a silent consumer is found out at the next
// call, which is the first moment at which it makes a difference.
type consumerGroup struct {
	name    string
	timeout time.Duration
	order   bool

	beats       map[string]time.Time // of each consumer, the last one
	reported    map[string][]int     // the shards in it
	want        map[int]string       // who is to have each shard
	holder      map[int]string       // who was told to work on it and has not let go
	checkpoints map[int]checkpoint
}

type checkpoint struct {
	cursor, consumer string
	updated          time.Time
}

func newConsumerGroup(name string, timeout time.Duration, order bool) *consumerGroup {
	return &consumerGroup{
		name: name, timeout: timeout, order: order,
		beats: make(map[string]time.Time), reported: make(map[string][]int),
		want: make(map[int]string), holder: make(map[int]string), checkpoints: make(map[int]checkpoint),
	}
}

// expire removes the consumers that were silent for longer than the timeout;
// what they held is free at once.
func (g *consumerGroup) expire(now time.Time) {
	for name, last := range g.beats {
		if now.Sub(last) > g.timeout {
			delete(g.beats, name)
			delete(g.reported, name)
			maps.DeleteFunc(g.holder, func(_ int, c string) bool { return c == name })
			maps.DeleteFunc(g.want, func(_ int, c string) bool { return c == name })
		}
	}
}

// beat is one heartbeat: the consumer says what it holds and is told what to
// hold. A shard that it is to give up stays its own until it is no longer
// reported; only then does the next consumer get it.
func (g *consumerGroup) beat(consumer string, held []int, shards []*shard, now time.Time) []int {
	g.expire(now)
	g.beats[consumer] = now
	g.reported[consumer] = slices.Clone(held)
	g.want = balance(g.ready(shards), g.current(), slices.Sorted(maps.Keys(g.beats)))
	maps.DeleteFunc(g.holder, func(id int, c string) bool {
		return c == consumer && g.want[id] != consumer && !slices.Contains(held, id)
	})
	answer := []int{}
	for id, c := range g.want {
		if c != consumer {
			continue
		}
		if h := g.holder[id]; h == "" || h == consumer {
			g.holder[id] = consumer
			answer = append(answer, id)
		}
	}
	slices.Sort(answer)
	return answer
}

// current is where each shard belongs if nothing has to change: a transfer
// under way goes on.
func (g *consumerGroup) current() map[int]string {
	out := maps.Clone(g.holder)
	maps.Copy(out, g.want)
	return out
}

// ready lists the shards that may be handed out: in a group that keeps the
// order, only those whose parents are over.
func (g *consumerGroup) ready(shards []*shard) []int {
	var out []int
	for _, sh := range shards {
		if !g.order || !slices.ContainsFunc(sh.parents, func(id int) bool { return !g.over(shards[id]) }) {
			out = append(out, sh.id)
		}
	}
	return out
}

// over says whether nothing will come of a shard any more: no put, and no log
// behind the checkpoint.
func (g *consumerGroup) over(sh *shard) bool {
	return sh.readonly && g.checkpoints[sh.id].cursor == EncodeCursor(sh.endCursor())
}

// balance gives every shard to one of the consumers so that their numbers
// differ by at most one, and moves no more shards than it must.
func balance(shards []int, current map[int]string, consumers []string) map[int]string {
	out := make(map[int]string, len(shards))
	if len(consumers) == 0 {
		return out
	}
	has := make(map[string][]int, len(consumers))
	for _, c := range consumers {
		has[c] = nil
	}
	var free []int
	for _, id := range shards {
		if c, ok := current[id]; !ok {
			free = append(free, id)
		} else if _, live := has[c]; live {
			has[c] = append(has[c], id)
		} else {
			free = append(free, id)
		}
	}
	// Those with the most shards may keep one above the rest.
	byLoad := slices.Clone(consumers)
	slices.SortStableFunc(byLoad, func(a, b string) int { return cmp.Compare(len(has[b]), len(has[a])) })
	quota := make(map[string]int, len(consumers))
	for i, c := range byLoad {
		quota[c] = len(shards) / len(consumers)
		if i < len(shards)%len(consumers) {
			quota[c]++
		}
		if n := quota[c]; len(has[c]) > n {
			free = append(free, has[c][n:]...)
			has[c] = has[c][:n]
		}
	}
	slices.Sort(free)
	for _, c := range byLoad {
		n := quota[c] - len(has[c])
		has[c] = append(has[c], free[:n]...)
		free = free[n:]
		for _, id := range has[c] {
			out[id] = c
		}
	}
	return out
}

// save stores a checkpoint. Without force it must come from the consumer that
// holds the shard.
func (g *consumerGroup) save(consumer string, id int, cursor string, force bool, now time.Time) error {
	g.expire(now)
	if _, live := g.beats[consumer]; !force && !live {
		return failure(404, codeConsumerNotExist, "consumer %q is not in group %q", consumer, g.name)
	}
	if !force && g.holder[id] != consumer {
		return failure(400, codeConsumerNotMatch, "shard %d is held by %q and not by %q", id, g.holder[id], consumer)
	}
	g.checkpoints[id] = checkpoint{cursor, consumer, now}
	return nil
}
