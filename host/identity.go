package host

import (
	"strconv"

	"github.com/slswasm/slswasm/abi"
)

// identify gives each event its identity: where its log stands in the Log
// Service,
//
//	project/logstore/shard/cursor/index
//
// and, from the second event that guests made of one log, a dot and the
// event's number. What is delivered again after a crash has the same identity
// again, as long as the guests make the same of the log, and a receiver can
// drop it. The identities are good until the lane's next batch.
func (l *lane) identify(events []abi.Event, b batch) {
	buf := l.ids[:0]
	nth := 0
	for i := range events {
		e := &events[i]
		if i > 0 && e.Origin == events[i-1].Origin {
			nth++
		} else {
			nth = 0
		}
		from := len(buf)
		buf = b.appendPlace(buf, e.Origin)
		if nth > 0 {
			buf = strconv.AppendInt(append(buf, '.'), int64(nth), 10)
		}
		e.ID = buf[from:len(buf):len(buf)] // stays good when buf moves
	}
	l.ids = buf
}
