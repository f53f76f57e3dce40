package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host/guest"
)

// fuelSettings are the flags about what a module may compute.
type fuelSettings struct {
	perLog, perBatch int64
	interrupt        bool
}

func (s *fuelSettings) flags(c category) []cli.Flag {
	return []cli.Flag{
		&cli.Int64Flag{
			Name: "fuel-per-log", Usage: "`UNITS` of work, about instructions, that a module may use for one log; a batch has as many for each of its logs",
			Destination: &s.perLog, Value: guest.DefaultFuelPerLog, Category: string(c), EnvVars: env("fuel-per-log"),
		},
		&cli.Int64Flag{
			Name: "fuel-per-batch", Usage: "`UNITS` of work that a module may use for one batch, however many logs it has",
			Destination: &s.perBatch, Value: guest.DefaultFuelPerBatch, Category: string(c), EnvVars: env("fuel-per-batch"),
		},
		c.yes(&s.interrupt, "interrupt", "stop a module by the clock alone, and do not meter it: slower"),
	}
}

func (s *fuelSettings) check() error {
	var errs []error
	for _, f := range []struct {
		name  string
		units int64
	}{{"fuel-per-log", s.perLog}, {"fuel-per-batch", s.perBatch}} {
		if f.units < 1 {
			errs = append(errs, fmt.Errorf("--%s %d: want at least 1; a module without a limit of fuel is one with --interrupt", f.name, f.units))
		}
	}
	return errors.Join(errs...)
}
