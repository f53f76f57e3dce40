package slswasm

import (
	"go/constant"
	"go/token"
	"os"
	"strings"
	"testing"
)

// What this package repeats of the host's abi/metric.go is the same there.
func TestMetricsAreTheABIs(t *testing.T) {
	theirs := constants(t, hostFile(t, "../../abi/metric.go"))
	for name, ours := range map[string]int64{"Counter": counterKind, "Gauge": gaugeKind, "MaxMetricName": 64, "MaxMetrics": 64} {
		if got := theirs[name]; got == nil || !constant.Compare(got, token.EQL, constant.MakeInt64(ours)) {
			t.Errorf("%s is %v, here %d", name, got, ours)
		}
	}
	text, err := os.ReadFile("metric_wasm.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ImportMetric", "ImportCount"} {
		directive := "//go:wasmimport " + importModule + " " + constant.StringVal(theirs[name]) + "\n"
		if !strings.Contains(string(text), directive) {
			t.Errorf("metric_wasm.go has no %s", directive)
		}
	}
}
