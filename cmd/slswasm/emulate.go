package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host/slstest"
)

func emulateCommand() *cli.Command {
	var (
		listen, project, keyID, keySecret string
		shards                            int
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
		text(&keyID, "access-key-id", slstest.DefaultAccessKeyID, "the `ID` that requests are signed with"),
		text(&keySecret, "access-key-secret", slstest.DefaultAccessKeySecret, "the `SECRET` of that key"),
	}
	return &cli.Command{
		Name:  "emulate",
		Usage: "an emulated Log Service in memory, for trying things out and for tests",
		Description: "Prints one JSON line with its address when it is ready, and runs until it is interrupted.\n" +
			"Clients reach it by its IP address as the endpoint, or with HTTP_PROXY set to http://ADDRESS and any http endpoint.",
		Flags: slices.Concat(flags, log.flags("warn")),
		Action: func(c *cli.Context) (err error) {
			logger, err := log.logger(c)
			if err != nil {
				return usage(err)
			}
			if project == "" || len(logstores.Value()) == 0 || shards < 1 {
				return usage(errors.New("--project and --logstore: a name is missing, or --shards is not at least 1"))
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
			count := 0
			for _, path := range files.Value() {
				n, err := load(server, project, stores[0].Name, path)
				if err != nil {
					return usage(fmt.Errorf("--logs %s: %w", path, err))
				}
				count += n
			}
			if err := server.Start(listen); err != nil {
				return usage(fmt.Errorf("--listen: %w", err))
			}
			ready := map[string]any{"address": server.Addr(), "endpoint": "http://" + server.Addr(), "logs": count}
			if err := json.NewEncoder(c.App.Writer).Encode(ready); err != nil {
				return err
			}
			<-c.Done()
			return nil
		},
	}
}

func load(server *slstest.Server, project, logstore, path string) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // it is only read
	return server.Load(project, logstore, f)
}
