package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/docker/go-units"
	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host/offline"
)

func benchCommand() *cli.Command {
	var (
		settings offlineSettings
		records  int
		asJSON   bool
	)
	flags := []cli.Flag{
		&cli.IntFlag{Name: "records", Usage: "`N` records at least, of the logs again and again", Destination: &records, Value: 100_000},
		&cli.BoolFlag{Name: "json", Usage: "one JSON object", Destination: &asJSON},
	}
	return &cli.Command{
		Name:      "bench",
		ArgsUsage: "MODULE [FILE]",
		Usage:     "measure a module beside one that keeps every log",
		Description: "FILE, or standard input, is read as by slswasm try. Both modules run with the same logs, in turn, in one instance; what\n" +
			"the one that keeps every log takes is the host's own work. Bytes are those of keys and values.\n" +
			"Exit codes: 0 measured, 1 the module could not be run to the end, 2 nothing was started.",
		Flags: slices.Concat(flags, settings.flags(true)),
		Action: func(c *cli.Context) error {
			if err := words(c, 2); err != nil {
				return err
			}
			if records < 1 {
				return usage(fmt.Errorf("--records: %d is not positive", records))
			}
			module, logs, err := settings.moduleAndLogs(c)
			if err != nil {
				return err
			}
			compiled, err := module.Compile(c.Context)
			if err != nil {
				return usage(err)
			}
			comparison, err := offline.Bench(c.Context, compiled, module.Limits, logs, records)
			if err = errors.Join(err, compiled.Close(context.WithoutCancel(c.Context))); err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(c.App.Writer).Encode(comparison)
			}
			return printComparison(c.App.Writer, filepath.Base(module.Name), comparison)
		},
	}
}

func printComparison(w io.Writer, name string, c *offline.Comparison) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, value func(*offline.Measure) string) {
		fmt.Fprintf(t, "%s\t%s\t%s\t\n", name, value(&c.Module), value(&c.KeepAll))
	}
	fmt.Fprintf(t, "%d records of %.0f bytes\t%s\tkeep all\t\n", c.Records, c.RecordBytes, name)
	row("records/s", func(m *offline.Measure) string { return fmt.Sprintf("%.0f", m.RecordsPerSecond) })
	row("MB per CPU-second", func(m *offline.Measure) string { return fmt.Sprintf("%.1f", m.MBPerCPUSecond) })
	row("CPU ns a record", func(m *offline.Measure) string { return fmt.Sprintf("%.0f", m.NsPerRecord) })
	row("fuel a record", func(m *offline.Measure) string {
		if m.FuelPerRecord == 0 {
			return "-"
		}
		return fmt.Sprintf("%.0f", m.FuelPerRecord)
	})
	row("instance start, ms", func(m *offline.Measure) string { return fmt.Sprintf("%.2f", m.StartMs) })
	row("memory after the first call", func(m *offline.Measure) string { return units.BytesSize(float64(m.MemoryBefore)) })
	row("grown by", func(m *offline.Measure) string { return units.BytesSize(float64(m.MemoryAfter - m.MemoryBefore)) })
	row("until record", func(m *offline.Measure) string {
		if m.MemoryGrewUntil == 0 {
			return "-"
		}
		return fmt.Sprint(m.MemoryGrewUntil)
	})
	row("events", func(m *offline.Measure) string { return fmt.Sprint(m.Events) })
	row("dropped", func(m *offline.Measure) string { return fmt.Sprint(m.Dropped) })
	row("failed", func(m *offline.Measure) string { return fmt.Sprint(m.Failed) })
	return t.Flush()
}
