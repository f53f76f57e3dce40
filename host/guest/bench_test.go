package guest

import (
	"fmt"
	"testing"

	"github.com/slswasm/slswasm/abi"
)

// audit makes logs of 15 fields and about 600 bytes.
func audit(n int) []abi.Event {
	topic := []byte("actiontrail_audit_event")
	in := make([]abi.Event, n)
	for i := range in {
		f := []abi.Field{{Key: []byte("__topic__"), Value: topic}}
		for j := range 14 {
			f = append(f, abi.Field{Key: fmt.Append(nil, "field_", j), Value: fmt.Appendf(nil, "%032d", i*j)})
		}
		in[i] = abi.Event{Origin: i, Log: abi.Log{Fields: f}}
	}
	return in
}

// What the host costs for a guest that does nothing: planning, the call with
// its time limit, copying in.
func BenchmarkTransform(b *testing.B) {
	for _, c := range []struct {
		name string
		n    int
	}{{"keep", 256}, {"keep-table", 256}, {"drop", 256}, {"keep", 1}} {
		b.Run(fmt.Sprintf("%s-%d", c.name, c.n), func(b *testing.B) {
			m, in := mustCompile(b, c.name), audit(c.n)
			var out Output
			b.ReportAllocs()
			for b.Loop() {
				if err := m.Transform(b.Context(), in, &out); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*c.n), "ns/log")
		})
	}
}

// A fault costs the instance; this is what starting another one costs here,
// without what a guest's own runtime adds.
func BenchmarkFault(b *testing.B) {
	m, in := mustCompile(b, "trap"), logs(1, 0)
	var out Output
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Transform(b.Context(), in, &out); err != nil || len(out.Failures) != 1 {
			b.Fatal(err)
		}
	}
}
