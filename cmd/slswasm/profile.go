package main

import (
	"fmt"
	"os"
	"runtime/pprof"

	"github.com/urfave/cli/v2"
)

// profileSettings is where to write what the processors were busy with.
type profileSettings struct{ cpu string }

func (s *profileSettings) flags() []cli.Flag {
	return []cli.Flag{category("Logging").file(&s.cpu, "cpu-profile", "`FILE` for a profile of the processor's time, for go tool pprof")}
}

// start begins the profile, if one is asked for. The returned function ends
// it and writes the file.
func (s *profileSettings) start() (stop func() error, err error) {
	if s.cpu == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(s.cpu)
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		return nil, fmt.Errorf("--cpu-profile: %w", err)
	}
	return func() error {
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			return fmt.Errorf("--cpu-profile: %w", err)
		}
		return nil
	}, nil
}
