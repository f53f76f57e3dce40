//go:build !wasm && !tinygo.wasm

package slswasm

func hostMetric(_ *metric, at int) uint32 { return uint32(at) }

func hostCount(number uint32, value float64) {
	if m := self.metrics[number]; m.gauge {
		m.total = value
	} else {
		m.total += value
	}
}

func (g *guest) values() map[string]float64 {
	all := make(map[string]float64, len(g.metrics))
	for _, m := range g.metrics {
		all[m.name] = m.total
	}
	return all
}
