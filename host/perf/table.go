package perf

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// A Row is a line of the table. What does not apply to it is 0.
type Row struct {
	Name   string  `json:"name"`
	Rate   float64 `json:"mb_per_cpu_s"`       // median of the rounds
	Least  float64 `json:"mb_per_cpu_s_least"` // and what they lay between
	Most   float64 `json:"mb_per_cpu_s_most"`
	Ratio  float64 `json:"ratio_to_yardstick,omitempty"` // median of the ratios in each round
	Allocs float64 `json:"allocs_per_log"`
	RSS    float64 `json:"peak_rss_mib,omitempty"`  // median
	Wire   float64 `json:"sent_per_byte,omitempty"` // bytes on the wire for each of keys and values
	Posts  float64 `json:"requests_per_mb,omitempty"`
	CPU    float64 `json:"cpu_ms,omitempty"`     // of a start
	Clock  float64 `json:"elapsed_ms,omitempty"` // of a start
	// Metered is the time of a guest alone with limits to that without, the
	// median of the rounds.
	Metered float64 `json:"metered_to_unmetered,omitempty"`
}

// stagePrefix begins the names of the rows about one stage alone.
const stagePrefix = "stage: "

func (r *Row) isStage() bool { return strings.HasPrefix(r.Name, stagePrefix) }

// A Report is all of it.
type Report struct {
	Machine string `json:"machine"`
	Version string `json:"version"` // of the tree
	Rounds  int    `json:"rounds"`
	Bytes   int    `json:"bytes"` // of input, of each kind
	Rows    []Row  `json:"rows"`
}

// JSON writes the report for programs.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Markdown writes the report for people.
func (r *Report) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# What a log costs\n\n%s; %s; %d rounds of %d MB.\n\n", r.Machine, r.Version, r.Rounds, r.Bytes/1e6)
	b.WriteString(strings.Join(honesty, "\n") + "\n")
	b.WriteString("\n## From end to end\n\n")
	b.WriteString("| way | MB per CPU-second | least..most | of the yardstick | allocations a log | peak MiB | sent per byte |\n|---|--:|--:|--:|--:|--:|--:|\n")
	for _, row := range r.Rows {
		if row.CPU == 0 && !row.isStage() {
			fmt.Fprintf(&b, "| %s | %.0f | %.0f..%.0f | %s | %.3f | %.0f | %.2f |\n",
				row.Name, row.Rate, row.Least, row.Most, percent(row.Ratio), row.Allocs, row.RSS, row.Wire)
		}
	}
	b.WriteString("\n## A start, with the compilation cache warm\n\n| what | CPU ms | elapsed ms | peak MiB |\n|---|--:|--:|--:|\n")
	for _, row := range r.Rows {
		if row.CPU > 0 {
			fmt.Fprintf(&b, "| %s | %.0f | %.0f | %.0f |\n", row.Name, row.CPU, row.Clock, row.RSS)
		}
	}
	b.WriteString("\n## Stages, each alone\n\n| stage | MB per CPU-second | least..most | allocations a log |\n|---|--:|--:|--:|\n")
	for _, row := range r.Rows {
		if row.isStage() && row.Metered == 0 {
			fmt.Fprintf(&b, "| %s | %.0f | %.0f..%.0f | %.3f |\n", strings.TrimPrefix(row.Name, stagePrefix), row.Rate, row.Least, row.Most, row.Allocs)
		}
	}
	b.WriteString("\n## Guests alone, within their limits\n\n| guest | MB per CPU-second | least..most | time, without limits 1 |\n|---|--:|--:|--:|\n")
	for _, row := range r.Rows {
		if row.Metered > 0 {
			fmt.Fprintf(&b, "| %s | %s | %s..%s | %.2f |\n", strings.TrimPrefix(row.Name, stagePrefix), three(row.Rate), three(row.Least), three(row.Most), row.Metered)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// honesty is what a reader must know before comparing.
var honesty = []string{
	"MB are 10^6 bytes of keys and values as they were pulled, whatever was dropped on the way; a CPU-second is user and system time of",
	"the shipping process from its start to its end. Each round runs every way once, one after the other; figures are medians of the rounds, ratios medians of",
	"the ratios within a round. Other work on the machine moves the figures of a round up and down together: believe the ratios, and the spread.",
	"",
	"- The emulated Log Service, its logs and the receivers are this project's own. The service answers from pulls compressed beforehand, and the",
	"  receivers only count, over loopback and without TLS: what is measured is the sender.",
	"- The input is the Log Service's protobuf. Other shippers read JSON lines or parse text, which costs more: figures of theirs compare only with that in mind.",
	"- `trail` is ActionTrail (7 fields, 1.4 KB, most of it JSON in one field), `mixed` all samples (6 to 35 fields). Both are a few samples with other digits each time,",
	"  so compression, both ways, is better and quicker than with real logs.",
	"- `logs-of-...` have one field of words and numbers; of those of 10 bytes there are a tenth of the MB.",
	"- The yardstick carries the same logs natively, without guests, checkpoints or retries. With the rules it decides, adds and masks as the audit guest",
	"  does; a test holds its events against the guest's, one by one.",
	"- Guests alone: the quickest batch of each round, with their limits and without them in turn. `work` takes 2.2 KB of nested JSON: `json` makes a tree of it,",
	"  `regexp` holds ten regular expressions against it, `mask` masks its e-mail addresses, `cef` makes a CEF message of its members.",
	"  In Rust what the first two do is written by hand, without a library for it.",
	"- `start` is a run against an empty logstore; every other row contains it too.",
}

func percent(ratio float64) string {
	if ratio == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", 100*ratio)
}

// median is the middle of the values; 0 of none.
func median[T cmp.Ordered](values []T) (m T) {
	if len(values) == 0 {
		return m
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// spread fills in what the rounds say of a rate.
func (r *Row) spread(rates []float64) {
	r.Rate, r.Least, r.Most = round(median(rates)), round(slices.Min(rates)), round(slices.Max(rates))
}

// three are the digits that count of a rate that may be small.
func three(x float64) string {
	if x >= 100 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.3g", x)
}

// round leaves what the measurement is good for.
func round(x float64) float64 { return math.Round(x*1000) / 1000 }
