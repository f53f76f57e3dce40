package main

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/urfave/cli/v2"
)

func configCommand() *cli.Command {
	return &cli.Command{
		Name:  "config",
		Usage: "check, show or begin a configuration file for slswasm run",
		Subcommands: []*cli.Command{
			configCheckCommand(), configShowCommand(), configExampleCommand(),
		},
	}
}

// orWord is the file that is named as a word, or else by the flag.
func (s *configSettings) orWord(c *cli.Context) (string, error) {
	if c.Args().Present() {
		return c.Args().First(), words(c, 1)
	}
	return s.path, nil
}

func configCheckCommand() *cli.Command {
	var s runSettings
	return &cli.Command{
		Name:      "check",
		ArgsUsage: "FILE",
		Usage:     "say what is wrong with a configuration file, and where",
		Description: "Reads the file and what it refers to, and starts the modules; talks to nobody, and leaves no file. Flags and variables count as for slswasm run.\n" +
			"Exit codes: 0 it is right, 2 it is not.",
		Flags: s.flags(),
		Action: func(c *cli.Context) error {
			path, err := s.file.orWord(c)
			if err == nil && path == "" {
				err = words(c, 1)
			}
			if err != nil {
				return err
			}
			p, err := makePlan(c, path, &s.guests, &s.sink)
			if p == nil {
				return usage(err)
			}
			log := s.log
			log.file = "" // it is not made
			_, logErr := log.logger(c)
			soFar := inOrder(err, p.located(errors.Join(logErr, s.sink.checkLetters())), p.askGuests(c.Context))
			if err := s.check(p, soFar); err != nil {
				return usage(err)
			}
			_, err = fmt.Fprintf(c.App.Writer, "%s: %s, %s and %s are right\n", path,
				plural(len(p.flows), "source"), plural(len(p.transforms), "transform"), plural(len(p.receivers), "sink"))
			return err
		},
	}
}

// check makes everything that can be made without others and without a trace,
// and returns what was wrong so far, too.
func (s *runSettings) check(p *plan, soFar error) error {
	quiet := slog.New(slog.DiscardHandler)
	base, pullErr := s.pull.base(quiet)
	_, flowErr := p.hostFlows(base, quiet)
	patience, retryErr := s.retry.config()
	opened, sinkErr := p.openSinks(patience, quiet)
	return inOrder(soFar, flowErr, sinkErr, p.located(errors.Join(pullErr, retryErr, s.checkOwn())), closeSinks(opened))
}

func configShowCommand() *cli.Command {
	var s runSettings
	return &cli.Command{
		Name:      "show",
		ArgsUsage: "[FILE]",
		Usage:     "say what is in force: what the file, the environment, the flags and the defaults say together",
		Description: "Prints a configuration file with a remark behind each value that is no default: who has set it. Secrets are " + masked + ".\n" +
			"Exit codes: 0 done, 2 something is wrong with the file or a flag.",
		Flags: s.flags(),
		Action: func(c *cli.Context) error {
			path, err := s.file.orWord(c)
			if err != nil {
				return err
			}
			p, err := makePlan(c, path, &s.guests, &s.sink)
			if err != nil {
				return usage(err)
			}
			_, err = fmt.Fprint(c.App.Writer, p.show())
			return err
		},
	}
}
