package shard

import (
	"encoding/base64"
	"strconv"
	"time"
)

// A checkpoint is how far one shard is settled, and how far the service knows
// it. Batches settle in order, one at a time, so a cursor is enough.
type checkpoint struct {
	settled, saved string
	tried          time.Time // when it was last saved, or failed to be
}

// settle says that everything before the cursor is settled.
func (c *checkpoint) settle(cursor string) { c.settled = cursor }

// pending says whether there is something to save.
func (c *checkpoint) pending() bool { return c.settled != "" && c.settled != c.saved }

// due returns how long to wait until it may be saved again.
func (c *checkpoint) due(now time.Time, interval time.Duration) time.Duration {
	return max(0, interval-now.Sub(c.tried))
}

// ordinal reads a cursor as what it has always been, a decimal in base64 that
// grows by one a log group. Cursors are opaque: where it is not, only those
// that are equal can be compared.
func ordinal(cursor string) (int64, bool) {
	text, err := base64.StdEncoding.DecodeString(cursor)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	return n, err == nil
}

// ordered says whether of two cursors the later one can be told.
func ordered(a, b string) bool {
	_, ok := ordinal(a)
	_, ok2 := ordinal(b)
	return ok && ok2
}

// reached says whether a cursor is at the end or after it.
func reached(cursor, end string) bool {
	if cursor == end {
		return true
	}
	c, ok := ordinal(cursor)
	e, ok2 := ordinal(end)
	return ok && ok2 && c >= e
}
