package offline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slswasm/slswasm/host/guest"
)

// A Result is one case with one module.
type Result struct {
	Case     *Case
	Module   string // its path
	Problems []Problem
	Updated  bool // what came out was written into the case
	Took     time.Duration
}

// Passed says that nothing differs.
func (r *Result) Passed() bool { return len(r.Problems) == 0 }

// A Problem is something that is not as the case says.
type Problem struct {
	Text string
	Diff []DiffLine // may be empty
}

// Test runs each case with each of its modules, on both of the engine's
// compilers, with a fixed clock and fixed random numbers. With update, the
// first module's output becomes what the case wants, and what each costs its
// fuel. An error is never a
// case's fault.
func Test(ctx context.Context, limits Limits, cases []*Case, update bool) ([]Result, error) {
	byCase := make([][]Result, len(cases))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, c := range cases {
		group.Go(func() error {
			for k, module := range c.Modules {
				r, err := runCase(ctx, limits, c, module, update, k == 0)
				if err != nil {
					return err
				}
				byCase[i] = append(byCase[i], *r)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var all []Result
	for _, results := range byCase {
		all = append(all, results...)
	}
	return all, nil
}

func runCase(ctx context.Context, limits Limits, c *Case, module string, update, first bool) (*Result, error) {
	begin := time.Now()
	r := &Result{Case: c, Module: module}
	defer func() { r.Took = time.Since(begin) }()
	wasm, err := os.ReadFile(module)
	if err != nil {
		return nil, err
	}
	cfg := limits.config(module, wasm, c.config)
	cfg.Repeatable = true
	got, err := produce(ctx, cfg, c)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		r.fail(Problem{Text: err.Error()})
		return r, nil
	}
	cfg.Interpreter, cfg.Logger = true, nil // its lines were there already
	second, err := produce(ctx, cfg, c)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if r.agree(got, second, err); !r.Passed() {
		return r, nil
	}
	if update {
		for name, text := range got {
			if first || name == secFuel {
				c.set(name, text)
				r.Updated = true
			}
		}
		if err := c.save(); err != nil || first {
			return r, err
		}
	}
	for _, name := range []string{secError, secOut, secHEC, secSyslog, secFuel, secCounts} {
		if text, made := got[name]; made {
			r.compare(name, c.text(name), text)
		}
	}
	return r, nil
}

func (r *Result) fail(p Problem) { r.Problems = append(r.Problems, p) }

// agree compares what the two engines made of the case.
func (r *Result) agree(compiled, interpreted map[string]string, err error) {
	const text = "the compiler (-) and the interpreter (+) do not run this module alike"
	if err != nil {
		r.fail(Problem{Text: text + ": " + err.Error()})
	}
	for name, want := range compiled {
		if got, made := interpreted[name]; err == nil && (!made || want != got) {
			r.fail(Problem{Text: name + ": " + text, Diff: around(diff(textLines(want), textLines(got)))})
		}
	}
}

// compare holds a section against what came out: out.jsonl by what it says,
// the others by their bytes.
func (r *Result) compare(name, want, got string) {
	if name != secOut {
		if w, g := textLines(want), textLines(got); strings.Join(w, "\n") != strings.Join(g, "\n") {
			r.fail(Problem{Text: name + " differs: wanted (-), came (+)", Diff: around(diff(w, g))})
		}
		return
	}
	var lists [2][]string
	for i, text := range []string{want, got} {
		for n, line := range textLines(text) {
			value, ok := normal(line)
			if !ok {
				r.fail(Problem{Text: fmt.Sprintf("%s, line %d: not JSON: %s", name, n+1, line)})
				return
			}
			lists[i] = append(lists[i], value)
		}
	}
	if d := diffJSON(lists[0], lists[1]); len(d) > 0 {
		r.fail(Problem{Text: name + " differs: wanted (-), came (+)", Diff: d})
	}
}

// textLines are the lines that are not empty, without white space around them.
func textLines(text string) (lines []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// produce runs the case and returns the sections that must hold what came.
func produce(ctx context.Context, cfg guest.Config, c *Case) (map[string]string, error) {
	m, err := guest.Compile(ctx, cfg)
	if refusal, ok := errors.AsType[*guest.Refusal](err); ok && c.has(secError) {
		return map[string]string{secError: strings.TrimSpace(refusal.Reason) + "\n"}, nil
	}
	if err != nil {
		return nil, err
	}
	got, err := outputs(ctx, m, c)
	return got, errors.Join(err, m.Close(context.WithoutCancel(ctx)))
}

// counts is the section counts.txt.
func counts(metrics []guest.Metric) string {
	lines := make([]string, len(metrics))
	for i, m := range metrics {
		lines[i] = m.Name + " " + strconv.FormatFloat(m.Value, 'f', -1, 64) + "\n"
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func outputs(ctx context.Context, m *guest.Module, c *Case) (map[string]string, error) {
	if c.has(secError) {
		return nil, errors.New("the guest takes its configuration; " + secError + " says that it must refuse it")
	}
	var out guest.Output
	outcomes, err := transform(ctx, m, c.logs, &out)
	if err != nil {
		return nil, err
	}
	got := map[string]string{secOut: joined(outcomes, (*Outcome).Lines)}
	if c.has(secHEC) {
		got[secHEC] = joined(outcomes, (*Outcome).HEC)
	}
	if c.has(secCounts) {
		got[secCounts] = counts(m.Metrics())
	}
	if c.has(secFuel) {
		got[secFuel] = c.withFuel(m.Name(), m.Fuel())
	}
	if c.has(secSyslog) {
		got[secSyslog] = joined(outcomes, (*Outcome).Syslog)
	}
	return got, nil
}
