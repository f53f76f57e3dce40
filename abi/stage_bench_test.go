package abi

import (
	"testing"

	"github.com/slswasm/slswasm/host/perf/cpu"
)

// BenchmarkStage is the part of the report about replies: what a guest answers
// to 256 logs becomes events.
func BenchmarkStage(b *testing.B) {
	in, d, size := audit(256), describe("__topic__", "some_field_1"), 0
	for i := range in {
		for _, f := range in[i].Fields {
			size += len(f.Key) + len(f.Value)
		}
	}
	for _, c := range []struct {
		name string
		r    reply
	}{
		{"reply, kept one by one", append(newReply(256), make(reply, 256)...)},
		{"reply, five edits a log", edits(256)},
	} {
		b.Run(c.name, func(b *testing.B) {
			var o Output
			cpu.Loop(b, len(in), size, func() {
				o.Reset()
				if err := o.Apply(d, in, 0, c.r, DefaultLimits()); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}
