package soak

import (
	"slices"
	"sync"
	"time"
)

// Why a log came more than once.
const (
	causeAnswer   = "an answer was lost after the receiver took the events"
	causeAck      = "an acknowledgement was lost, or late"
	causeLate     = "an answer came too late"
	causeReceiver = "the receiver died before it answered"
	causeUnread   = "a syslog connection ended unconfirmed"
	causeKill     = "its process was killed with the batch in hand"
	causeFreeze   = "its process was frozen with the batch in hand"
	causeStop     = "its process was stopped and did not get it settled in time"
	causeService  = "its process's heartbeats or checkpoints failed"
	causeMoved    = "its shard was handed on"
	causeOther    = "other"
)

// A history knows what befell processes and receivers, to tell why a log came
// again.
type history struct {
	mu     sync.Mutex
	lives  map[string]string      // the gravest that befell each, as a cause
	deaths map[string][]time.Time // of each receiver
}

func newHistory() *history {
	return &history{lives: map[string]string{}, deaths: map[string][]time.Time{}}
}

var gravity = map[string]int{causeService: 1, causeStop: 2, causeFreeze: 3, causeKill: 4}

// befell notes what happened to a life, as a cause.
func (h *history) befell(life, cause string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if gravity[cause] > gravity[h.lives[life]] {
		h.lives[life] = cause
	}
}

// died notes that a receiver goes down now.
func (h *history) died(receiver string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deaths[receiver] = append(h.deaths[receiver], time.Now())
}

// why says, as far as it can be known, why a log came again.
func (h *history) why(place int, first, again arrival) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	befell := h.lives[first.life]
	switch {
	case first.unanswered:
		return causeAnswer
	case first.life != again.life && befell != "":
		return befell
	case h.diedAfter(first):
		return causeReceiver
	case first.life != again.life:
		return causeMoved
	case first.acks:
		return causeAck
	case place == toSyslog:
		return causeUnread
	case befell != "":
		return befell // it had lost the shard, and was given it again
	case again.at.Sub(first.begun) >= hecTimeout:
		return causeLate // what else makes a sender wait for so long?
	}
	return causeOther
}

// soon is how long after a log has arrived its receiver's death may have kept
// the sender from knowing.
const soon = 200 * time.Millisecond

func (h *history) diedAfter(a arrival) bool {
	for _, death := range slices.Backward(h.deaths[a.receiver]) {
		if death.Before(a.at) {
			return false
		}
		if death.Sub(a.at) < soon {
			return true
		}
	}
	return false
}
