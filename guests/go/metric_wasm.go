//go:build wasm || tinygo.wasm

package slswasm

import "unsafe"

//go:wasmimport slswasm_v1 metric
func hostMetricNumber(kind uint32, ptr unsafe.Pointer, n uint32) uint32

//go:wasmimport slswasm_v1 count
func hostCount(number uint32, value float64)

func hostMetric(m *metric, _ int) uint32 {
	kind := uint32(counterKind)
	if m.gauge {
		kind = gaugeKind
	}
	return hostMetricNumber(kind, unsafe.Pointer(unsafe.StringData(m.name)), uint32(len(m.name)))
}

func (g *guest) values() map[string]float64 { return nil }
