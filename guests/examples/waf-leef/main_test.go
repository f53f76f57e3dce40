package main

import (
	"strings"
	"testing"

	slswasm "github.com/slswasm/slswasm/guests/go"
	"github.com/slswasm/slswasm/guests/go/slswasmtest"
)

const samples = "../../../testdata/logs/waf.jsonl"

func TestCases(t *testing.T) { slswasmtest.RunCases(t, "cases/*.txtar", "waf-leef") }

// TestSamples reads the messages back as a receiver would.
func TestSamples(t *testing.T) {
	g := slswasmtest.Start(t, "")
	logs := slswasmtest.ReadLogs(t, samples)
	for i, r := range g.RunBatch(logs...) {
		if len(r.Events) != 1 || r.Events[0].Body == nil {
			t.Fatalf("line %d: %v", i+1, r)
		}
		parts := strings.SplitN(*r.Events[0].Body, "|", 6)
		if len(parts) != 6 || parts[0] != "LEEF:1.0" {
			t.Fatalf("line %d: %s", i+1, *r.Events[0].Body)
		}
		found := map[string]string{}
		for _, a := range strings.Split(parts[5], "\t") {
			key, value, ok := strings.Cut(a, "=")
			if !ok || value == "" || found[key] != "" {
				t.Errorf("line %d: bad attribute %q", i+1, a)
			}
			found[key] = value
		}
		for _, key := range []string{"devTime", "cat", "sev", "src", "url", "status"} {
			if found[key] == "" {
				t.Errorf("line %d has no %s", i+1, key)
			}
		}
	}
}

func TestNothingIsAllocatedForPassedLogs(t *testing.T) {
	g := slswasmtest.Start(t, "")
	batch := g.Batch(slswasmtest.ReadLogs(t, samples)[:1]...)
	if n := testing.AllocsPerRun(100, func() { slswasm.Transform(batch) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
