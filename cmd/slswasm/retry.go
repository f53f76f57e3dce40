package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/sinks"
)

// retrySettings are the flags about a receiver that does not take events now.
type retrySettings struct{ initial, most, hold time.Duration }

func (s *retrySettings) flags() []cli.Flag {
	const c = category("Delivery")
	s.initial, s.most, s.hold = 500*time.Millisecond, 30*time.Second, 30*time.Second
	return []cli.Flag{
		c.duration(&s.initial, "retry-initial", "`DURATION` before the first retry of a delivery; it doubles with each"),
		c.duration(&s.most, "retry-max", "`DURATION` between two retries of a delivery, at the most"),
		c.duration(&s.hold, "hold", "`DURATION` between two tries while a setting, such as a token, has to be changed first"),
	}
}

// leastWait keeps a receiver in trouble from being pressed; mostWait is not too
// long for those who have mended it.
const (
	leastWait = 10 * time.Millisecond
	mostWait  = 10 * time.Minute
)

func (s *retrySettings) config() (sinks.RetryConfig, error) {
	var errs []error
	for _, d := range []struct {
		flag  string
		value time.Duration
	}{{"retry-initial", s.initial}, {"retry-max", s.most}, {"hold", s.hold}} {
		if d.value < leastWait || d.value > mostWait {
			errs = append(errs, fmt.Errorf("--%s %v: want %v to %v", d.flag, d.value, leastWait, mostWait))
		}
	}
	if s.initial > s.most {
		errs = append(errs, fmt.Errorf("--retry-initial %v: is more than --retry-max %v", s.initial, s.most))
	}
	return sinks.RetryConfig{Initial: s.initial, Max: s.most, Hold: s.hold}, errors.Join(errs...)
}
