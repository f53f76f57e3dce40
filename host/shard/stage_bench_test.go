package shard

import (
	"math"
	"testing"

	"github.com/pierrec/lz4/v4"

	"github.com/slswasm/slswasm/host/perf/cpu"
	"github.com/slswasm/slswasm/host/perf/input"
)

// BenchmarkStage is the part of the report about a pull: each of the two
// inputs, a pull of 10 MB decompressed and decoded as the worker does it.
func BenchmarkStage(b *testing.B) {
	for _, kind := range input.Kinds() {
		raw, err := input.Pull(kind, 10e6)
		if err != nil {
			b.Fatal(err)
		}
		d := newDecoder()
		logs, err := d.decode(raw)
		if err != nil {
			b.Fatal(err)
		}
		n, size, groups := len(logs), d.bytes, d.groups
		packed := make([]byte, lz4.CompressBlockBound(len(raw)))
		m, err := lz4.CompressBlock(raw, packed, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("lz4, "+string(kind), func(b *testing.B) {
			out := make([]byte, len(raw))
			cpu.Loop(b, n, size, func() {
				if _, err := lz4.UncompressBlock(packed[:m], out); err != nil {
					b.Fatal(err)
				}
			})
		})
		b.Run("decode, "+string(kind), func(b *testing.B) {
			cpu.Loop(b, n, size, func() {
				_, err := d.open(raw, groups, leastPart)
				for ; err == nil && d.more; _, err = d.part() {
				}
				if err != nil {
					b.Fatal(err)
				}
			})
		})
		b.Run("decode whole, "+string(kind), func(b *testing.B) {
			cpu.Loop(b, n, size, func() {
				if _, err := d.open(raw, groups, math.MaxInt); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}
