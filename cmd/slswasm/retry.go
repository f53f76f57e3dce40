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
	const c = "Delivery"
	duration := func(to *time.Duration, name, usage string, value time.Duration) cli.Flag {
		return &cli.DurationFlag{Name: name, Usage: usage, Destination: to, Value: value, Category: c, EnvVars: env(name)}
	}
	return []cli.Flag{
		duration(&s.initial, "retry-initial", "before the first retry; it doubles with each", 500*time.Millisecond),
		duration(&s.most, "retry-max", "the most between two retries", 30*time.Second),
		duration(&s.hold, "hold", "between two tries while a setting, such as a token, has to be changed first", 30*time.Second),
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
