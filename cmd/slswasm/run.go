package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/oplog"
	"github.com/slswasm/slswasm/host/shard"
)

// runSettings are all flags of slswasm run, and so all keys of a configuration
// file.
type runSettings struct {
	file    configSettings
	source  sourceSettings
	pull    pullSettings
	guests  guestSettings
	sink    sinkSettings
	retry   retrySettings
	admin   adminSettings
	log     logSettings
	trace   traceSettings
	profile profileSettings
}

func (s *runSettings) flags() []cli.Flag {
	return slices.Concat(s.file.flags(), s.source.flags(), s.pull.flags(), s.guests.flags(), s.sink.flags(), s.retry.flags(),
		s.admin.flags(), s.log.flags("info"), s.log.fileFlags(), s.profile.flags(), s.trace.flags())
}

func runCommand() *cli.Command {
	var s runSettings
	return &cli.Command{
		Name:  "run",
		Usage: "consume logstores, transform each log, deliver it, and move the checkpoint only past what arrived",
		Description: "Each flag has an environment variable, SLSWASM_ and its name; the documented SLS_* ones work too.\n" +
			"The first SIGTERM or Ctrl-C drains and commits, a second one, more than a second later, leaves at once.\n" +
			"SIGHUP loads the modules and the file of the token again, and the transforms of the configuration file.\n" +
			"A flag stands above its environment variable, and that above the configuration file: of a source's or a sink's\n" +
			"settings, for all of them. slswasm config show says what comes of it, slswasm config example how a file looks.\n" +
			"Exit codes: 0 done or stopped, 1 failed while running or left at a second signal, 2 nothing was started.",
		Flags: s.flags(),
		Action: func(c *cli.Context) (err error) {
			plan, planErr := makePlan(c, s.file.path, &s.guests, &s.sink)
			if plan == nil {
				return usage(planErr)
			}
			logger, err := s.log.logger(c)
			if err != nil {
				return usage(plan.located(err))
			}
			oplog.Hide(logger, plan.secrets()...)
			shard.RouteSDKLog(logger)
			warnOfUnknown(c, logger, plan.document.variables)
			// Until the very end: a SIGHUP while draining must not kill.
			hangup := make(chan os.Signal, 1)
			signal.Notify(hangup, syscall.SIGHUP)
			defer signal.Stop(hangup)
			// All of it is looked at before anything is said, so that one
			// message names everything that is missing.
			base, pullErr := s.pull.base(logger)
			flows, flowErr := plan.hostFlows(base, logger)
			patience, retryErr := s.retry.config()
			opened, sinkErr := plan.openSinks(patience, logger)
			saver, saveErr := savePull(s.pull.savePull, flows, logger)
			defer saver.end()
			tracer, endTraces, traceErr := s.trace.open(c.Context, c.App.Version, logger)
			defer endTraces()
			page, pageErr := s.admin.open(c.App.Version, logger)
			defer func() { err = errors.Join(err, page.close(c.Context)) }()
			if err := inOrder(planErr, flowErr, sinkErr, plan.located(errors.Join(pullErr, retryErr, saveErr, pageErr, traceErr))); err != nil {
				if len(plan.given) == 0 && plan.document.path == "" {
					err = errors.Join(err, errors.New("nothing is set: slswasm config example prints a configuration file to begin with, slswasm run --help all flags"))
				}
				return usage(errors.Join(err, closeSinks(opened)))
			}
			stopProfile, err := s.profile.start()
			if err != nil {
				return usage(errors.Join(err, closeSinks(opened)))
			}
			defer func() { err = errors.Join(err, stopProfile()) }()
			p, err := host.Open(c.Context, host.Config{
				Flows: flows, Sinks: opened, Retry: patience, Logger: logger,
				DeadLetters: s.sink.deadLetters, LettersSize: int64(s.sink.lettersSize), EventIDs: s.sink.eventID,
				ExitOnFailure: s.pull.exitOnFailure, Tracer: tracer, Tap: page.tap,
			})
			if err != nil {
				return usage(plan.locatedStart(err))
			}
			names := make([]string, len(opened))
			for i, o := range opened {
				names[i] = o.Name
			}
			logger.Info("started", "version", c.App.Version, "config", s.file.path, "sources", plan.count(), "guests", len(plan.transforms),
				"sinks", names, "until", s.pull.until, "dead_letters", s.sink.deadLetters)
			plan.overridden(logger)
			told := context.AfterFunc(c.Context, func() {
				logger.Info("stopping: pulling ends, what is in hand is delivered and committed; a second signal leaves at once",
					"limit", s.pull.drain)
			})
			defer told()
			page.show(c.Context, p)
			stopReloads := startReloads(c.Context, plan, p, logger, hangup)
			stopBar := showProgress(c.App.ErrWriter, s.pull.until != "", p.Progress)
			err = p.Run(c.Context)
			stopBar()
			stopReloads()
			counts := p.Counts()
			logger.Info("stopped", "pulled", counts.Pulled, "bytes", counts.PulledBytes, "added", counts.Added,
				"dropped", counts.Dropped, "discarded", counts.Discarded, "delivered", counts.Delivered,
				"dead_letters", counts.DeadLetters)
			return errors.Join(err, p.Close(context.WithoutCancel(c.Context)))
		},
	}
}

// warnOfUnknown tells of variables that are meant for this program and are
// none of its settings: a misspelt one would be a setting that is not in force.
// Those that the configuration file refers to are known.
func warnOfUnknown(c *cli.Context, logger *slog.Logger, inFile map[string]bool) {
	known := map[string]bool{}
	maps.Copy(known, inFile)
	for _, f := range c.Command.Flags {
		if d, ok := f.(cli.DocGenerationFlag); ok {
			for _, name := range d.GetEnvVars() {
				known[name] = true
			}
		}
	}
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "SLSWASM_") && !known[name] {
			logger.Warn("this environment variable is none of the settings; see slswasm run --help", "variable", name)
		}
	}
}

func closeSinks(opened []host.NamedSink) error {
	var errs []error
	for _, s := range opened {
		errs = append(errs, s.Sink.Close())
	}
	return errors.Join(errs...)
}
