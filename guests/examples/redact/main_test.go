package main

import (
	"regexp"
	"slices"
	"testing"

	"github.com/slswasm/slswasm/guests/go/slswasmtest"
)

func TestCases(t *testing.T) { slswasmtest.RunCases(t, "cases/*.txtar", "redact") }

// personal is written apart from the guest's own rules, and knows the samples.
var personal = regexp.MustCompile(`LTAI\w{5,}|STS\.\w{5,}|MadeUpSecret|[a-z.-]{4,}(@|%40)example\.com`)

func TestSamplesShowNothingPersonal(t *testing.T) {
	g := slswasmtest.Start(t, "")
	found := 0
	for _, name := range []string{"actiontrail", "k8s-audit", "waf", "vpc-flow"} {
		logs := slswasmtest.ReadLogs(t, "../../../testdata/logs/"+name+".jsonl")
		for i, r := range g.RunBatch(logs...) {
			for _, f := range logs[i].Fields {
				if personal.MatchString(f.Value) {
					found++
				}
			}
			for _, e := range r.Events {
				for _, f := range e.Fields {
					if s := personal.FindString(f.Value); s != "" {
						t.Errorf("%s, line %d: %s still has %s", name, i+1, f.Key, s)
					}
				}
				if again := g.Run(slswasmtest.Log{Time: e.Time, Fields: e.Fields}); !slices.Equal(again.Events[0].Fields, e.Fields) {
					t.Errorf("%s, line %d: hidden once\n%v\nand twice\n%v", name, i+1, e, again)
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d fields of the samples had anything to hide", found)
	}
}
