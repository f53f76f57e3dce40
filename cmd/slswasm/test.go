package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host/offline"
)

func testCommand() *cli.Command {
	var (
		settings       offlineSettings
		modules, run   string
		update, detail bool
	)
	flags := []cli.Flag{
		&cli.BoolFlag{Name: "update", Usage: "write what comes out into the cases: read the difference before you keep it", Destination: &update},
		&cli.BoolFlag{Name: "v", Usage: "name every case, not only those that fail", Destination: &detail},
		&cli.StringFlag{Name: "run", Usage: "only files whose path matches `REGEXP`", Destination: &run},
		&cli.StringFlag{Name: "modules", Usage: "`DIR` with the modules that cases name (default: guests beside this program)", Destination: &modules},
	}
	return &cli.Command{
		Name:      "test",
		ArgsUsage: "DIR|FILE|DIR/...",
		Usage:     "run test cases: logs that go into a module, and the events that must come out",
		Description: "A case is a .txtar file with the sections module, config.json, in.jsonl and out.jsonl, or error.txt in place of the\n" +
			"last two; hec.txt and syslog.txt may hold the bytes that Splunk and a syslog receiver get,\n" +
			"and fuel.txt the fuel that all logs cost each module: NAME.wasm UNITS. A module NAME stands for\n" +
			"each of NAME.wasm, NAME.tinygo.wasm and NAME.rust.wasm that is there. Each case runs compiled and interpreted, with a\n" +
			"clock that stands and the same random numbers every time.\n" +
			"Exit codes: 0 all passed, 1 one failed, 2 a case cannot be run.",
		Flags: slices.Concat(flags, settings.flags(false)),
		Action: func(c *cli.Context) error {
			if err := words(c, -1); err != nil {
				return err
			}
			limits, err := settings.limits(c)
			if err != nil {
				return usage(err)
			}
			cases, err := findCases(c.Args().Slice(), run, modules)
			if err != nil {
				return usage(err)
			}
			results, err := offline.Test(c.Context, limits, cases, update)
			if err != nil {
				return err
			}
			return printResults(c.App.Writer, results, len(cases), detail)
		},
	}
}

// findCases reads the cases and finds their modules. Its error holds
// everything that is wrong with them.
func findCases(args []string, run, modules string) ([]*offline.Case, error) {
	match, err := regexp.Compile(run)
	if err != nil {
		return nil, fmt.Errorf("--run: %w", err)
	}
	if modules == "" {
		program, err := os.Executable()
		if err != nil {
			return nil, err
		}
		modules = filepath.Join(filepath.Dir(program), "guests")
	}
	files, err := offline.FindCases(args)
	if err != nil {
		return nil, err
	}
	var cases []*offline.Case
	var errs []error
	for _, file := range files {
		if !match.MatchString(file) {
			continue
		}
		c, err := offline.ReadCase(file)
		if err == nil {
			err = c.Resolve(modules)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		cases = append(cases, c)
	}
	if len(cases) == 0 && len(errs) == 0 {
		return nil, fmt.Errorf("--run: no case matches %q", run)
	}
	return cases, errors.Join(errs...)
}

func printResults(w io.Writer, results []offline.Result, cases int, detail bool) error {
	p, failed := colours(w), 0
	for i := range results {
		r := &results[i]
		what := fmt.Sprintf("%s (%s)", r.Case.File, r.Module)
		switch {
		case !r.Passed():
			failed++
			fmt.Fprintln(w, p.red("FAIL"), p.bold(what))
			for _, problem := range r.Problems {
				fmt.Fprintln(w, "    ", problem.Text)
				p.diff(w, "     ", problem.Diff)
			}
		case r.Updated:
			fmt.Fprintln(w, "new ", what)
		case detail:
			fmt.Fprintln(w, p.green("ok  "), what, p.faint(r.Took.Round(time.Millisecond).String()))
		}
	}
	fmt.Fprintf(w, "%s, %s, %d failed\n", plural(cases, "case"), plural(len(results), "run"), failed)
	if failed > 0 {
		return fmt.Errorf("test: %d of %d failed", failed, len(results))
	}
	return nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
