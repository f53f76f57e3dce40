package perf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Options say how the report is made.
type Options struct {
	Root    string // of the tree
	Slswasm string // the program to measure
	Self    string // the program with the commands emulate, receive, yardstick and pipeline
	Guests  string // folder of the examples' modules
	Rounds  int
	Bytes   int    // of input of each kind
	Only    string // ways whose name has this in it; and what they are measured against
	Profile string // folder for a CPU profile of each way of slswasm, of a run more; "": none
	Said    io.Writer
}

// Measure makes the report: rounds, each of all the ways and stages.
func Measure(ctx context.Context, o Options) (_ *Report, err error) {
	dir, err := os.MkdirTemp("", "slswasm-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	l := &lab{slswasm: o.Slswasm, self: o.Self, guests: dir, dir: dir}
	if err := gather(o, dir); err != nil {
		return nil, err
	}
	r := &runner{Options: o, lab: l, ways: choose(o)}
	receiver, ready, err := l.start(ctx, "receive")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, receiver.close()) }()
	l.recv = ready
	if o.Only == "" {
		if r.stages, err = buildStages(ctx, o.Root, dir); err != nil {
			return nil, err
		}
	}
	r.measures = make([][]measure, len(r.ways))
	r.mallocs = make([]float64, len(r.ways))
	if err := r.warmUp(ctx); err != nil {
		return nil, err
	}
	for n := range o.Rounds {
		fmt.Fprintf(o.Said, "round %d of %d\n", n+1, o.Rounds)
		if err := r.round(ctx, n == o.Rounds-1); err != nil {
			return nil, err
		}
	}
	return r.report(ctx)
}

// gather puts the modules into one folder.
func gather(o Options, dir string) error {
	files, err := filepath.Glob(filepath.Join(o.Guests, "*.wasm"))
	if err != nil {
		return err
	}
	for _, f := range files {
		wasm, err := os.ReadFile(f)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(f)), wasm, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return WriteHand(filepath.Join(o.Root, "testdata", "wat"), dir)
}

// choose takes the ways that are wanted.
func choose(o Options) (chosen []way) {
	all := ways()
	for _, w := range all {
		wanted := strings.Contains(w.name(), o.Only)
		for _, other := range all {
			wanted = wanted || strings.Contains(other.name(), o.Only) && other.bar(&w)
		}
		if wanted {
			chosen = append(chosen, w)
		}
	}
	return chosen
}

// A runner collects what the rounds bring.
type runner struct {
	Options
	*lab
	ways     []way
	stages   []stage
	measures [][]measure // of each way, in each round
	mallocs  []float64   // of each way, a log
	parts    map[string][]stageResult
	names    []string // of the stages, in order
}

// warmUp runs every way once over little, so that what does not work is known
// early and every module is compiled.
func (r *runner) warmUp(ctx context.Context) error {
	fmt.Fprintf(r.Said, "%d ways, a first time over little\n", len(r.ways))
	return r.each(ctx, 1<<20, func(i int) error {
		_, err := r.measure(ctx, &r.ways[i], "")
		return err
	})
}

