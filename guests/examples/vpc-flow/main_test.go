package main

import (
	"strconv"
	"testing"

	slswasm "github.com/slswasm/slswasm/guests/go"
	"github.com/slswasm/slswasm/guests/go/slswasmtest"
)

func TestCases(t *testing.T) { slswasmtest.RunCases(t, "cases/*.txtar", "vpc-flow") }

func flowLog(src, srcPort, dst, dstPort string) slswasmtest.Log {
	return slswasmtest.NewLog("__topic__", "flow_log", "srcaddr", src, "srcport", srcPort, "dstaddr", dst, "dstport", dstPort,
		"protocol", "6", "action", "ACCEPT", "log-status", "OK")
}

func TestSamplesFlowsInBothDirections(t *testing.T) {
	g := slswasmtest.Start(t, `{"sample_rate":10}`)
	kept, odd := 0, 0
	const flows = 20_000
	for i := range flows {
		port := strconv.Itoa(20_000 + i)
		there := g.Run(flowLog("10.0.0.1", port, "10.0.0.2", "443"))
		back := g.Run(flowLog("10.0.0.2", "443", "10.0.0.1", port))
		if there.Verdict != back.Verdict {
			t.Fatalf("port %s: %s there, %s back", port, there.Verdict, back.Verdict)
		}
		if there.Verdict != slswasmtest.Drop {
			kept++
			odd += i % 2
		}
	}
	if kept < flows/10*8/10 || kept > flows/10*12/10 || odd < kept/3 || odd > kept*2/3 {
		t.Errorf("kept %d of %d flows, %d of them from odd ports", kept, flows, odd)
	}
}

func TestHealthChecksAreFoundByNetwork(t *testing.T) {
	g := slswasmtest.Start(t, `{"sample_rate":1}`)
	for addr, check := range map[string]bool{
		"100.64.0.0": true, "100.127.255.255": true, "100.63.255.255": false, "100.128.0.0": false,
		"": false, "-": false, "100.64.0": false, "::ffff:100.64.0.1": false,
	} {
		if got := g.Run(flowLog(addr, "1", "10.0.0.2", "80")).Verdict == slswasmtest.Drop; got != check {
			t.Errorf("%s: a health check: %v, want %v", addr, got, check)
		}
	}
}

func BenchmarkSamples(b *testing.B) {
	g := slswasmtest.Start(b, "")
	logs := slswasmtest.ReadLogs(b, "../../../testdata/logs/vpc-flow.jsonl")
	batch := g.Batch(logs...)
	for b.Loop() {
		slswasm.Transform(batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(logs)), "ns/log")
}
