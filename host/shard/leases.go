package shard

import "slices"

// leases is what this consumer holds of the group's shards: the rules of
// membership without the calls, the goroutines and the time.
//
// A heartbeat reports what is held and is answered with what to hold. A shard
// that the answer adds is claimed, and started once an answer has confirmed a
// report of it, so that its checkpoints are accepted from the first one on. A
// shard that the answer leaves out is asked to end, and reported until it has.
type leases map[int]lease

type lease int

const (
	claimed  lease = iota // reported; not yet started
	working               // reported; a worker runs
	leaving               // reported; the worker was asked to end
	finished              // reported, so that no one else takes it; the worker has ended
	dropped               // not reported: lost; the worker is still to end
)

// A change is what an answer asks for.
type change struct {
	start, leave []int
	beat         bool // at once, to report what changed
}

// report returns the shards for the next heartbeat.
func (l leases) report() []int {
	var held []int
	for shard, state := range l {
		if state != dropped {
			held = append(held, shard)
		}
	}
	slices.Sort(held)
	return held
}

// answered takes the answer to a heartbeat that reported held.
func (l leases) answered(held, assigned []int) change {
	var c change
	for _, shard := range assigned {
		state, known := l[shard]
		switch {
		case !known:
			l[shard] = claimed
			c.beat = true
		case state == claimed && slices.Contains(held, shard):
			l[shard] = working
			c.start = append(c.start, shard)
		}
	}
	for _, shard := range l.report() {
		if slices.Contains(assigned, shard) {
			continue
		}
		switch l[shard] {
		case working:
			l[shard] = leaving
			c.leave = append(c.leave, shard)
		case claimed, finished:
			delete(l, shard)
			c.beat = true
		}
	}
	return c
}

// ended takes the end of a worker. It returns whether to beat at once: when
// somebody else waits for the shard.
func (l leases) ended(shard int, how outcome) (beat bool) {
	state := l[shard]
	if state == working && how == exhausted {
		l[shard] = finished
		return false
	}
	delete(l, shard)
	return state == leaving
}

// workers counts those that are still to end.
func (l leases) workers() int {
	n := 0
	for _, state := range l {
		if state == working || state == leaving || state == dropped {
			n++
		}
	}
	return n
}

// lose drops everything, because the group has surely given it to others. It
// returns the shards whose workers must stop.
func (l leases) lose() []int {
	var stop []int
	for shard, state := range l {
		switch state {
		case working, leaving:
			l[shard] = dropped
			stop = append(stop, shard)
		case claimed, finished:
			delete(l, shard)
		}
	}
	slices.Sort(stop)
	return stop
}

// close forgets what no worker runs for, when the source stops.
func (l leases) close() {
	for shard, state := range l {
		if state == claimed || state == finished {
			delete(l, shard)
		}
	}
}