// each calls f for every way while an emulator with its number of shards is
// there.
func (r *runner) each(ctx context.Context, bytes int, f func(i int) error) error {
	var shards []int
	for _, w := range r.ways {
		if !slices.Contains(shards, w.shards) {
			shards = append(shards, w.shards)
		}
	}
	for _, n := range shards {
		emulator, ready, err := r.start(ctx, "emulate", "-shards", strconv.Itoa(n), "-bytes", strconv.Itoa(bytes))
		if err != nil {
			return err
		}
		r.emu = ready
		for i := range r.ways {
			if r.ways[i].shards == n {
				if err = f(i); err != nil {
					break
				}
			}
		}
		if err = errors.Join(err, emulator.close()); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) round(ctx context.Context, last bool) error {
	for i := range r.stages {
		results, err := r.stages[i].run(ctx, r.Said)
		if err != nil {
			return err
		}
		r.collect(results)
	}
	return r.each(ctx, r.Bytes, func(i int) error {
		w := &r.ways[i]
		m, err := r.measure(ctx, w, "")
		if err != nil {
			return err
		}
		r.measures[i] = append(r.measures[i], m)
		fmt.Fprintf(r.Said, "%6.0f MB/CPU-s  %5.1f s  %s\n", m.Rate, m.Elapsed.Seconds(), w.name())
		if !last || w.kind == "" {
			return nil
		}
		if w.yardstick {
			r.mallocs[i] = float64(m.Mallocs) / float64(m.Logs)
			return nil
		}
		if r.Profile != "" {
			file := strings.NewReplacer(" ", "-", ":", "", ",", "", "+", "").Replace(w.name()) + ".pprof"
			if _, err := r.measure(ctx, w, filepath.Join(r.Profile, file)); err != nil {
				return err
			}
		}
		r.mallocs[i], err = r.countMallocs(ctx, w)
		return err
	})
}

// countMallocs runs a way in a process that can count its allocations.
func (r *runner) countMallocs(ctx context.Context, w *way) (float64, error) {
	r.runs++
	cmd := r.own(ctx, w, "pipeline", "-group", fmt.Sprintf("bench-%d", r.runs), "-guests", r.guests, "-chain", strings.Join(w.guests, ","))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	var c Counts
	if err == nil {
		err = json.Unmarshal(out, &c)
	}
	if err != nil {
		return 0, fmt.Errorf("allocations of %s: %w", w.name(), err)
	}
	return float64(c.Mallocs) / float64(c.Logs), nil
}

func (r *runner) collect(results []stageResult) {
	if r.parts == nil {
		r.parts = map[string][]stageResult{}
	}
	for _, s := range results {
		if r.parts[s.name] == nil {
			r.names = append(r.names, s.name)
		}
		r.parts[s.name] = append(r.parts[s.name], s)
	}
}

// report makes the table.
func (r *runner) report(ctx context.Context) (*Report, error) {
	rep := &Report{Machine: machine(), Version: version(ctx, r.Root), Rounds: r.Rounds, Bytes: r.Bytes}
	for i := range r.ways {
		row, err := r.row(i)
		if err != nil {
			return nil, err
		}
		rep.Rows = append(rep.Rows, row)
	}
	for _, name := range r.names {
		row := Row{Name: stagePrefix + name}
		var rates, allocs, metered []float64
		for _, s := range r.parts[name] {
			rates, allocs, metered = append(rates, s.rate), append(allocs, s.allocs), append(metered, s.metered)
		}
		row.spread(rates)
		row.Allocs, row.Metered = round(median(allocs)), round(median(metered))
		rep.Rows = append(rep.Rows, row)
	}
	return rep, nil
}

func (r *runner) row(i int) (Row, error) {
	w, runs := &r.ways[i], r.measures[i]
	row := Row{Name: w.name(), Allocs: round(r.mallocs[i])}
	var rates, ratios, rss, used, elapsed []float64
	bar := slices.IndexFunc(r.ways, func(o way) bool { return w.bar(&o) })
	for n, m := range runs {
		rates, rss = append(rates, m.Rate), append(rss, float64(m.RSS)/(1<<20))
		used, elapsed = append(used, m.CPU.Seconds()*1000), append(elapsed, m.Elapsed.Seconds()*1000)
		if bar < 0 {
			continue
		}
		other := r.measures[bar][n]
		ratios = append(ratios, m.Rate/other.Rate)
		// The same logs, and the same of them dropped: the same work.
		if m.Logs != other.Logs || m.Bytes != other.Bytes || m.Events != other.Events {
			return row, fmt.Errorf("%s: %d logs of %d bytes made %d events; %s: %d, %d, %d: they did not do the same",
				w.name(), m.Logs, m.Bytes, m.Events, r.ways[bar].name(), other.Logs, other.Bytes, other.Events)
		}
	}
	row.RSS = round(median(rss))
	if w.kind == "" {
		row.CPU, row.Clock = round(median(used)), round(median(elapsed))
		return row, nil
	}
	row.spread(rates)
	row.Ratio = round(median(ratios))
	last := runs[len(runs)-1]
	row.Wire = round(float64(last.Arrival.Wire) / float64(last.Bytes))
	row.Posts = round(float64(last.Arrival.Requests) / (float64(last.Bytes) / 1e6))
	return row, nil
}

// version is what the tree is at.
func version(ctx context.Context, root string) string {
	out, err := exec.CommandContext(ctx, "git", "-C", root, "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown version"
	}
	return strings.TrimSpace(string(out))
}
