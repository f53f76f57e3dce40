package perf

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestParseStages(t *testing.T) {
	got, err := parseStages([]byte("goos: linux\nBenchmarkStage/gzip,_keep-table-2   \t 100\t 123 ns/op\t 81.5 MB/s\t 900.5 MB/cpu-s\t 0.25 allocs/log\n" +
		"BenchmarkStage/other-2 --- SKIP\nBenchmarkStage/work.tinygo/json-2 5 7 ns/op 1.5 MB/cpu-s 1.17 metered/unmetered\nPASS\n"))
	want := []stageResult{{"gzip, keep-table", 900.5, 0.25, 0}, {"work.tinygo, json", 1.5, 0, 1.17}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := parseStages([]byte("PASS\n")); err == nil {
		t.Error("nothing was taken for results")
	}
}

func TestLastCounts(t *testing.T) {
	const line = `{"msg":"stopped","pulled":3,"bytes":40,"delivered":2,"dead_letters":`
	c, err := lastCounts([]byte("text\n{\"msg\":\"started\"}\n" + line + "0}\n"))
	if want := (Counts{Logs: 3, Bytes: 40, Events: 2}); err != nil || c != want {
		t.Errorf("%+v, %v", c, err)
	}
	for _, log := range []string{line + "1}", "killed"} {
		if _, err := lastCounts([]byte(log)); err == nil {
			t.Errorf("%s: no error", log)
		}
	}
}

// Every way has a name of its own and, unless it is about a start, a program
// to be measured against.
func TestWays(t *testing.T) {
	all, seen := ways(), map[string]bool{}
	for _, w := range all {
		if seen[w.name()] {
			t.Errorf("%s is there twice", w.name())
		}
		seen[w.name()] = true
		bars := 0
		for _, o := range all {
			if w.bar(&o) {
				bars++
			}
		}
		if want := map[bool]int{true: 0, false: 1}[w.kind == ""]; bars != want {
			t.Errorf("%s is measured against %d programs", w.name(), bars)
		}
	}
}

func TestReport(t *testing.T) {
	row := Row{Name: "a way"}
	row.spread([]float64{3, 1, 2})
	r := Report{Rounds: 3, Rows: []Row{row, {Name: stagePrefix + "lz4", Rate: 5}, {Name: "start: no guest", CPU: 7},
		{Name: stagePrefix + "audit", Rate: 6.5511, Least: 6.5, Most: 150.2, Metered: 1.2}}}
	var text, data bytes.Buffer
	if err := r.Markdown(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| a way | 2 | 1..3 | - |", "| lz4 | 5 |", "| start: no guest | 7 |", "| audit | 6.55 | 6.5..150 | 1.20 |"} {
		if strings.Count(text.String(), want) != 1 {
			t.Errorf("%q is not there once:\n%s", want, &text)
		}
	}
	var back Report
	if err := r.JSON(&data); err != nil || json.Unmarshal(data.Bytes(), &back) != nil || back.Rows[0] != row {
		t.Errorf("%s, %v", &data, err)
	}
}
