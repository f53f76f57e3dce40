package perf

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/slswasm/slswasm/host/perf/cpu"
)

// stageName is the benchmark of a package whose parts are rows of the table.
const stageName = "BenchmarkStage"

// A stage is a package with such a benchmark.
type stage struct {
	pkg    string // path in the tree
	binary string
}

// stagePackages are in the order of a log's way.
var stagePackages = []string{"host/shard", "abi", "host/guest", "host/guest/meter", "sinks/hec", "sinks/syslog"}

// buildStages compiles the benchmarks of the tree at root.
func buildStages(ctx context.Context, root, dir string) ([]stage, error) {
	var stages []stage
	for _, pkg := range stagePackages {
		binary := filepath.Join(dir, strings.ReplaceAll(pkg, "/", "-")+".test")
		cmd := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, "./"+pkg)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("building the benchmarks of %s: %w\n%s", pkg, err, out)
		}
		stages = append(stages, stage{filepath.Join(root, pkg), binary})
	}
	return stages, nil
}

// run runs the benchmarks of a stage once, and repeats what it skips to said.
func (s *stage) run(ctx context.Context, said io.Writer) ([]stageResult, error) {
	cmd := exec.CommandContext(ctx, s.binary, "-test.v", "-test.run", "^$", "-test.bench", "^"+stageName+"$", "-test.benchtime", "200ms")
	cmd.Dir = s.pkg
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", s.pkg, err, out)
	}
	for line := range bytes.Lines(out) {
		if bytes.Contains(line, []byte("SKIPPED")) {
			fmt.Fprintf(said, "%s: %s", s.pkg, line)
		}
	}
	return parseStages(out)
}

// A stageResult is one line of a benchmark's output.
type stageResult struct {
	name         string
	rate, allocs float64
	metered      float64 // time with limits to time without; 0: it is about something else
}

// parseStages reads lines such as
//
//	BenchmarkStage/decode-2   100   123 ns/op   0.1 allocs/log   900 MB/cpu-s
func parseStages(out []byte) (results []stageResult, err error) {
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		word := strings.Fields(lines.Text())
		if len(word) < 4 || !strings.HasPrefix(word[0], stageName+"/") {
			continue
		}
		r := stageResult{name: strings.TrimPrefix(word[0], stageName+"/")}
		if dash := strings.LastIndexByte(r.name, '-'); dash > 0 { // of GOMAXPROCS
			r.name = r.name[:dash]
		}
		r.name = strings.NewReplacer("_", " ", "/", ", ").Replace(r.name)
		for i := 2; i+1 < len(word); i += 2 {
			n, err := strconv.ParseFloat(word[i], 64)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", lines.Text(), err)
			}
			switch word[i+1] {
			case cpu.Rate:
				r.rate = n
			case cpu.Allocs:
				r.allocs = n
			case cpu.Metered:
				r.metered = n
			}
		}
		results = append(results, r)
	}
	if len(results) == 0 {
		return nil, fmt.Errorf("no line of %s in:\n%s", stageName, out)
	}
	return results, nil
}
