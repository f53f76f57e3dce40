package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"
)

// limitSettings are the flags about what a module may use; with a
// configuration file, each of its transforms has its own.
type limitSettings struct {
	memory byteSize
	time   time.Duration
	fuel   fuelSettings
}

func (s *limitSettings) flags(c category) []cli.Flag {
	s.memory, s.time = 64<<20, 10*time.Second
	return slices.Concat([]cli.Flag{
		c.size(&s.memory, "memory-limit", "`SIZE` of the memory of one instance of a module"),
		c.duration(&s.time, "time-limit", "`DURATION` that a module may take for one batch"),
	}, s.fuel.flags(c))
}

func (s *limitSettings) check() error {
	var errs []error
	if s.memory < 64<<10 || s.memory > 4<<30 {
		errs = append(errs, fmt.Errorf("--memory-limit %v: want 64KiB to 4GiB", s.memory))
	}
	if s.time < time.Millisecond {
		errs = append(errs, fmt.Errorf("--time-limit %v: want at least 1ms", s.time))
	}
	return errors.Join(append(errs, s.fuel.check())...)
}
