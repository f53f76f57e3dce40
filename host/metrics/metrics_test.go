package metrics

import (
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/latency"
	"github.com/slswasm/slswasm/sinks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Unix(1_700_000_000, 0)

func took(d ...time.Duration) latency.Snapshot {
	var h latency.Histogram
	for _, one := range d {
		h.Observe(one)
	}
	return h.Snapshot()
}

// full is a state with everything in it.
func full(shards int) host.State {
	s := host.State{
		At: now, StartedAt: now.Add(-time.Hour), Batches: 7, InFlight: 1 << 20, Budget: 32 << 20,
		Counts: host.Counts{Pulled: 100, PulledBytes: 2000, Added: 1, Dropped: 2, Discarded: 3, Delivered: 90, DeadLetters: 6, Failed: 4},
		Sources: []host.SourceState{
			{Flow: "audit", Project: "p", Logstore: "trail", Group: "siem", Consumer: "c-1", Beat: now.Add(-time.Second), Logs: 100, Bytes: 2000},
			{Flow: "audit", Project: "p", Logstore: "gone", Group: "siem", Error: "no such logstore", ErrorSince: now.Add(-time.Minute), Reopened: 3},
		},
		Guests: []host.GuestState{
			{Flow: "audit", File: "mask.wasm", Name: "mask", Version: "1.2", SHA256: strings.Repeat("ab", 32), Faults: 4, Refused: 5, Transform: took(2*time.Millisecond, 20*time.Millisecond),
				Metrics: []host.GuestMetric{{Kind: "counter", Name: "masked", Value: 12}, {Kind: "gauge", Name: "rules", Value: 2.5}}},
			{Flow: "audit", File: "mask.wasm", Name: "a\xffb\n", SHA256: strings.Repeat("cd", 32)},
		},
		Sinks: []host.SinkState{
			{Name: "splunk", Delivered: 90, Rejected: 1, Retries: 2, Holds: 3, Send: took(time.Second),
				Codes:   []sinks.CodeCount{{Kind: "retry", Code: "503/9", N: 2}, {Kind: "hold", Code: "403/4", N: 3}, {Kind: "rejected", Code: "400/6", N: 1}},
				Waiting: "bad token", WaitingSince: now.Add(-30 * time.Second), Held: true, Code: "403/4"},
			{Name: "qradar"},
		},
		DeadLetters: []host.LetterCount{
			{Stage: "guest", Name: "mask.wasm", Kind: "trap", Reason: "unreachable", N: 3},
			{Stage: "guest", Name: "mask.wasm", Kind: "trap", Reason: "out of bounds", N: 2},
			{Stage: "sink", Name: "splunk", Kind: "rejected", Reason: "answered #", N: 1},
		},
		Letters: host.LettersState{Waiting: 2, Since: now.Add(-5 * time.Second), Error: "disk full"},
	}
	for i := range shards {
		s.Sources[0].Shards = append(s.Sources[0].Shards, host.ShardState{
			ID: i, Since: now.Add(-time.Hour), Lag: 1.5, At: now.Add(-2 * time.Second), Saved: now.Add(-time.Second),
			Logs: 100, Bytes: 2000, Readonly: i == 1, FailedPulls: 9, Pull: took(5*time.Millisecond, time.Minute), Commit: took(time.Millisecond),
		})
	}
	return s
}

func registry(s host.State) *prometheus.Registry {
	return New(Config{State: func() host.State { return s }, Version: "v1"})
}

func TestValues(t *testing.T) {
	r := registry(full(1))
	for _, want := range []string{
		`slswasm_logs_total 100`,
		`slswasm_in_flight_limit_bytes 3.3554432e+07`,
		`slswasm_dead_letters_blocked_seconds 5`,
		`slswasm_dead_letters_total{name="mask.wasm",reason="trap",stage="guest"} 5`,
		`slswasm_source_up{flow="audit",logstore="trail",project="p"} 1`,
		`slswasm_source_up{flow="audit",logstore="gone",project="p"} 0`,
		`slswasm_source_heartbeat_timestamp_seconds{flow="audit",logstore="gone",project="p"} 0`,
		`slswasm_source_info{consumer="c-1",flow="audit",group="siem",logstore="trail",project="p"} 1`,
		`slswasm_shard_lag_seconds{flow="audit",logstore="trail",project="p",shard="0"} 1.5`,
		`slswasm_shard_checkpoint_timestamp_seconds{flow="audit",logstore="trail",project="p",shard="0"} 1.699999999e+09`,
		`slswasm_pull_duration_seconds_bucket{flow="audit",logstore="trail",project="p",shard="0",le="0.01"} 1`,
		`slswasm_pull_duration_seconds_bucket{flow="audit",logstore="trail",project="p",shard="0",le="30"} 1`,
		`slswasm_pull_duration_seconds_bucket{flow="audit",logstore="trail",project="p",shard="0",le="+Inf"} 2`,
		`slswasm_pull_duration_seconds_sum{flow="audit",logstore="trail",project="p",shard="0"} 60.005`,
		`slswasm_guest_faults_total{flow="audit",guest="mask.wasm",position="1"} 4`,
		`slswasm_guest_refused_total{flow="audit",guest="mask.wasm",position="2"} 0`,
		`slswasm_transform_duration_seconds_count{flow="audit",guest="mask.wasm",position="1"} 2`,
		`slswasm_guest_counted_total{flow="audit",guest="mask.wasm",name="masked",position="1"} 12`,
		`slswasm_guest_measured{flow="audit",guest="mask.wasm",name="rules",position="1"} 2.5`,
		`slswasm_sink_waiting_seconds{sink="splunk"} 30`,
		`slswasm_sink_waiting_seconds{sink="qradar"} 0`,
		`slswasm_sink_held{sink="splunk"} 1`,
		`slswasm_sink_outcomes_total{code="503/9",outcome="retry",sink="splunk"} 2`,
		`slswasm_build_info{goversion="go`,
		`go_goroutines `, `process_resident_memory_bytes `,
	} {
		if text := scrape(t, r); !strings.Contains(text, "\n"+want) {
			t.Errorf("there is no %s", want)
		}
	}
}

func scrape(t testing.TB, r *prometheus.Registry) string {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(r, nil).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// Text that is nobody's business stays out: what guests and receivers say is
// in the log and, for those who may see it, on the page.
func TestNoWordsOfOthers(t *testing.T) {
	text := scrape(t, registry(full(2)))
	for _, bad := range []string{"bad token", "unreachable", "no such logstore", "disk full", "\xff"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q is in the metrics", bad)
		}
	}
}

func TestLint(t *testing.T) {
	for name, s := range map[string]host.State{"full": full(3), "empty": {}} {
		problems, err := testutil.GatherAndLint(registry(s))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s: %s", name, p.Metric, p.Text)
		}
	}
}

