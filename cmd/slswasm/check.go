package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/cmd/slswasm/internal/yamlfile"
	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/doctor"
	"github.com/slswasm/slswasm/host/oplog"
	"github.com/slswasm/slswasm/host/shard"
)

func checkCommand() *cli.Command {
	var (
		s      runSettings
		asJSON bool
	)
	return &cli.Command{
		Name:  "check",
		Usage: "try everything that slswasm run with these flags would need, and say what is wrong and what to do",
		Description: "It consumes nothing, delivers nothing, and joins and creates no consumer group.\n" +
			"Exit codes: 0 all is well, or there are warnings only; 1 something failed; 2 a setting is wrong.",
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "one JSON object", Destination: &asJSON},
		}, s.flags()...),
		Action: func(c *cli.Context) (err error) {
			plan, planErr := makePlan(c, s.file.path, &s.guests, &s.sink)
			ownErr := s.checkOwn()
			s.log.file = "" // that of slswasm run, which may be at work
			logger, err := s.log.logger(c)
			if err != nil {
				return usage(err)
			}
			oplog.Hide(logger, plan.secrets()...)
			shard.RouteSDKLog(slog.New(slog.DiscardHandler))
			var inFile map[string]bool
			if plan != nil {
				inFile = plan.document.variables
			}
			warnOfUnknown(c, logger, inFile)
			cfg, settings := s.examined(plan, planErr, ownErr, logger)
			defer func() { err = errors.Join(err, closeSinks(cfg.Sinks)) }()
			var show reporter = &screen{w: c.App.Writer, colour: isTerminal(c.App.Writer) && os.Getenv("NO_COLOR") == ""}
			if asJSON {
				show = &object{w: c.App.Writer, Lines: []doctor.Line{}}
			}
			var t tally
			doctor.Run(c.Context, doctor.Config{Host: cfg, Settings: settings}, func(l doctor.Line) {
				l.Remedy = plan.inFile(l)
				t.add(l)
				show.line(l)
			})
			if err := show.end(&t); err != nil {
				return err
			}
			if c.Err() != nil {
				return fmt.Errorf("check: stopped before the end: %w", c.Err())
			}
			return t.verdict(len(settings) > 0)
		},
	}
}

// examined is what a run would be opened with, as far as the settings go, and
// what is wrong with them.
func (s *runSettings) examined(p *plan, planErr, ownErr error, logger *slog.Logger) (host.Config, []error) {
	if p == nil {
		return host.Config{}, inOneLine(planErr)
	}
	base, pullErr := s.pull.base(logger)
	flows, flowErr := p.hostFlows(base, logger)
	patience, retryErr := s.retry.config()
	opened, sinkErr := p.openSinks(patience, logger)
	return host.Config{
		Flows: flows, Sinks: opened, Retry: patience, Logger: logger,
		DeadLetters: s.sink.deadLetters, LettersSize: int64(s.sink.lettersSize),
	}, inOneLine(inOrder(planErr, flowErr, sinkErr, p.located(errors.Join(pullErr, retryErr, ownErr))))
}

// inOneLine takes joined errors apart, without the lines that they are about.
func inOneLine(err error) []error {
	all := flat(err)
	for i := range all {
		if e, ok := errors.AsType[*yamlfile.Error](all[i]); ok {
			plain := *e
			plain.Excerpt = ""
			all[i] = &plain
		}
	}
	return all
}

// A tally counts lines.
type tally struct {
	Checks   int `json:"checks"`
	Failed   int `json:"failed"`
	Warnings int `json:"warnings"`
	Skipped  int `json:"skipped"`

	first doctor.Line // that failed
}

func (t *tally) add(l doctor.Line) {
	t.Checks++
	switch l.Status {
	case doctor.OK:
	case doctor.Warning:
		t.Warnings++
	case doctor.Skipped:
		t.Skipped++
	case doctor.Failed:
		if t.Failed++; t.Failed == 1 {
			t.first = l
		}
	}
}

func (t *tally) verdict(misset bool) error {
	if t.Failed == 0 {
		return nil
	}
	err := fmt.Errorf("check: %d of %d failed, the first: %s: %s", t.Failed, t.Checks, t.first.Subject, t.first.Check)
	if misset {
		return usage(err)
	}
	return err
}

// A reporter shows lines as they come.
type reporter interface {
	line(doctor.Line)
	end(*tally) error
}

// An object is a report for programs.
type object struct {
	w     io.Writer
	Lines []doctor.Line `json:"lines"`
	*tally
}

func (o *object) line(l doctor.Line) { o.Lines = append(o.Lines, l) }

func (o *object) end(t *tally) error {
	o.tally = t
	return json.NewEncoder(o.w).Encode(o)
}

// A screen is a report for people: a heading for each subject, a line for each
// check, and below it what to do.
type screen struct {
	w       io.Writer
	colour  bool
	subject string
	err     error
}

// The width of the columns before what was found.
const (
	statusWidth = 7
	checkWidth  = 33
)

// paint is the colour of a status, of ECMA-48.
var paint = map[doctor.Status]string{doctor.OK: "32", doctor.Warning: "33", doctor.Failed: "31", doctor.Skipped: "2"}

func (s *screen) line(l doctor.Line) {
	if l.Subject != s.subject {
		s.subject = l.Subject
		s.print("%s\n", l.Subject)
	}
	status := fmt.Sprintf("%-*s", statusWidth, l.Status)
	if s.colour {
		status = "\x1b[" + paint[l.Status] + "m" + status + "\x1b[0m"
	}
	s.print("  %s  %-*s  %s\n", status, checkWidth, l.Check, l.Found)
	if l.Remedy != "" {
		s.print("  %*s  %*s  -> %s\n", statusWidth, "", checkWidth, "", l.Remedy)
	}
}

func (s *screen) print(format string, args ...any) {
	if s.err == nil {
		_, s.err = fmt.Fprintf(s.w, format, args...)
	}
}

func (s *screen) end(t *tally) error {
	s.print("%s: %d failed, %s, %d not tried\n", plural(t.Checks, "check"), t.Failed, plural(t.Warnings, "warning"), t.Skipped)
	return s.err
}
