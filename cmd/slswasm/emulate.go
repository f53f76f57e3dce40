package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"

	"github.com/docker/go-units"
	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host/demo"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/testdata/logs"
)

func emulateCommand() *cli.Command {
	var (
		listen, project, keyID, keySecret string
		shards, rate                      int
		logstores, files                  cli.StringSlice
		log                               logSettings
	)
	text := func(to *string, name, value, usage string) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: usage, Destination: to, Value: value}
	}
	flags := []cli.Flag{
		text(&listen, "listen", "127.0.0.1:0", "`ADDRESS` and port; 0: any free one"),
		text(&project, "project", "", "`NAME` (required)"),
		&cli.StringSliceFlag{Name: "logstore", Usage: "`NAME` (required); may be given again, the first one gets the logs", Destination: &logstores},
		&cli.IntFlag{Name: "shards", Usage: "`N` shards of a logstore", Destination: &shards, Value: 2},
		&cli.StringSliceFlag{Name: "logs", Usage: "JSON lines `FILE` to start with, one flattened log a line; may be given again", Destination: &files, TakesFile: true},
		&cli.IntFlag{Name: "rate", Usage: "put `N` logs a second: those of --logs, or samples of this program's own, again and again with the present time", Destination: &rate},
		text(&keyID, "access-key-id", slstest.DefaultAccessKeyID, "the `ID` that requests are signed with"),
		text(&keySecret, "access-key-secret", slstest.DefaultAccessKeySecret, "the `SECRET` of that key"),
	}
	return &cli.Command{
		Name:  "emulate",
		Usage: "an emulated Log Service in memory, for trying things out and for tests",
		Description: "Prints one JSON line with its address when it is ready, and runs until it is interrupted.\n" +
			"Clients reach it by its IP address as the endpoint, or with HTTP_PROXY set to http://ADDRESS and any http endpoint.\n" +
			"Any SDK's producer (PutLogs) puts more logs into it, and so does --rate: then what all consumer groups have settled is\n" +
			"forgotten, and it pauses while " + units.BytesSize(demo.MaxUnsettled) + " are not settled.",
		Flags: slices.Concat(flags, log.flags("warn")),
		Action: func(c *cli.Context) (err error) {
			logger, err := log.logger(c)
			if err != nil {
				return usage(err)
			}
			if project == "" || len(logstores.Value()) == 0 || shards < 1 {
				return usage(errors.New("--project and --logstore: a name is missing, or --shards is not at least 1"))
			}
			if rate < 0 || rate > mostRate {
				return usage(fmt.Errorf("--rate %d: want 1 to %d, or 0 for none", rate, mostRate))
			}
			stores := make([]slstest.Logstore, len(logstores.Value()))
			for i, name := range logstores.Value() {
				stores[i] = slstest.Logstore{Name: name, Shards: shards}
			}
			server, err := slstest.New(slstest.Config{
				Projects:    []slstest.Project{{Name: project, Logstores: stores}},
				AccessKeyID: keyID, AccessKeySecret: keySecret, Logger: logger,
			})
			if err != nil {
				return usage(err)
			}
			defer func() { err = errors.Join(err, server.Close()) }()
			count, texts, err := loadAll(server, project, stores[0].Name, files.Value())
			if err != nil {
				return usage(err)
			}
			feed := func(context.Context) error { return nil }
			if rate > 0 {
				if feed, err = feeder(server, project, stores[0].Name, texts, rate, logger); err != nil {
					return usage(fmt.Errorf("--rate: %w", err))
				}
			}
			if err := server.Start(listen); err != nil {
				return usage(fmt.Errorf("--listen: %w", err))
			}
			ready := map[string]any{"address": server.Addr(), "endpoint": "http://" + server.Addr(), "logs": count}
			if err := json.NewEncoder(c.App.Writer).Encode(ready); err != nil {
				return err
			}
			if err := feed(c.Context); err != nil {
				return err
			}
			<-c.Done()
			return nil
		},
	}
}

// mostRate is what one process puts beside what it serves.
const mostRate = 100_000

// loadAll puts the files' logs into a logstore, and returns how many and the
// files' texts.
func loadAll(server *slstest.Server, project, logstore string, paths []string) (count int, texts [][]byte, err error) {
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return 0, nil, fmt.Errorf("--logs: %w", err)
		}
		n, err := server.Load(project, logstore, bytes.NewReader(text))
		if err != nil {
			return 0, nil, fmt.Errorf("--logs %s: %w", path, err)
		}
		count, texts = count+n, append(texts, text)
	}
	return count, texts, nil
}

// feeder is what puts so many logs a second, until its context ends.
func feeder(server *slstest.Server, project, logstore string, texts [][]byte, rate int, logger *slog.Logger) (func(context.Context) error, error) {
	if len(texts) == 0 {
		var err error
		if texts, err = logs.All(); err != nil {
			return nil, err
		}
	}
	feed, err := demo.NewFeed(server, project, logstore, texts...)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return feed.Run(ctx, rate, logger) }, nil
}
