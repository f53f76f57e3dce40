package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/offline"
)

func tryCommand() *cli.Command {
	var (
		settings offlineSettings
		format   string
	)
	flags := []cli.Flag{
		&cli.StringFlag{
			Name: "format", Destination: &format, Value: "text",
			Usage: "`FORMAT` of what is printed: text, each log before and after; json, as in out.jsonl of a case; hec or syslog, the bytes that are sent",
		},
	}
	return &cli.Command{
		Name:      "try",
		ArgsUsage: "MODULE [FILE]",
		Usage:     "pass logs through a module and see what becomes of them",
		Description: "FILE, or standard input, holds flattened logs as JSON lines (objects of texts), or one pull of the Log Service that\n" +
			"slswasm run --save-pull has saved.\n" +
			"Exit codes: 0 done, 1 the module failed a log, 2 nothing was started.",
		Flags: slices.Concat(flags, settings.flags(true)),
		Action: func(c *cli.Context) error {
			if err := words(c, 2); err != nil {
				return err
			}
			show, err := shower(c.App.Writer, c.App.ErrWriter, format)
			if err != nil {
				return usage(err)
			}
			module, logs, err := settings.moduleAndLogs(c)
			if err != nil {
				return err
			}
			compiled, err := module.Compile(c.Context)
			if err != nil {
				return usage(err)
			}
			defer compiled.Close(context.WithoutCancel(c.Context)) //nolint:errcheck // the process ends
			failed := 0
			err = offline.Try(c.Context, compiled, logs, func(n int, o *offline.Outcome) error {
				if o.Err != nil {
					failed++
				}
				return show(n, o)
			})
			if err == nil && failed > 0 {
				err = fmt.Errorf("try: the module failed %d of %s", failed, plural(len(logs), "log"))
			}
			return err
		},
	}
}

// moduleAndLogs reads the words MODULE [FILE].
func (s *offlineSettings) moduleAndLogs(c *cli.Context) (offline.Module, []abi.Event, error) {
	module, err := s.module(c, c.Args().Get(0))
	if err != nil {
		return module, nil, err
	}
	name, text, err := readInput(c, c.Args().Get(1))
	if err != nil {
		return module, nil, usage(err)
	}
	logs, err := offline.ReadLogs(text)
	if err == nil && len(logs) == 0 {
		err = errors.New("there are no logs")
	}
	if err != nil {
		return module, nil, usage(fmt.Errorf("%s: %w", name, err))
	}
	return module, logs, nil
}

// shower returns what prints an outcome.
func shower(w, stderr io.Writer, format string) (func(int, *offline.Outcome) error, error) {
	var lines func(*offline.Outcome) []string
	switch format {
	case "text":
		p := colours(w)
		return func(n int, o *offline.Outcome) error { return showText(w, p, n, o) }, nil
	case "json":
		lines = (*offline.Outcome).Lines
	case "hec":
		lines = (*offline.Outcome).HEC
	case "syslog":
		lines = (*offline.Outcome).Syslog
	default:
		return nil, fmt.Errorf("--format: %q is none of: text, json, hec, syslog", format)
	}
	return func(n int, o *offline.Outcome) error {
		var err error
		if o.Err != nil {
			_, err = fmt.Fprintf(stderr, "log %d %s\n", n+1, o.Verdict())
		}
		for _, line := range lines(o) {
			_, e := fmt.Fprintln(w, line)
			err = errors.Join(err, e)
		}
		return err
	}, nil
}

func showText(w io.Writer, p palette, n int, o *offline.Outcome) error {
	var b strings.Builder
	head := fmt.Sprintf("log %d (%s) %s", n+1, time.Unix(0, o.Log.Time).UTC().Format(time.RFC3339), o.Verdict())
	if o.Err != nil {
		head = p.red(head)
	}
	fmt.Fprintln(&b, p.bold(head))
	for i := range max(1, len(o.Events)) {
		if len(o.Events) > 1 {
			fmt.Fprintf(&b, "  event %d\n", i+1)
		}
		p.diff(&b, "  ", o.Diff(i))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
