package slswasmtest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// RunCases runs the files that match pattern and name this guest as their
// module: logs that go in and events that must come out, as data. The format is
// described in guests/examples/README.md of slswasm's repository.
//
// With SLSWASM_UPDATE=1 in the environment it writes what came out into the
// files instead: read the difference before you keep it.
func RunCases(t *testing.T, pattern, module string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c := parseArchive(text)
		if strings.TrimSpace(c.files["module"]) != module {
			continue
		}
		ran++
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { runCase(t, file, c) })
	}
	if ran == 0 {
		t.Fatalf("no file of %s is for the module %s", pattern, module)
	}
}

func runCase(t *testing.T, file string, c *archive) {
	config := strings.TrimSpace(c.files["config.json"])
	if want := strings.TrimSpace(c.files["error.txt"]); want != "" {
		if got := Describe(t, config).Error; got != want {
			t.Errorf("%s: the guest's answer to its configuration is %q, want %q", file, got, want)
		}
		return
	}
	g := Start(t, config)
	logs, err := parseLogs(c.files["in.jsonl"])
	if err != nil {
		t.Fatalf("%s: in.jsonl: %v", file, err)
	}
	if len(logs) == 0 {
		t.Fatalf("%s: in.jsonl is missing or empty", file)
	}
	var got []string
	for i, r := range g.RunBatch(logs...) {
		got = append(got, r.lines(logs[i])...)
	}
	counts := counts(g.Metrics())
	_, counted := c.files["counts.txt"]
	if os.Getenv("SLSWASM_UPDATE") == "1" {
		c.set("out.jsonl", strings.Join(got, "\n")+"\n")
		if counted {
			c.set("counts.txt", counts)
		}
		if err := os.WriteFile(file, c.format(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := c.files["counts.txt"]; counted && counts != want {
		t.Errorf("%s: counts.txt:\ngot\n%swant\n%s", file, counts, want)
	}
	want := lines(c.files["out.jsonl"])
	for i := range max(len(got), len(want)) {
		g, w := at(got, i), at(want, i)
		if same, err := sameOrdered(g, w); err != nil {
			t.Errorf("%s: out.jsonl, line %d: %v", file, i+1, err)
		} else if !same {
			t.Errorf("%s: out.jsonl, line %d:\ngot  %s\nwant %s", file, i+1, g, w)
		}
	}
}

// counts is the section counts.txt.
func counts(metrics map[string]float64) string {
	text := ""
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		text += name + " " + strconv.FormatFloat(metrics[name], 'f', -1, 64) + "\n"
	}
	return text
}

func at(s []string, i int) string {
	if i < len(s) {
		return s[i]
	}
	return `"no such line"`
}
