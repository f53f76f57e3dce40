package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/oplog"
	"github.com/slswasm/slswasm/host/replay"
	"github.com/slswasm/slswasm/host/shard"
)

// replaySettings are the flags about which letters are sent again.
type replaySettings struct {
	reason, stage, since                   string
	list, asJSON, dryRun, restart, skipBad bool
	drain                                  time.Duration
}

func (s *replaySettings) flags() []cli.Flag {
	const c = category("Letters")
	s.drain = 30 * time.Second
	set := func(to *bool, name, usage string) cli.Flag {
		return &cli.BoolFlag{Name: name, Usage: usage, Destination: to, Category: string(c)}
	}
	text := func(to *string, name, usage string) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: usage, Destination: to, Category: string(c)}
	}
	return []cli.Flag{
		set(&s.list, "list", "send nothing: how many letters there are for each stage and reason"),
		set(&s.dryRun, "dry-run", "send nothing: as --list, of what is still to be sent"),
		set(&s.asJSON, "json", "one JSON object, of --list or --dry-run"),
		text(&s.reason, "reason", "only letters whose reason matches this `REGEXP`"),
		text(&s.stage, "stage", "only letters of this `STAGE`: guest or sink"),
		text(&s.since, "since", "only letters of this `TIME` (ISO 8601) and later, or of the last 90m, 24h and so on"),
		set(&s.restart, "restart", "send what was replayed before, too"),
		set(&s.skipBad, "skip-bad", "go past lines that are no letters"),
		c.duration(&s.drain, "drain-timeout", "`DURATION` that the delivery of what is in hand may take when stopping"),
	}
}

// config returns what is to be replayed; its error holds everything that is
// wrong.
func (s *replaySettings) config(files []string, again string, logger *slog.Logger) (replay.Config, error) {
	var errs []error
	if s.list && s.dryRun {
		errs = append(errs, errors.New("--list and --dry-run: give one of them"))
	}
	if s.asJSON && !s.list && !s.dryRun {
		errs = append(errs, errors.New("--json: is for --list and --dry-run"))
	}
	if s.drain <= 0 {
		errs = append(errs, fmt.Errorf("--drain-timeout %v: want more than 0", s.drain))
	}
	since, err := parseSince(s.since)
	if err != nil {
		errs = append(errs, err)
	}
	filter, err := replay.NewFilter(replay.Filter{Reason: s.reason, Stage: s.stage, Since: since})
	if err != nil {
		errs = append(errs, err)
	}
	return replay.Config{
		Files: files, Filter: filter, SkipBad: s.skipBad, Restart: s.restart,
		Again: again, Drain: s.drain, Logger: logger,
	}, errors.Join(errs...)
}

func parseSince(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil {
		return time.Now().Add(-ago), nil
	}
	if position, err := shard.ParsePosition(text); err == nil {
		if t, ok := position.Time(); ok {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--since: %q is neither an ISO 8601 time, such as 2026-01-31T08:00:00Z, nor a duration, such as 24h", text)
}

func replayCommand() *cli.Command {
	var (
		settings replaySettings
		file     configSettings
		guests   guestSettings
		sink     = sinkSettings{deadLetters: "slswasm-dead-letters.again.jsonl"} // never what is read
		retry    retrySettings
		log      logSettings
	)
	return &cli.Command{
		Name:      "replay",
		ArgsUsage: "FILE...",
		Usage:     "send dead letters again, perhaps through a mended module",
		Description: "FILE is a file of dead letters, also one that slswasm run has open, or a directory with such files.\n" +
			"The original logs pass through the modules given here, none or others than before, to the sinks given here.\n" +
			"What fails again is a letter in --dead-letters. How far FILE is settled is kept in FILE.replayed: the same command\n" +
			"goes on where it was, also after a kill.\n" +
			"With --config, each letter goes the way of its logstore, and --dead-letters of that file is left alone.\n" +
			"Exit codes: 0 all is replayed, 1 failed or stopped before the end, 2 nothing was started.",
		Flags: slices.Concat(settings.flags(), file.flags(), guests.flags(), sink.flags(), retry.flags(), log.flags("info"), log.fileFlags()),
		Action: func(c *cli.Context) error {
			if err := words(c, -1); err != nil {
				return err
			}
			// The file's dead letters are what is read, and its log is that of slswasm run.
			plan, planErr := makePlan(c, file.path, &guests, &sink, "dead-letters", "log-file")
			if plan == nil {
				return usage(planErr)
			}
			logger, err := log.logger(c)
			if err != nil {
				return usage(plan.located(err))
			}
			oplog.Hide(logger, plan.secrets()...)
			cfg, err := settings.config(c.Args().Slice(), sink.deadLetters, logger)
			if settings.list || settings.dryRun {
				if err != nil {
					return usage(err)
				}
				return settings.show(c, cfg)
			}
			flows, flowErr := plan.resendFlows(logger)
			patience, retryErr := retry.config()
			opened, sinkErr := plan.openSinks(patience, logger)
			if err := inOrder(err, planErr, flowErr, sinkErr, plan.located(retryErr)); err != nil {
				return usage(errors.Join(err, closeSinks(opened)))
			}
			// Until the very end: a SIGHUP while draining must not kill.
			hangup := make(chan os.Signal, 1)
			signal.Notify(hangup, syscall.SIGHUP)
			defer signal.Stop(hangup)
			r, err := replay.Open(cfg)
			if err != nil {
				return usage(errors.Join(err, closeSinks(opened)))
			}
			p, err := host.Open(c.Context, host.Config{
				Flows: flows, Resend: true,
				Sinks: opened, Retry: patience, Logger: logger,
				DeadLetters: sink.deadLetters, LettersSize: int64(sink.lettersSize), EventIDs: sink.eventID,
			})
			if err != nil {
				return usage(errors.Join(err, r.Close()))
			}
			told := context.AfterFunc(c.Context, func() {
				logger.Info("stopping: what is in hand is delivered and remembered; a second signal leaves at once", "limit", settings.drain)
			})
			defer told()
			stopReloads := startReloads(c.Context, plan, p, logger, hangup)
			stopBar := showProgress(c.App.ErrWriter, true, r.Progress)
			err = r.Run(c.Context, p.Resend)
			stopBar()
			stopReloads()
			sumUp(logger, err, r.Counts(), p.Counts())
			return errors.Join(err, r.Close(), p.Close(context.WithoutCancel(c.Context)))
		},
	}
}

// sumUp writes the last line.
func sumUp(logger *slog.Logger, err error, letters replay.Counts, logs host.Counts) {
	message := "all letters are replayed"
	switch {
	case err != nil:
		message = "not all letters are replayed"
	case letters.Sent == 0 && letters.Before > 0:
		message = "everything was replayed already; --restart sends it again"
	case letters.Sent == 0:
		message = "there was nothing to replay"
	}
	logger.Info(message, "letters", letters.Letters, "sent", letters.Sent, "replayed_before", letters.Before,
		"repeated", letters.Repeated, "filtered", letters.Filtered, "bad_lines", letters.Bad,
		"added", logs.Added, "dropped", logs.Dropped, "discarded", logs.Discarded, "delivered", logs.Delivered,
		"dead_letters", logs.DeadLetters)
}
