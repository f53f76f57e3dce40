package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slswasm/slswasm/host/latency"
)

const prefix = "slswasm_"

// A table is the metrics of things of one kind, such as shards, which all have
// the same labels. T is what their values are taken from.
type table[T any] struct {
	labels  []string
	columns []column[T]
}

// A column is one metric.
type column[T any] struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(T) float64
	took  func(T) latency.Snapshot // of a histogram, in the place of value
}

func newTable[T any](labels ...string) *table[T] { return &table[T]{labels: labels} }

func (t *table[T]) add(name, help string, c column[T]) {
	c.desc = prometheus.NewDesc(prefix+name, help, t.labels, nil)
	t.columns = append(t.columns, c)
}

func (t *table[T]) counter(name, help string, value func(T) float64) {
	t.add(name, help, column[T]{kind: prometheus.CounterValue, value: value})
}

func (t *table[T]) gauge(name, help string, value func(T) float64) {
	t.add(name, help, column[T]{kind: prometheus.GaugeValue, value: value})
}

func (t *table[T]) histogram(name, help string, took func(T) latency.Snapshot) {
	t.add(name, help, column[T]{took: took})
}

func (t *table[T]) describe(ch chan<- *prometheus.Desc) {
	for _, c := range t.columns {
		ch <- c.desc
	}
}

// collect sends the metrics of one thing.
func (t *table[T]) collect(ch chan<- prometheus.Metric, of T, labels ...string) {
	for _, c := range t.columns {
		if c.took == nil {
			ch <- prometheus.MustNewConstMetric(c.desc, c.kind, c.value(of), labels...)
			continue
		}
		took := c.took(of)
		ch <- prometheus.MustNewConstHistogram(c.desc, took.Count, took.Seconds, cumulated(took), labels...)
	}
}

// cumulated has the counts as Prometheus wants them: each bucket with those
// below it.
func cumulated(s latency.Snapshot) map[float64]uint64 {
	bounds := latency.Bounds()
	buckets := make(map[float64]uint64, len(bounds))
	sum := uint64(0)
	for i, bound := range bounds {
		sum += s.Buckets[i]
		buckets[bound] = sum
	}
	return buckets
}
