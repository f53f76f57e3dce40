package guest

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/slswasm/slswasm/abi"
)

// values are a module's metrics by name.
func values(m *Module) map[string]float64 {
	all := map[string]float64{}
	for _, v := range m.Metrics() {
		all[v.Name] = v.Value
	}
	return all
}

// Each log is counted once, in whatever batches it comes, and however often.
func TestOnlyAcceptedWorkCounts(t *testing.T) {
	for _, bad := range [][]int{nil, {5}, {0, 1}, {19}, every(2, 20), every(1, 20)} {
		for _, interrupt := range []bool{false, true} {
			t.Run(fmt.Sprint(bad, interrupt), func(t *testing.T) {
				t.Parallel()
				m := mustCompile(t, "count", func(c *Config) { c.Interrupt = interrupt })
				if all := m.Metrics(); len(all) != 2 || all[0] != (Metric{abi.Counter, "logs_seen", 0}) || all[1] != (Metric{abi.Gauge, "batch_size", 0}) {
					t.Fatalf("before the first batch: %v", all)
				}
				in := logs(20, bad...)
				var out Output
				for round := 1.0; round < 3; round++ {
					if err := m.Transform(t.Context(), in, &out); err != nil {
						t.Fatal(err)
					}
					balance(t, in, &out)
					if got := values(m)["logs_seen"]; got != round*float64(20-len(bad)) {
						t.Errorf("counted %v in round %v", got, round)
					}
					if err := m.Rehearse(t.Context(), in, &out); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}

// Counters add up over the instances; a gauge is the sum of those that live.
func TestInstancesAddUp(t *testing.T) {
	m := mustCompile(t, "count", func(c *Config) { c.Instances = 3 })
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			var out Output
			for range 50 {
				if err := m.Transform(t.Context(), logs(10), &out); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got := values(m)
	if got["logs_seen"] != 8*50*10 {
		t.Errorf("counted %v", got)
	}
	served := 0
	for range cap(m.pool.places) {
		ins := <-m.pool.places
		if ins != nil && ins.used {
			served++
		}
		m.pool.places <- ins
	}
	if got["batch_size"] != float64(10*served) || served == 0 {
		t.Errorf("%d instances have set the gauge to 10, and it is %v", served, got["batch_size"])
	}
	var out Output
	for range 2 * cap(m.pool.places) { // each instance that lives meets a fault
		if err := m.Transform(t.Context(), logs(1, 0), &out); err != nil {
			t.Fatal(err)
		}
	}
	if got := values(m); got["batch_size"] != 0 || got["logs_seen"] != 8*50*10 {
		t.Errorf("after all instances are gone: %v", got)
	}
}

func TestWhatCannotBeCounted(t *testing.T) {
	var log bytes.Buffer
	m := mustCompile(t, "count-wrong", func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	var out Output
	for range 2 {
		if err := m.Transform(t.Context(), logs(1), &out); err != nil || len(out.Failures) > 0 {
			t.Fatal(err, out.Failures)
		}
	}
	if got := fmt.Sprint(m.Metrics()); got != "[{counter good 2} {counter other 10}]" {
		t.Errorf("%s", got)
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "name that is none") || strings.Contains(text, "\x1b") {
		t.Errorf("the log is:\n%s", text)
	}
}

func TestMetricsAreBounded(t *testing.T) {
	m := mustCompile(t, "count-many")
	var out Output
	for range 2 {
		if err := m.Transform(t.Context(), logs(1), &out); err != nil || len(out.Failures) > 0 {
			t.Fatal(err, out.Failures)
		}
	}
	all := m.Metrics()
	if len(all) != abi.MaxMetrics+1 || all[63] != (Metric{abi.Counter, "n63", 2}) || all[64] != (Metric{abi.Counter, OtherMetric, 2 * 36}) {
		t.Errorf("%d metrics, %v", len(all), all)
	}
}

func TestANameOutsideOfMemoryIsAFault(t *testing.T) {
	m := mustCompile(t, "count-outside")
	var out Output
	if err := m.Transform(t.Context(), logs(1), &out); err != nil {
		t.Fatal(err)
	}
	const want = "guest count-outside.wasm: trap: metric: a name of 32 bytes at 0xfffffff0 lies outside of the memory of 2621440, in slswasm_v1.metric < transform"
	if len(out.Failures) != 1 || out.Failures[0].Err.Error() != want {
		t.Errorf("%v", out.Failures)
	}
}

// A module that takes another's place goes on counting where that one ends,
// also what it counts when its batches are finished.
func TestCountersOutliveTheirModule(t *testing.T) {
	old, fresh, last := mustCompile(t, "count"), mustCompile(t, "count"), mustCompile(t, "count-many")
	var out Output
	transform := func(m *Module) {
		if err := m.Transform(t.Context(), logs(4), &out); err != nil {
			t.Fatal(err)
		}
	}
	transform(old)
	fresh.Succeed(old)
	transform(fresh)
	transform(old) // a batch that was under way
	fresh.Succeed(old)
	if got := values(fresh); got["logs_seen"] != 12 || got["batch_size"] != 4 {
		t.Errorf("%v", got)
	}
	last.Succeed(fresh) // names others, and does so late
	transform(last)
	if got := values(last); got["logs_seen"] != 0 || got["n00"] != 1 {
		t.Errorf("%v", got)
	}
	late := mustCompile(t, "count-many")
	late.Succeed(last)
	if len(late.Metrics()) != 0 {
		t.Errorf("%v", late.Metrics())
	}
	transform(late)
	if got := values(late); got["n00"] != 2 || got[OtherMetric] != 72 {
		t.Errorf("%v", got)
	}
}

func TestSumsStayNumbers(t *testing.T) {
	m := &metrics{logger: slog.New(slog.DiscardHandler)}
	ta := &tally{of: m}
	ta.join()
	n, g := ta.name(abi.Counter, []byte("n")), ta.name(abi.Gauge, []byte("g"))
	for range 3 {
		for _, v := range []float64{9e299, 9e299, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64} {
			ta.count(n, v)
			ta.count(g, -v)
		}
		ta.commit()
	}
	if got := fmt.Sprint(m.snapshot()); got != "[{counter n 1e+300} {gauge g -9e+299}]" {
		t.Errorf("%s", got)
	}
}

func TestDocumentedMetrics(t *testing.T) {
	text := regexp.MustCompile(`\$\w+ `).ReplaceAllString(document(t), "")
	text = strings.ReplaceAll(text, ") (param", "")
	for _, row := range []string{
		"`" + abi.ImportModule + "` | `" + abi.ImportMetric + "` | `(func (param i32 i32 i32) (result i32))`",
		"`" + abi.ImportModule + "` | `" + abi.ImportCount + "` | `(func (param i32 f64))`",
		fmt.Sprintf("Kind %d is a counter, %d a gauge", abi.Counter, abi.Gauge),
		fmt.Sprintf("| metrics of a guest | %d | counters are added up as `%s`", abi.MaxMetrics, OtherMetric),
		fmt.Sprintf("| name of a metric | %d bytes |", abi.MaxMetricName),
	} {
		if !strings.Contains(text, row) {
			t.Errorf("ABI.md does not hold: %s", row)
		}
	}
}

// The example of ABI.md, "Metrics".
func TestDocumentedExampleOfMetrics(t *testing.T) {
	m := mustCompile(t, "count", func(c *Config) { c.Instances = 1 })
	var out Output
	for _, step := range []struct {
		in           []abi.Event
		seen, size   float64
		wantFailures int
	}{{nil, 0, 0, 0}, {logs(3), 3, 3, 0}, {logs(1, 0), 3, 0, 1}, {logs(1), 4, 1, 0}} {
		if err := m.Transform(t.Context(), step.in, &out); err != nil {
			t.Fatal(err)
		}
		if got := values(m); got["logs_seen"] != step.seen || got["batch_size"] != step.size || len(out.Failures) != step.wantFailures {
			t.Errorf("after %d logs: %v, %d failures", len(step.in), got, len(out.Failures))
		}
	}
}

// What counting costs: a call of the import for each log, and for comparison
// the same with the name given each time.
func BenchmarkCount(b *testing.B) {
	for _, c := range []struct {
		name string
		n    int // logs, or names
	}{{"keep", 256}, {"count", 256}, {"count-many", 1}} {
		b.Run(c.name, func(b *testing.B) {
			m, in := mustCompile(b, c.name), logs(c.n)
			var out Output
			b.ReportAllocs()
			for b.Loop() {
				if err := m.Transform(b.Context(), in, &out); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/call")
		})
	}
}
