package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/docker/go-units"
	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/offline"
	"github.com/slswasm/slswasm/host/offline/wasmfile"
)

func inspectCommand() *cli.Command {
	var (
		settings offlineSettings
		asJSON   bool
		conforms bool
	)
	flags := []cli.Flag{
		&cli.BoolFlag{Name: "json", Usage: "one JSON object", Destination: &asJSON},
		&cli.BoolFlag{Name: "conformance", Usage: "hold the module against every rule of the ABI, too", Destination: &conforms},
	}
	return &cli.Command{
		Name:      "inspect",
		ArgsUsage: "MODULE",
		Usage:     "say what a module is, and what is wrong with it",
		Description: "Reads the file as far as it can, then compiles and starts it as slswasm run does.\n" +
			"Exit codes: 0 it can run, 1 it cannot or breaks a rule, 2 there is nothing to look at.",
		Flags: slices.Concat(flags, settings.flags(true)),
		Action: func(c *cli.Context) error {
			if err := words(c, 1); err != nil {
				return err
			}
			module, err := settings.module(c, c.Args().First())
			if err != nil {
				return err
			}
			report, err := offline.Inspect(c.Context, &module)
			if err == nil && conforms {
				err = report.Conform(c.Context, &module)
			}
			if err != nil {
				return err
			}
			if asJSON {
				err = json.NewEncoder(c.App.Writer).Encode(report)
			} else {
				err = printModule(c.App.Writer, report)
			}
			return errors.Join(err, verdict(report))
		},
	}
}

// verdict is the error of a module that is not as it must be.
func verdict(r *offline.Report) error {
	broken := 0
	for _, rule := range r.Conformance {
		if rule.Verdict == offline.RuleBroken {
			broken++
		}
	}
	switch {
	case r.Problem != "":
		return fmt.Errorf("inspect: %s cannot run: %s", r.Module, r.Problem)
	case broken > 0:
		return fmt.Errorf("inspect: %s breaks %s of abi/ABI.md", r.Module, plural(broken, "rule"))
	}
	return nil
}

func printModule(w io.Writer, r *offline.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	row("module", "%s", r.Module)
	row("size", "%d bytes, %s", r.Size, plural(r.Functions, "function"))
	row("sha256", "%s", r.SHA256)
	row("abi", "%s", abiVersions(r.ABI))
	if d := r.Descriptor; d != nil {
		row("name", "%s", strings.TrimSpace(d.Name+" "+d.Version))
		row("fields", "%s", orNone(shown(d.Fields)))
		row("batch", "up to %d logs", d.BatchMax)
		row("metered", "%s", metered(r))
		if r.Interpreted != "" {
			row("interpreted", "fifty times slower, for this system refuses executable memory: %s", r.Interpreted)
		}
		for i, m := range r.Metrics {
			row(firstOf(i, "metrics"), "%s %s", m.Kind, m.Name)
		}
	}
	row("memory", "%s", memory(r))
	row("features", "%s", orNone(r.Features))
	row("made with", "%s", orNone(shown(r.Producers)))
	for i, e := range r.Imports {
		row(firstOf(i, "imports"), "%s", item(e))
	}
	for i, e := range r.Exports {
		row(firstOf(i, "exports"), "%s", item(e))
	}
	if r.Unread != "" {
		row("not read", "%s", r.Unread)
	}
	if r.Problem == "" {
		row("verdict", "it can run")
	} else {
		row("verdict", "it cannot run: %s", r.Problem)
	}
	for i, rule := range r.Conformance {
		row(firstOf(i, "rules"), "%s  %s: %s%s", rule.Verdict, rule.Section, rule.Rule, seen(rule.Seen))
	}
	return t.Flush()
}

func firstOf(i int, name string) string {
	if i == 0 {
		return name
	}
	return ""
}

func abiVersions(versions []int) string {
	if len(versions) == 0 {
		return fmt.Sprintf("none: it is no guest (it would export %s)", abi.ExportTransform)
	}
	return "version " + strings.Trim(strings.Join(strings.Fields(fmt.Sprint(versions)), ", "), "[]")
}

func metered(r *offline.Report) string {
	if r.Metered {
		return "yes"
	}
	return "no, the time limit interrupts it: " + shown([]string{r.Unmetered})[0]
}

func memory(r *offline.Report) string {
	if len(r.Memory) == 0 {
		return "none"
	}
	m := r.Memory[0]
	s := units.BytesSize(float64(m.Least)*wasmfile.PageSize) + " at least"
	if m.Most != nil {
		s += ", " + units.BytesSize(float64(*m.Most)*wasmfile.PageSize) + " at most"
	}
	if r.Started > 0 {
		s += ", " + units.BytesSize(float64(r.Started)) + " after the start"
	}
	return s
}

// item is one import or export in one line.
func item(e wasmfile.Item) string {
	name := shown([]string{e.Name})[0]
	if e.Module != "" {
		name = shown([]string{e.Module})[0] + " " + name
	}
	if e.Type == "" {
		return name + " (" + e.Kind + ")"
	}
	return name + " " + e.Type
}

// shown makes texts of a module safe for a terminal.
func shown(texts []string) []string {
	out := make([]string, len(texts))
	for i, s := range texts {
		out[i] = abi.Printable([]byte(s), 256)
	}
	return out
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// seen is what was seen in place of what a rule asks for.
func seen(text string) string {
	if text == "" {
		return ""
	}
	return ": " + abi.Printable([]byte(text), 512)
}
