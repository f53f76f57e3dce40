// Package monitoring_test holds the dashboard and the alert rules against the
// metrics that there are.
package monitoring_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/metrics"
)

// known are the names of all metrics, with what a histogram makes of its own.
func known() map[string]bool {
	descs := make(chan *prometheus.Desc)
	go func() {
		metrics.New(metrics.Config{State: func() host.State { return host.State{} }}).Describe(descs)
		close(descs)
	}()
	names := map[string]bool{}
	for d := range descs {
		_, name, _ := strings.Cut(d.String(), `fqName: "`)
		name, _, _ = strings.Cut(name, `"`)
		names[name] = true
		if strings.HasSuffix(name, "_duration_seconds") {
			for _, of := range []string{"_bucket", "_sum", "_count"} {
				names[name+of] = true
			}
		}
	}
	return names
}

var metric = regexp.MustCompile(`\b(?:slswasm|go|process)_[a-z0-9_]+`)

// check says which metrics an expression names, and fails for those that there
// are not.
func check(t *testing.T, names map[string]bool, where, expr string) []string {
	t.Helper()
	found := metric.FindAllString(expr, -1)
	if len(found) == 0 {
		t.Errorf("%s: no metric in %q", where, expr)
	}
	for _, name := range found {
		if !names[name] {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
	return found
}

type dashboard struct {
	UID, Title string
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
	Panels []struct {
		ID          int
		Type, Title string
		GridPos     struct{ X, Y, W, H int }
		Datasource  struct{ UID string }
		Targets     []struct{ RefID, Expr string }
	}
}

func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if d.UID == "" || d.Title == "" {
		t.Error("it has no uid or no title")
	}
	names := known()
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			check(t, names, "variable "+v.Name, v.Definition)
		}
	}
	ids, cells := map[int]bool{}, map[[2]int]string{}
	shown := map[string]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("%s: its id is another's", p.Title)
		}
		ids[p.ID] = true
		if p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%s: it is beyond the edge", p.Title)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := cells[[2]int{x, y}]; other != "" {
					t.Fatalf("%s lies on %s", p.Title, other)
				}
				cells[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if len(p.Targets) == 0 || p.Datasource.UID != "${datasource}" {
			t.Errorf("%s: no targets, or a data source of its own: %q", p.Title, p.Datasource.UID)
		}
		for _, target := range p.Targets {
			for _, name := range check(t, names, p.Title, target.Expr) {
				shown[name] = true
			}
			if !strings.Contains(target.Expr, `job=~"$job",instance=~"$instance"`) {
				t.Errorf("%s: not of the processes that were chosen: %s", p.Title, target.Expr)
			}
		}
	}
	for name := range names { // what nobody looks at need not be there
		base, _ := strings.CutSuffix(name, "_bucket")
		if strings.HasPrefix(name, "slswasm_") && !shown[name] && !shown[base+"_bucket"] && !slices.Contains(unseen, name) &&
			!strings.HasSuffix(name, "_sum") && !strings.HasSuffix(name, "_count") {
			t.Errorf("no panel shows %s", name)
		}
	}
}

// unseen are metrics for questions that come up, and for other metrics' labels.
var unseen = []string{
	"slswasm_batches_total", "slswasm_logs_total", "slswasm_logs_bytes_total", "slswasm_start_timestamp_seconds", // sums of what is shown
	"slswasm_shard_logs_total", "slswasm_shard_bytes_total", "slswasm_shard_log_timestamp_seconds", "slswasm_shard_readonly",
	"slswasm_source_info", "slswasm_sink_retries_total", "slswasm_sink_holds_total", "slswasm_sink_rejected_total",
}

type rules struct {
	Groups []struct {
		Rules []struct {
			Alert, Expr         string
			Labels, Annotations map[string]string
		}
	}
}

func readRules(t *testing.T) (text []byte, r rules) {
	t.Helper()
	text, err := os.ReadFile("rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return text, r
}

func TestRulesNameMetricsThatThereAre(t *testing.T) {
	_, r := readRules(t)
	names := known()
	n := 0
	for _, g := range r.Groups {
		for _, rule := range g.Rules {
			n++
			check(t, names, rule.Alert, rule.Expr)
			for what, said := range rule.Annotations {
				for _, name := range metric.FindAllString(said, -1) {
					if !names[name] {
						t.Errorf("%s, %s: there is no metric %s", rule.Alert, what, name)
					}
				}
			}
			if s := rule.Labels["severity"]; s != "critical" && s != "warning" {
				t.Errorf("%s: severity %q", rule.Alert, s)
			}
			if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
				t.Errorf("%s does not say what it is and what to do", rule.Alert)
			}
		}
	}
	if n < 10 {
		t.Errorf("%d rules were read", n)
	}
}

// promtool runs it, or skips the test.
func promtool(t *testing.T) func(dir string, args ...string) ([]byte, error) {
	t.Helper()
	path := os.Getenv("PROMTOOL")
	if path == "" {
		path, _ = exec.LookPath("promtool")
	}
	if path == "" {
		t.Skip("SKIPPED: the alert rules' own tests: PROMTOOL is not set and there is no promtool in PATH")
	}
	return func(dir string, args ...string) ([]byte, error) {
		c := exec.CommandContext(t.Context(), path, args...)
		c.Dir = dir
		return c.CombinedOutput()
	}
}

func TestRules(t *testing.T) {
	run := promtool(t)
	for _, args := range [][]string{{"check", "rules", "rules.yaml"}, {"test", "rules", "rules_test.yaml"}} {
		if out, err := run(".", args...); err != nil {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

// Each rule has a case that fails without it: a rule that nothing tests is
// found out only when it is needed. One run has a file for each rule, with the
// cases that name it.
func TestEachRuleIsTested(t *testing.T) {
	run := promtool(t)
	text, r := readRules(t)
	tests, err := os.ReadFile("rules_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const begins = "\n  - name: "
	head, cases, _ := strings.Cut(string(tests), begins)
	dir, args := t.TempDir(), []string{"test", "rules"}
	for _, g := range r.Groups {
		for _, rule := range g.Rules {
			its := head
			for c := range strings.SplitSeq(cases, begins) {
				if regexp.MustCompile(`\b` + rule.Alert + `\b`).MatchString(c) {
					its += begins + c
				}
			}
			if its == head {
				t.Errorf("no case names %s", rule.Alert)
				continue
			}
			args = append(args, rule.Alert+".test.yaml")
			without := bytes.ReplaceAll(text, []byte("alert: "+rule.Alert+"\n"), []byte("alert: Other\n"))
			for name, content := range map[string]string{
				".yaml": string(without), ".test.yaml": strings.Replace(its, "[rules.yaml]", "["+rule.Alert+".yaml]", 1),
			} {
				if err := os.WriteFile(filepath.Join(dir, rule.Alert+name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	out, err := run(dir, args...)
	said := strings.Split(string(out), "Unit Testing:  ")[1:]
	if err == nil || len(said) != len(args)-2 {
		t.Fatalf("%d of %d files: %v\n%s", len(said), len(args)-2, err, out)
	}
	for _, s := range said {
		if name, result, _ := strings.Cut(s, "\n"); !strings.HasPrefix(result, "  FAILED:\n") || !strings.Contains(result, " exp:") {
			t.Errorf("no case needs %s: %s", strings.TrimSuffix(name, ".test.yaml"), result)
		}
	}
}
