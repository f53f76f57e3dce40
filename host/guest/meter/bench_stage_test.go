package meter

import (
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/perf/cpu"
)

// BenchmarkStage is the part of the report about limits: what realistic guests
// take with and without them, each alone.
func BenchmarkStage(b *testing.B) {
	trail := events(b, "actiontrail", 256)
	for _, name := range []string{"audit", "audit.tinygo", "audit.rust"} {
		b.Run(name, func(b *testing.B) { compileWays(b, built(b, name), false).stage(b, "", trail) })
	}
	hard := messages(b, 16)
	for _, by := range toolchains {
		b.Run(by.name, func(b *testing.B) {
			compiled := compileWays(b, by.build(b), false)
			for _, config := range works {
				b.Run(config, func(b *testing.B) { compiled.stage(b, config, hard) })
			}
		})
	}
}

func (list ways) stage(b *testing.B, config string, in []abi.Event) {
	size := 0
	for i := range in {
		for _, f := range in[i].Fields {
			size += len(f.Key) + len(f.Value)
		}
	}
	c := list.measure(b, config, in)
	b.ReportMetric(cpu.Of(uint64(size), c.least[1]), cpu.Rate)
	b.ReportMetric(float64(c.least[1])/float64(c.least[0]), cpu.Metered)
}
