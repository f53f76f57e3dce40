package shard

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// A clock tells the time that requests are signed with: this machine's, until
// the service refuses it and tells its own.
type clock struct {
	local func() time.Time
	ahead atomic.Int64 // how far the service's is
}

// skewStep is the least correction: for less than that no date is refused.
const skewStep = time.Minute

func (c *clock) now() time.Time { return c.local().Add(c.offset()) }

func (c *clock) offset() time.Duration { return time.Duration(c.ahead.Load()) }

// correct takes the Date of an answer that refused ours. It says whether a
// request that was signed with this offset is worth another try: not when the
// date was not what is wrong, or the answer does not tell.
func (c *clock) correct(answered *http.Response, signed time.Duration, log *slog.Logger) bool {
	date, err := http.ParseTime(answered.Header.Get("Date"))
	if err != nil {
		return false
	}
	ahead := date.Sub(c.local())
	if was := time.Duration(c.ahead.Swap(int64(ahead))); (ahead - was).Abs() >= skewStep {
		log.Warn("this machine's clock is not the Log Service's: requests are signed with the time that the service tells; set the clock",
			"ahead", -ahead.Round(time.Second))
	}
	return (ahead - signed).Abs() >= skewStep
}
