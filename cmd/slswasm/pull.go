package main

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host/shard"
)

// pullSettings are the flags about the Log Service that all sources share.
type pullSettings struct {
	until         string
	drain         time.Duration
	inFlight      byteSize
	savePull      string
	exitOnFailure bool
}

func (s *pullSettings) flags() []cli.Flag {
	const c = category("Log Service")
	s.inFlight, s.drain = shard.DefaultBudget, 30*time.Second
	return []cli.Flag{
		c.text(&s.until, "until", "`TIME` at which to stop, and exit 0, when every shard got there: now, or in ISO 8601"),
		c.duration(&s.drain, "drain-timeout", "`DURATION` that the delivery of what is in hand may take when stopping"),
		c.size(&s.inFlight, "max-in-flight", "`SIZE` of the logs in memory, over all shards; each source has the same part of it"),
		c.yes(&s.exitOnFailure, "exit-on-failure", "stop all sources when one of them fails; otherwise the others go on, and it is tried again"),
		c.file(&s.savePull, "save-pull", "`FILE` for the first pull that has logs, as it came, for slswasm try and bench"),
	}
}

// leastInFlight leaves room for one pull of some size.
const leastInFlight byteSize = 1 << 20

// base is what the configurations of all sources have in common; its error
// holds everything that is wrong.
func (s *pullSettings) base(logger *slog.Logger) (shard.Config, error) {
	base := shard.Config{DrainTimeout: s.drain, Budget: shard.NewBudget(int64(s.inFlight)), Logger: logger}
	var errs []error
	if s.until != "" {
		var err error
		if base.Until, err = shard.ParsePosition(s.until); err != nil {
			errs = append(errs, fmt.Errorf("--until: %w", err))
		}
	}
	errs = append(errs, notZero(map[string]int64{"drain-timeout": int64(s.drain)}))
	if s.inFlight < leastInFlight {
		errs = append(errs, fmt.Errorf("--max-in-flight %v: want at least %v", s.inFlight, leastInFlight))
	}
	return base, errors.Join(errs...)
}
