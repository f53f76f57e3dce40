package slswasm_test

import (
	"maps"
	"math"
	"strings"
	"testing"

	slswasm "github.com/slswasm/slswasm/guests/go"
	"github.com/slswasm/slswasm/guests/go/slswasmtest"
)

func TestMetrics(t *testing.T) {
	var seen, again slswasm.CounterVar
	var length slswasm.GaugeVar
	g := start(t, func() {
		seen, again = slswasm.Counter("logs_seen"), slswasm.Counter("logs_seen")
		slswasm.Counter("idle")
		length = slswasm.Gauge("length")
		a := slswasm.Field("a")
		slswasm.Handle(func(l *slswasm.Log) {
			seen.Add(1)
			again.Add(0.5)
			again.Add(-7)
			again.Add(math.NaN())
			length.Set(float64(len(l.Get(a))))
			if l.Has(a) {
				panic("counted all the same: the log has its verdict")
			}
		})
	})
	check := func(want map[string]float64) {
		t.Helper()
		if got := g.Metrics(); !maps.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	}
	check(map[string]float64{"logs_seen": 0, "idle": 0, "length": 0})
	g.RunBatch(slswasmtest.NewLog("a", "xyz"), slswasmtest.NewLog(), slswasmtest.NewLog("a", "xy"))
	check(map[string]float64{"logs_seen": 4.5, "idle": 0, "length": 2})
	g.Run(slswasmtest.NewLog())
	check(map[string]float64{"logs_seen": 6, "idle": 0, "length": 0})
	g = slswasmtest.Start(t, "")
	check(map[string]float64{"logs_seen": 0, "idle": 0, "length": 0})
}

func TestNamesOfMetrics(t *testing.T) {
	t.Cleanup(slswasm.Fresh())
	slswasm.Counter("taken")
	slswasm.Counter(strings.Repeat("a", 64))
	for _, c := range []struct {
		declare func()
		want    string
	}{
		{func() { slswasm.Counter("") }, "slswasm: no metric can have the name"},
		{func() { slswasm.Counter("Upper") }, "slswasm: no metric can have the name"},
		{func() { slswasm.Gauge("a-b") }, "slswasm: no metric can have the name"},
		{func() { slswasm.Gauge("2a") }, "slswasm: no metric can have the name"},
		{func() { slswasm.Gauge(strings.Repeat("a", 65)) }, "slswasm: no metric can have the name"},
		{func() { slswasm.Gauge("taken") }, "slswasm: taken cannot be both a counter and a gauge"},
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.HasPrefix(text, c.want) {
					t.Errorf("%q, want %q", text, c.want)
				}
			}()
			c.declare()
		}()
	}
}

func BenchmarkAdd(b *testing.B) {
	b.Cleanup(slswasm.Fresh())
	n := slswasm.Counter("n")
	for b.Loop() {
		n.Add(1)
	}
}
