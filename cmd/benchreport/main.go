// Command benchreport makes the table of `make bench`. It is the driver and,
// under other names, the programs that stand around what is measured:
//
//	benchreport [flags]             the report
//	benchreport emulate [flags]     an emulated Log Service
//	benchreport receive             a receiver that counts
//	benchreport yardstick [flags]   the program to measure against
//	benchreport pipeline [flags]    slswasm's pipeline, with its allocations counted
//
// What is measured, and how, is package perf's matter.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/slswasm/slswasm/host/perf"
	"github.com/slswasm/slswasm/host/perf/yardstick"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchreport:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	name := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("benchreport "+name, flag.ContinueOnError)
	switch name {
	case "":
		return report(ctx, flags, args)
	case "emulate":
		shards := flags.Int("shards", 4, "of each logstore")
		bytes := flags.Int("bytes", 1<<20, "of keys and values, of each kind")
		if err := flags.Parse(args); err != nil {
			return err
		}
		return perf.Emulate(ctx, os.Stdout, *shards, *bytes)
	case "receive":
		return perf.Receive(ctx, os.Stdout)
	case "yardstick":
		return measureYardstick(ctx, flags, args)
	case "pipeline":
		return measurePipeline(ctx, flags, args)
	}
	return fmt.Errorf("there is no command %q", name)
}

func report(ctx context.Context, flags *flag.FlagSet, args []string) error {
	o := perf.Options{Root: ".", Said: os.Stderr}
	flags.StringVar(&o.Slswasm, "slswasm", "bin/slswasm", "the program to measure")
	flags.StringVar(&o.Guests, "guests", "bin/guests", "folder of the examples' modules")
	flags.IntVar(&o.Rounds, "rounds", 3, "how often everything is measured")
	megabytes := flags.Int("mb", 250, "MB of input, of each kind")
	flags.StringVar(&o.Only, "only", "", "the ways whose name has this in it, and no stages")
	flags.StringVar(&o.Profile, "profile", "", "folder for a CPU profile of each way of slswasm")
	out := flags.String("out", "bin/bench", "where to write the report, .md and .json added")
	if err := flags.Parse(args); err != nil {
		return err
	}
	o.Bytes = *megabytes * 1e6
	if o.Rounds < 1 || o.Bytes < 1e6 {
		return errors.New("-rounds and -mb: want at least 1")
	}
	var err error
	if o.Self, err = os.Executable(); err != nil {
		return err
	}
	if o.Root, err = filepath.Abs(o.Root); err != nil {
		return err
	}
	if o.Profile != "" {
		if err := os.MkdirAll(o.Profile, 0o755); err != nil {
			return err
		}
	}
	r, err := perf.Measure(ctx, o)
	if err != nil {
		return err
	}
	if err := write(*out+".json", r.JSON); err != nil {
		return err
	}
	if err := write(*out+".md", r.Markdown); err != nil {
		return err
	}
	return r.Markdown(os.Stdout)
}

// ends are where the logs come from and go to.
type ends struct {
	service, logstore, hec, syslog string
	gzip                           bool
}

func (e *ends) flags(f *flag.FlagSet) {
	f.StringVar(&e.service, "service", "", "host:port of the emulator")
	f.StringVar(&e.logstore, "logstore", "", "its logstore")
	f.StringVar(&e.hec, "hec", "", "host:port of a HEC receiver")
	f.StringVar(&e.syslog, "syslog", "", "host:port of a syslog receiver")
	f.BoolVar(&e.gzip, "gzip", false, "compress what goes to the HEC receiver")
}

func measureYardstick(ctx context.Context, flags *flag.FlagSet, args []string) error {
	var e ends
	e.flags(flags)
	shards := flags.Int("shards", 4, "of the logstore")
	rules := flags.Bool("rules", false, "apply the audit example's rules")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	counts, err := yardstick.Run(ctx, yardstick.Config{
		Service: e.service, Project: perf.Project, Logstore: e.logstore, Shards: *shards,
		KeyID: slstest.DefaultAccessKeyID, Secret: slstest.DefaultAccessKeySecret,
		HEC: e.hec, Syslog: e.syslog, Token: "bench", Gzip: e.gzip, Rules: *rules,
	})
	if err != nil {
		return err
	}
	runtime.ReadMemStats(&after)
	return json.NewEncoder(os.Stdout).Encode(perf.Counts{
		Logs: counts.Logs, Bytes: counts.Bytes, Events: counts.Events, Mallocs: after.Mallocs - before.Mallocs,
	})
}

func measurePipeline(ctx context.Context, flags *flag.FlagSet, args []string) error {
	var e ends
	e.flags(flags)
	group := flags.String("group", "", "consumer group")
	guests := flags.String("guests", "", "folder of modules")
	chain := flags.String("chain", "", "names of modules, commas between")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "slswasm-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // of the temporary folder
	cfg := perf.PipelineConfig{Endpoint: "http://" + e.service, Logstore: e.logstore, Group: *group, Dir: dir}
	for _, name := range strings.FieldsFunc(*chain, func(r rune) bool { return r == ',' }) {
		g, err := perf.ReadGuest(*guests, name)
		if err != nil {
			return err
		}
		cfg.Guests = append(cfg.Guests, g)
	}
	if cfg.Sink, err = e.sink(); err != nil {
		return err
	}
	counts, mallocs, err := perf.RunPipeline(ctx, cfg)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(perf.Counts{
		Logs: counts.Pulled, Bytes: counts.PulledBytes, Events: counts.Delivered, Mallocs: mallocs,
	})
}

func (e *ends) sink() (sinks.Sink, error) {
	if e.syslog == "" {
		return perf.NewHEC(e.hec, e.gzip)
	}
	host, port, err := net.SplitHostPort(e.syslog)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	return perf.NewSyslog(host, number)
}

func write(path string, content func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(content(f), f.Close())
}
