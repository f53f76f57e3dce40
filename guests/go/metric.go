package slswasm

// What becomes of the values of a metric: abi.Counter and abi.Gauge.
const (
	counterKind = 0
	gaugeKind   = 1
)

// A metric is one number that people see beside the host's own: on its page,
// and for Prometheus. Between two calls it is nothing but memory, so that
// adding to it costs a few nanoseconds; the host hears of it once a batch.
type metric struct {
	name     string
	gauge    bool
	declared bool
	number   uint32 // by which the host knows it
	said     bool   // in the batch under way
	value    float64
	total    float64 // under go test: what the host would have
}

// A CounterVar only grows; see Counter.
type CounterVar struct{ m *metric }

// A GaugeVar goes up and down; see Gauge.
type GaugeVar struct{ m *metric }

// Counter declares something that is counted, in a package variable:
//
//	var refused = slswasm.Counter("refused")
//
// and in the function of Handle, refused.Add(1). The name is like
// [a-z][a-z0-9_]{0,63}; declared twice, it is one counter. The host adds up
// what all instances count, and counts each log once: what is counted in work
// that is thrown away and repeated, is thrown away with it. A guest may have 64
// names; those beyond are counted together, as "other".
func Counter(name string) CounterVar { return CounterVar{declare(name, false)} }

// Gauge declares something that is measured, as Counter does. The host shows
// the sum of what the instances have set last.
func Gauge(name string) GaugeVar { return GaugeVar{declare(name, true)} }

// Add adds n. What is negative, or no number, is left out.
func (c CounterVar) Add(n float64) {
	if n >= 0 {
		c.m.value += n
		c.m.said = true
	}
}

// Set sets the value.
func (g GaugeVar) Set(value float64) { g.m.value, g.m.said = value, true }

func declare(name string, gauge bool) *metric {
	if !metricName(name) {
		panic("slswasm: no metric can have the name " + quote(name) + ": it must be like [a-z][a-z0-9_]{0,63}")
	}
	for _, m := range self.metrics {
		if m.name == name {
			if m.gauge != gauge {
				panic("slswasm: " + name + " cannot be both a counter and a gauge")
			}
			return m
		}
	}
	m := &metric{name: name, gauge: gauge}
	self.metrics = append(self.metrics, m)
	self.tell = tellMetrics // so a guest without metrics does not even import what this calls
	return m
}

func metricName(s string) bool {
	if len(s) == 0 || len(s) > 64 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// tellMetrics tells the host of what is new.
func tellMetrics(g *guest) {
	for i, m := range g.metrics {
		if !m.declared {
			m.declared = true
			m.number = hostMetric(m, i)
		}
		if m.said {
			hostCount(m.number, m.value)
			m.said = false
			if !m.gauge {
				m.value = 0
			}
		}
	}
}

// forgetMetrics is for tests, which start a guest many times.
func (g *guest) forgetMetrics() {
	for _, m := range g.metrics {
		*m = metric{name: m.name, gauge: m.gauge}
	}
}

// Metrics returns the values of all metrics. It is exported for tests, and is
// empty in WebAssembly.
func Metrics() map[string]float64 { return self.values() }
