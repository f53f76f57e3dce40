package main

import (
	"testing"

	"github.com/slswasm/slswasm/guests/go/slswasmtest"
)

func TestCases(t *testing.T) { slswasmtest.RunCases(t, "cases/*.txtar", "route") }

// TestEveryLogGoesSomewhere: nothing is dropped unless the user says so.
func TestEveryLogGoesSomewhere(t *testing.T) {
	g := slswasmtest.Start(t, "")
	for _, name := range []string{"actiontrail", "k8s-audit", "waf", "vpc-flow"} {
		for i, r := range g.RunBatch(slswasmtest.ReadLogs(t, "../../../testdata/logs/"+name+".jsonl")...) {
			if len(r.Events) == 0 {
				t.Errorf("%s, line %d goes nowhere: %s %s", name, i+1, r.Verdict, r.Reason)
			}
			for _, e := range r.Events {
				if e.Meta.Route == "" {
					t.Errorf("%s, line %d has no route", name, i+1)
				}
			}
		}
	}
}
