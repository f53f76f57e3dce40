package soak

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// What happens at a time of its own, and not to one call of many. The names
// are those of the report.
const (
	doKill       = "kill"
	doFreeze     = "freeze"         // shorter than the group's timeout
	doLong       = "freeze_timeout" // longer
	doRestart    = "restart"
	doReload     = "reload"
	doHECDown    = "hec_down"
	doSyslogDown = "syslog_down"
	doRELPDown   = "relp_down"
	doSplit      = "split"
	doMerge      = "merge"
)

// pace is the time between two of a kind, on average: 300 s hold more than
// 200 of each.
var pace = map[string]time.Duration{
	doKill: 1350 * time.Millisecond, doFreeze: 1350 * time.Millisecond, doLong: 1350 * time.Millisecond,
	doRestart: 1350 * time.Millisecond, doReload: 1350 * time.Millisecond,
	doHECDown: 1350 * time.Millisecond, doSyslogDown: 1350 * time.Millisecond, doRELPDown: 1350 * time.Millisecond,
	doSplit: 1350 * time.Millisecond, doMerge: 1350 * time.Millisecond,
}

// A step is one thing that happens.
type step struct {
	at     time.Duration // since the start
	do     string
	pick   int           // chooses among what it can happen to
	length time.Duration // of what lasts
}

// plan makes the schedule of a run: the same for the same seed and length.
func plan(seed uint64, length time.Duration) []step {
	var steps []step
	for do, every := range pace {
		r := dice(seed, do, 0)
		for at := every / 2; at < length; at += every {
			early := time.Duration(r.Int64N(int64(every))) - every/2
			steps = append(steps, step{at: max(at+early, 0), do: do, pick: r.IntN(1 << 30), length: lasts(do, r)})
		}
	}
	slices.SortFunc(steps, func(a, b step) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.do, b.do))
	})
	return steps
}

func lasts(do string, r *rand.Rand) time.Duration {
	between := func(least, most int) time.Duration {
		return time.Duration(least+r.IntN(most-least)) * time.Millisecond
	}
	switch do {
	case doFreeze:
		return between(50, int(groupTimeout.Milliseconds())-1000)
	case doLong:
		return groupTimeout + between(100, 1000)
	case doHECDown, doSyslogDown, doRELPDown:
		return between(20, 400)
	}
	return 0
}