func TestPromtool(t *testing.T) {
	promtool := os.Getenv("PROMTOOL")
	if promtool == "" {
		promtool, _ = exec.LookPath("promtool")
	}
	if promtool == "" {
		t.Skip("SKIPPED: promtool check metrics: PROMTOOL is not set and there is no promtool in PATH")
	}
	check := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	check.Stdin = strings.NewReader(scrape(t, registry(full(3))))
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// The number of series that a process with all of 256 shards has, and what a
// scrape of them costs, stay within what README.md says.
func TestCardinality(t *testing.T) {
	count := func(shards int) int {
		n, err := testutil.GatherAndCount(registry(full(shards)))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	series := func(shards int) int {
		n := 0
		for line := range strings.Lines(scrape(t, registry(full(shards)))) {
			if !strings.HasPrefix(line, "#") {
				n++
			}
		}
		return n
	}
	base, per := series(1), (series(257)-series(1))/256
	began := time.Now()
	text := scrape(t, registry(full(256)))
	t.Logf("%d series and %d a further shard; 256 shards: %d metrics, %d KB in %v",
		base, per, count(256), len(text)>>10, time.Since(began))
	if per > perShard {
		t.Errorf("%d series a shard; README.md says at most %d", per, perShard)
	}
	if base > 300 {
		t.Errorf("%d series with one shard; README.md says at most 300", base)
	}
}

// perShard is in README.md.
const perShard = 35

// A configuration that names a logstore twice is no reason to see nothing.
func TestTwoOfAKind(t *testing.T) {
	s := full(1)
	s.Sources = append(s.Sources, s.Sources[0])
	var log strings.Builder
	w := httptest.NewRecorder()
	Handler(registry(s), slog.New(slog.NewTextHandler(&log, nil))).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 || !strings.Contains(w.Body.String(), "slswasm_logs_total 100") || !strings.Contains(log.String(), "collected before") {
		t.Errorf("%d\n%s", w.Code, log.String())
	}
}

func BenchmarkScrapeOf256Shards(b *testing.B) {
	r := registry(full(256))
	h := Handler(r, nil)
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		if _, err := io.Copy(io.Discard, w.Body); err != nil {
			b.Fatal(err)
		}
	}
}

// README.md lists every metric.
func TestEveryMetricIsInTheReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	families, err := registry(full(1)).Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if name, own := strings.CutPrefix(f.GetName(), prefix); own && !strings.Contains(string(readme), fmt.Sprintf("`%s`", name)) {
			t.Errorf("README.md lacks %s: %s", name, f.GetHelp())
		}
	}
}
