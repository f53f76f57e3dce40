package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/docker/go-units"
	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/demo"
	"github.com/slswasm/slswasm/testdata/logs"
)

func demoCommand() *cli.Command {
	var (
		cfg    demo.Config
		guests guestSettings
		page   adminSettings
		log    logSettings
		asJSON bool
	)
	flags := []cli.Flag{
		&cli.IntFlag{Name: "logs", Usage: "`N` logs are put", Destination: &cfg.Logs, Value: 20000},
		&cli.IntFlag{Name: "shards", Usage: "`N` shards of the logstore", Destination: &cfg.Shards, Value: 4},
		&cli.StringFlag{Name: "sink", Usage: "`KIND` of receiver: hec or syslog", Destination: &cfg.Sink, Value: sinkHEC},
		&cli.BoolFlag{Name: "keep", Usage: fmt.Sprintf("go on with %d logs a second until Ctrl-C, for a look at the page", demo.KeepRate), Destination: &cfg.Keep},
		&cli.BoolFlag{Name: "json", Usage: "one JSON object on the last line", Destination: &asJSON},
	}
	return &cli.Command{
		Name:  "demo",
		Usage: "the whole way on this machine: an emulated Log Service, the audit guest, a receiver, and an account of every log",
		Description: "Talks to loopback only. Without --transform it takes guests/audit.wasm beside this program.\n" +
			"Exit codes: 0 every log is accounted for, 1 it is not, 2 nothing was started.",
		Flags: slices.Concat(flags, guests.flags(), page.flags(), log.flags("warn")),
		Action: func(c *cli.Context) (err error) {
			logger, err := log.logger(c)
			if err != nil {
				return usage(err)
			}
			if err := demoModule(&guests); err != nil {
				return usage(err)
			}
			modules, _, err := guests.guests(logger)
			if err := errors.Join(err, checkDemo(&cfg)); err != nil {
				return usage(err)
			}
			cfg.Guest, cfg.Files, cfg.Logger = modules[0], logs.Files, logger
			server, err := page.open(c.App.Version, logger)
			if err != nil {
				return usage(err)
			}
			defer func() { err = errors.Join(err, server.close(c.Context)) }()
			stopBar := func() {}
			cfg.Tap = server.tap
			cfg.Started = func(p *host.Pipeline) {
				server.show(c.Context, p)
				stopBar = showProgress(c.App.ErrWriter, !cfg.Keep, p.Progress)
				if server.Server != nil {
					fmt.Fprintf(c.App.ErrWriter, "the page: %s\n", server.URL())
				}
				if cfg.Keep {
					fmt.Fprintln(c.App.ErrWriter, "Ctrl-C ends the demo")
				}
			}
			report, err := demo.Run(c.Context, cfg)
			stopBar()
			if err != nil {
				return err
			}
			return printReport(c.App.Writer, report, asJSON)
		},
	}
}

// demoModule takes the audit guest that `make build` puts beside the program,
// unless there is a --transform.
func demoModule(guests *guestSettings) error {
	switch given := guests.transforms.Value(); len(given) {
	case 1:
		return nil
	case 0:
	default:
		return fmt.Errorf("--transform: the demo takes one, not %d", len(given))
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	path := filepath.Join(filepath.Dir(program), "guests", "audit.wasm")
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("the audit guest is not there: %w; build it with make guests, or name a module with --transform", err)
	}
	return guests.transforms.Set(path)
}

func checkDemo(cfg *demo.Config) error {
	var errs []error
	if cfg.Logs < 1 || cfg.Logs > 10_000_000 {
		errs = append(errs, fmt.Errorf("--logs: %d is not in 1 to 10000000", cfg.Logs))
	}
	if cfg.Shards < 1 || cfg.Shards > 256 {
		errs = append(errs, fmt.Errorf("--shards: %d is not in 1 to 256", cfg.Shards))
	}
	if cfg.Sink != sinkHEC && cfg.Sink != sinkSyslog {
		errs = append(errs, fmt.Errorf("--sink: %q is none of: %s, %s", cfg.Sink, sinkHEC, sinkSyslog))
	}
	return errors.Join(errs...)
}

var errUnbalanced = errors.New("demo: the account does not balance")

func printReport(w io.Writer, r *demo.Report, asJSON bool) error {
	if asJSON {
		if err := json.NewEncoder(w).Encode(r); err != nil {
			return err
		}
	} else {
		printTable(w, r)
	}
	if !r.Balanced() {
		return errUnbalanced
	}
	return nil
}

func printTable(w io.Writer, r *demo.Report) {
	fmt.Fprintf(w, "One log before:\n  %s\nand after:\n  %s\n\n", r.Before, r.After)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range []struct {
		name  string
		count int
	}{
		{"put into the Log Service", r.Put},
		{"pulled", r.Pulled},
		{"dropped by the guest", r.Dropped},
		{"delivered", r.Delivered},
		{"dead letters", r.DeadLetters},
		{"missing", r.Missing},
		{"altered", r.Altered},
		{"duplicates", r.Duplicates},
	} {
		fmt.Fprintf(t, "%s\t%d\t\n", row.name, row.count)
	}
	fmt.Fprintf(t, "raw logs\t%s\t\nin\t%.1f s\t\nthat is\t%.1f MB/s\t\n",
		units.HumanSize(float64(r.Bytes)), r.Seconds, r.MBPerSecond)
	_ = t.Flush() // to standard output: nobody is left to tell
}
