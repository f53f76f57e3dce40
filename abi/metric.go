package abi

// Names of the imports that metrics need (ABI.md, "Imports").
const (
	ImportMetric = "metric"
	ImportCount  = "count"
)

// A MetricKind is what becomes of the values of a guest's metric (ABI.md,
// "Metrics").
type MetricKind uint32

// The kinds of ABI version 1.
const (
	Counter MetricKind = 0 // they add up
	Gauge   MetricKind = 1 // the last one holds
)

// Valid says whether the kind is known.
func (k MetricKind) Valid() bool { return k <= Gauge }

// String returns the kind's name.
func (k MetricKind) String() string {
	switch k {
	case Counter:
		return "counter"
	case Gauge:
		return "gauge"
	}
	return "unknown"
}

// Limits of metrics.
const (
	MaxMetrics    = 64 // of a module
	MaxMetricName = 64 // bytes
)

// ValidMetric says whether a metric can have this name: [a-z][a-z0-9_]{0,63},
// which needs no quoting anywhere.
func ValidMetric(name []byte) bool {
	if len(name) == 0 || len(name) > MaxMetricName || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}
