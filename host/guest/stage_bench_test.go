package guest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/perf/cpu"
	"github.com/slswasm/slswasm/host/perf/input"
	"github.com/slswasm/slswasm/host/shard"
)

// BenchmarkStage is the part of the report about guests: laying out a batch in
// memory, and all of a transform by modules that do little and much. The
// examples' modules are those that make built.
func BenchmarkStage(b *testing.B) {
	raw, err := input.Pull(input.Trail, 1e6)
	if err != nil {
		b.Fatal(err)
	}
	logs, err := shard.Decode(raw)
	if err != nil {
		b.Fatal(err)
	}
	in, size := make([]abi.Event, len(logs)), 0
	for i, l := range logs {
		in[i] = abi.Event{Log: l, Origin: i}
		for _, f := range l.Fields {
			size += len(f.Key) + len(f.Value)
		}
	}
	for _, c := range []struct {
		name string
		d    abi.Descriptor
	}{
		{"into guest memory, two fields", abi.Descriptor{Slots: [][]byte{[]byte("__topic__"), []byte("event")}}},
		{"into guest memory, all fields", abi.Descriptor{Table: true}},
	} {
		b.Run(c.name, func(b *testing.B) {
			batch, memory := abi.NewBatch(&c.d), make([]byte, 2<<20)
			cpu.Loop(b, len(in), size, func() {
				n, bytes := batch.Plan(in, len(in), uint64(len(memory)))
				if n != len(in) {
					b.Fatalf("%d of %d logs", n, len(in))
				}
				batch.Write(memory[:bytes])
			})
		})
	}
	for _, name := range []string{"keep", "keep-table"} {
		b.Run("guest "+name, func(b *testing.B) { transform(b, mustCompile(b, name), in, size) })
	}
	for _, name := range []string{"audit", "audit.tinygo", "audit.rust"} {
		b.Run("guest "+name, func(b *testing.B) {
			wasm, err := os.ReadFile(filepath.Join("../../bin/guests", name+".wasm"))
			if err != nil {
				b.Skipf("SKIPPED: make build builds it where its toolchain is installed: %v", err)
			}
			cache, _ := os.UserCacheDir() // none: it takes longer to start
			m, err := Compile(b.Context(), Config{Name: name, Wasm: wasm, CacheDir: filepath.Join(cache, "slswasm", "wazero")})
			if err != nil {
				b.Fatal(err)
			}
			transform(b, m, in, size)
			if err := m.Close(b.Context()); err != nil {
				b.Error(err)
			}
		})
	}
}

func transform(b *testing.B, m *Module, in []abi.Event, size int) {
	var out Output
	cpu.Loop(b, len(in), size, func() {
		if err := m.Transform(b.Context(), in, &out); err != nil || len(out.Failures) > 0 {
			b.Fatal(err, out.Failures)
		}
	})
}
