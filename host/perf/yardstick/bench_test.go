package yardstick

import (
	"testing"

	"github.com/slswasm/slswasm/host/perf/cpu"
	"github.com/slswasm/slswasm/host/perf/input"
)

// What the yardstick's own part of the way costs, from a decompressed pull to
// a body.
func BenchmarkCarry(b *testing.B) {
	for _, kind := range input.Kinds() {
		raw, err := input.Pull(kind, 4e6)
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range []struct {
			name string
			cfg  Config
		}{{"HEC", Config{}}, {"HEC with rules", Config{Rules: true}}, {"syslog with rules", Config{Rules: true, Syslog: "-"}}} {
			b.Run(string(kind)+", "+c.name, func(b *testing.B) {
				l := &lane{cfg: &c.cfg}
				pass := func() {
					l.walk.start(l.raw)
					for l.next() {
						if len(l.out) >= bodySize {
							l.out = l.out[:0]
						}
					}
				}
				l.raw = raw
				pass()
				cpu.Loop(b, int(l.Logs), int(l.Bytes), pass)
			})
		}
	}
}
