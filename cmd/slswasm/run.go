package main

import (
	"context"
	"errors"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/sinks"
)

func runCommand() *cli.Command {
	var (
		source sourceSettings
		guests guestSettings
		sink   sinkSettings
		log    logSettings
	)
	return &cli.Command{
		Name:  "run",
		Usage: "consume logstores, transform each log, deliver it, and move the checkpoint only past what arrived",
		Description: "Each flag has an environment variable, SLSWASM_ and its name; the documented SLS_* ones work too.\n" +
			"The first SIGTERM or Ctrl-C drains and commits, the second leaves at once.\n" +
			"Exit codes: 0 done or stopped, 1 failed while running, 2 nothing was started.",
		Flags: slices.Concat(source.flags(), guests.flags(), sink.flags(), log.flags("info")),
		Action: func(c *cli.Context) error {
			logger, err := log.logger(c.App.ErrWriter)
			if err != nil {
				return usage(err)
			}
			shard.RouteSDKLog(logger)
			// All of it is looked at before anything is said, so that one
			// message names everything that is missing.
			sources, sourceErr := source.configs(logger)
			modules, onError, guestErr := guests.guests(logger)
			opened, sinkErr := sink.open(logger)
			saver, saveErr := savePull(source.savePull, sources, logger)
			defer saver.end()
			if err := errors.Join(sourceErr, guestErr, sinkErr, saveErr); err != nil {
				return usage(errors.Join(err, closeSinks(opened)))
			}
			p, err := host.Open(c.Context, host.Config{
				Sources: sources, Guests: modules, OnError: onError,
				Sinks: opened, Retry: sinks.RetryConfig{}, DeadLetters: sink.deadLetters, Logger: logger,
			})
			if err != nil {
				return usage(err)
			}
			told := context.AfterFunc(c.Context, func() {
				logger.Info("stopping: pulling ends, what is in hand is delivered and committed; a second signal leaves at once",
					"limit", source.drain)
			})
			defer told()
			stopReloads := startReloads(c.Context, &guests, p, logger)
			stopBar := showProgress(c.App.ErrWriter, source.until != "", p.Progress)
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

func closeSinks(opened []host.NamedSink) error {
	var errs []error
	for _, s := range opened {
		errs = append(errs, s.Sink.Close())
	}
	return errors.Join(errs...)
}
