package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"testing"

	slswasm "github.com/slswasm/slswasm/guests/go"
	"github.com/slswasm/slswasm/guests/go/slswasmtest"
)

const testdata = "../../../testdata/"

func TestTransforms(t *testing.T) {
	slswasmtest.RunCases(t, "cases/*.txtar", "audit")
}

var samples = []string{"actiontrail", "k8s-audit", "waf", "vpc-flow"}

func TestSamples(t *testing.T) {
	g := slswasmtest.Start(t, "")
	counts := map[string]int{}
	for _, name := range samples {
		for i, r := range g.RunBatch(slswasmtest.ReadLogs(t, testdata+"logs/"+name+".jsonl")...) {
			if r.Verdict != slswasmtest.Edit && r.Verdict != slswasmtest.Drop {
				t.Errorf("%s, line %d: %s %s", name, i+1, r.Verdict, r.Reason)
			}
			counts[name+" "+string(r.Verdict)]++
			for _, e := range r.Events {
				counts[e.Get("risk")]++
				if e.Meta.SourceType == "" {
					t.Errorf("%s, line %d has no sourcetype", name, i+1)
				}
			}
		}
	}
	t.Log(counts)
	for _, want := range []string{"actiontrail drop", "actiontrail edit", "low", "medium", "high"} {
		if counts[want] == 0 {
			t.Errorf("the samples show no %s", want)
		}
	}
}

// secrets is written apart from the guest's own rules, and knows the samples.
var secrets = regexp.MustCompile(`LTAI\w{5,}|(STS|TMP)\.\w{5,}|MadeUpSecret|Made-Up#|CAISmadeup|[a-z.-]{4,}@example\.com`)

func TestSamplesShowNoSecrets(t *testing.T) {
	g := slswasmtest.Start(t, "")
	logs := slswasmtest.ReadLogs(t, testdata+"logs/actiontrail.jsonl")
	found := 0
	for i, r := range g.RunBatch(logs...) {
		for _, e := range r.Events {
			if !json.Valid([]byte(e.Get("event"))) {
				continue // kept as it is
			}
			if secrets.MatchString(logs[i].Fields[len(logs[i].Fields)-1].Value) {
				found++
			}
			if s := secrets.FindString(e.Get("event")); s != "" {
				t.Errorf("line %d still has %s", i+1, s)
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d samples had secrets", found)
	}
}

// TestTwiceIsOnce: a replayed event, or a second guest in the chain, changes
// nothing more.
func TestTwiceIsOnce(t *testing.T) {
	g := slswasmtest.Start(t, "")
	for _, name := range samples {
		for i, r := range g.RunBatch(slswasmtest.ReadLogs(t, testdata+"logs/"+name+".jsonl")...) {
			for _, e := range r.Events {
				again := g.Run(slswasmtest.Log{Time: e.Time, Fields: e.Fields})
				if len(again.Events) != 1 || !slices.Equal(again.Events[0].Fields, e.Fields) {
					t.Errorf("%s, line %d: became\n%v and then\n%v", name, i+1, e, again)
				}
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	g := slswasmtest.Start(t, "")
	batch := g.Batch(slswasmtest.ReadLogs(t, testdata+"logs/actiontrail.jsonl")[:34]...) // the last one is an error
	if n := testing.AllocsPerRun(100, func() { slswasm.Transform(batch) }); n > 0 {
		t.Errorf("%v allocations for 34 logs", n)
	}
}

// FuzzEvent: no event is lost for what is in it, and none stops the guest.
func FuzzEvent(f *testing.F) {
	for _, l := range slswasmtest.ReadLogs(f, testdata+"logs/actiontrail.jsonl") {
		f.Add(l.Fields[len(l.Fields)-1].Value)
	}
	f.Add(`{"eventName":{"a":1},"userIdentity":[1],"additionalEventData":{"mfaChecked":{"x":false}},"errorCode":0}`)
	f.Fuzz(func(t *testing.T, event string) {
		r := slswasmtest.Start(t, "").Run(slswasmtest.NewLog("__topic__", actionTrail, "event", event))
		if r.Verdict == slswasmtest.Fail {
			t.Fatal(r.Reason)
		}
		var e struct {
			Name     string `json:"eventName"`
			Identity struct {
				Type string `json:"type"`
			} `json:"userIdentity"`
			ErrorCode string `json:"errorCode"`
		}
		if r.Verdict == slswasmtest.Drop {
			if err := json.Unmarshal([]byte(event), &e); err != nil {
				return // two members that differ in case only, or the like
			}
			if e.ErrorCode != "" || e.Identity.Type == "root-account" {
				t.Fatalf("dropped %s", event)
			}
		}
	})
}

func BenchmarkAudit(b *testing.B) {
	for _, name := range samples {
		b.Run(name, func(b *testing.B) {
			g := slswasmtest.Start(b, "")
			logs := slswasmtest.ReadLogs(b, testdata+"logs/"+name+".jsonl")
			size := 0
			for _, l := range logs {
				for _, f := range l.Fields {
					size += len(f.Key) + len(f.Value)
				}
			}
			batch := g.Batch(logs...)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				slswasm.Transform(batch)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(logs)), "ns/log")
		})
	}
}
