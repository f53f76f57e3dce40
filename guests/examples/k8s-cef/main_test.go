package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/slswasm/slswasm/guests/go/slswasmtest"
)

const samples = "../../../testdata/logs/k8s-audit.jsonl"

func TestCases(t *testing.T) { slswasmtest.RunCases(t, "cases/*.txtar", "k8s-cef") }

// message is CEF as a receiver reads it.
var message = regexp.MustCompile(`^CEF:0\|Kubernetes\|kube-apiserver\|audit\.k8s\.io/v1\|(?:[^|\\]|\\.)+\|(?:[^|\\]|\\.)+\|(10|[0-9])\|(?:\w+=(?:[^=\\\n]|\\.)+ ?)+$`)

func TestSamples(t *testing.T) {
	g := slswasmtest.Start(t, "")
	severities := map[string]int{}
	for i, r := range g.RunBatch(slswasmtest.ReadLogs(t, samples)...) {
		if len(r.Events) != 1 || r.Events[0].Body == nil {
			t.Fatalf("line %d: %v", i+1, r)
		}
		body := *r.Events[0].Body
		m := message.FindStringSubmatch(body)
		if m == nil {
			t.Fatalf("line %d: not CEF: %s", i+1, body)
		}
		severities[m[1]]++
		for _, key := range []string{" act=", " externalId=", " outcome=", " src=", " suser=", " request=", " dvchost=kube-apiserver-"} {
			if !strings.Contains(body, key) {
				t.Errorf("line %d has no %s: %s", i+1, key, body)
			}
		}
	}
	for _, s := range []string{"2", "4", "6", "7", "8"} {
		if severities[s] == 0 {
			t.Errorf("no sample has severity %s: %v", s, severities)
		}
	}
}
