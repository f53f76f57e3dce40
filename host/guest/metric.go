package guest

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"

	"github.com/tetratelabs/wazero/api"

	"github.com/slswasm/slswasm/abi"
)

// A Metric is something that a guest counts or measures.
type Metric struct {
	Kind  abi.MetricKind
	Name  string // see abi.ValidMetric
	Value float64
}

// OtherMetric is the counter that stands for those which a guest may not have:
// beyond abi.MaxMetrics, or with a name that is none.
const OtherMetric = "other"

// leftOut is the number of a metric whose values go nowhere.
const leftOut = math.MaxUint32

// metrics are those of all instances of a module. Counters add up, also over
// instances that are gone; a gauge is the sum of what the instances that live
// set last.
type metrics struct {
	guest  string
	logger *slog.Logger

	mu      sync.Mutex
	all     []Metric // a guest knows them by their index
	numbers map[string]uint32
	mistake error
	before  map[string]float64 // counters of the module in whose place this one is, which it has not named yet
	live    []*tally           // of the instances
}

// name returns the number of a metric.
func (m *metrics) name(kind abi.MetricKind, name []byte) uint32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, known := m.numbers[string(name)]
	switch {
	case known && m.all[n].Kind == kind:
		return n
	case known:
		m.warn("has two kinds", name)
	case !kind.Valid():
		m.warn("is of a kind that is not known", name)
	case !abi.ValidMetric(name):
		m.warn("has a name that is none: it must be like [a-z][a-z0-9_]{0,63}", name)
	case len(m.all) >= abi.MaxMetrics:
		m.warn("is one more than a guest may have", name)
	default:
		return m.add(kind, string(name))
	}
	if kind != abi.Counter {
		return leftOut
	}
	if n, known := m.numbers[OtherMetric]; known && m.all[n].Kind == abi.Counter {
		return n
	}
	return m.add(abi.Counter, OtherMetric)
}

func (m *metrics) add(kind abi.MetricKind, name string) uint32 {
	if m.numbers == nil {
		m.numbers = map[string]uint32{}
	}
	n := uint32(len(m.all))
	m.all = append(m.all, Metric{Kind: kind, Name: name})
	m.numbers[name] = n
	if kind == abi.Counter {
		m.all[n].Value = m.before[name]
		delete(m.before, name)
	}
	return n
}

// warn tells of the first mistake; the others are alike.
func (m *metrics) warn(what string, name []byte) {
	if m.mistake == nil {
		m.mistake = fmt.Errorf("a metric %s: %q", what, abi.Printable(name, 2*abi.MaxMetricName))
		m.logger.Warn("a metric of the guest "+what+"; it is left out, or counted as other", "guest", m.guest,
			"metric", abi.Printable(name, 2*abi.MaxMetricName))
	}
}

// Metrics returns what the guest counts and measures, in the order in which it
// named them.
func (m *Module) Metrics() []Metric { return m.metrics.snapshot() }

// MetricMistake returns the first metric that the guest could not have, or nil.
func (m *Module) MetricMistake() error {
	m.metrics.mu.Lock()
	defer m.metrics.mu.Unlock()
	return m.metrics.mistake
}

// Succeed takes over the counters of a module in whose place this one is. What
// the other counts afterwards may be taken too, by calling it again.
func (m *Module) Succeed(before *Module) { m.metrics.take(before.metrics) }

// snapshot returns all of them, in the order in which they were named.
func (m *metrics) snapshot() []Metric {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Clone(m.all)
	for i := range all {
		for _, t := range m.live {
			if all[i].Kind == abi.Gauge {
				all[i].Value += t.parts[i].shown
			}
		}
	}
	return all
}

// take moves the counters of another module here.
func (m *metrics) take(from *metrics) {
	counters := from.give()
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, value := range counters {
		if n, known := m.numbers[name]; known && m.all[n].Kind == abi.Counter {
			m.all[n].Value += value
			delete(counters, name)
		}
	}
	for name, value := range m.before {
		counters[name] += value
	}
	m.before = counters
}

// give empties the counters. What its module itself has taken over and never
// named ends here, or it would be passed on for ever.
func (m *metrics) give() map[string]float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	counters := map[string]float64{}
	for i := range m.all {
		if c := &m.all[i]; c.Kind == abi.Counter {
			counters[c.Name] = c.Value
			c.Value = 0
		}
	}
	return counters
}

// A tally is what one instance has said of metrics.
type tally struct {
	of    *metrics
	parts [abi.MaxMetrics + 1]part // by number; one more for OtherMetric
	said  []uint32                 // numbers, in the call under way
}

// A tallying context is that of an instance's calls: the imports find its
// tally by it.
type tallying struct {
	context.Context
	tally tally
}

type tallyKey struct{}

func (c *tallying) Value(key any) any {
	if key == (tallyKey{}) {
		return &c.tally
	}
	return c.Context.Value(key)
}

// metric is the import of that name: kind, ptr, len.
func metric(ctx context.Context, mod api.Module, stack []uint64) {
	kind, ptr, n := abi.MetricKind(stack[0]), api.DecodeU32(stack[1]), api.DecodeU32(stack[2])
	name, ok := mod.Memory().Read(ptr, n)
	if !ok {
		panic(fmt.Errorf("metric: a name of %d bytes at %#x lies outside of the memory of %d", n, ptr, mod.Memory().Size()))
	}
	stack[0] = leftOut
	if t, ok := ctx.Value(tallyKey{}).(*tally); ok {
		stack[0] = uint64(t.name(kind, name))
	}
}

// count is the import of that name: number, value.
func count(ctx context.Context, _ api.Module, stack []uint64) {
	if t, ok := ctx.Value(tallyKey{}).(*tally); ok {
		t.count(api.DecodeU32(stack[0]), api.DecodeF64(stack[1]))
	}
}

type part struct {
	named bool // by this instance
	gauge bool
	said  bool
	value float64 // of the call under way
	shown float64 // of a gauge, in its sum
}

// name answers the import of that name.
func (t *tally) name(kind abi.MetricKind, name []byte) uint32 {
	n := t.of.name(kind, name)
	if n != leftOut {
		t.parts[n].named, t.parts[n].gauge = true, kind == abi.Gauge
	}
	return n
}

// hugeMetric is more than any value that is taken, so that sums are numbers.
const hugeMetric = 1e300

// count takes a value; what cannot be one is left out.
func (t *tally) count(number uint32, value float64) {
	if number >= uint32(len(t.parts)) || !(math.Abs(value) < hugeMetric) {
		return
	}
	p := &t.parts[number]
	if !p.named || value < 0 && !p.gauge {
		return
	}
	if !p.said {
		p.said, p.value = true, 0
		t.said = append(t.said, number)
	}
	if p.gauge {
		p.value = value
	} else {
		p.value = min(p.value+value, hugeMetric)
	}
}

// commit makes what was said true.
func (t *tally) commit() {
	if len(t.said) == 0 {
		return
	}
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	for _, n := range t.said {
		p := &t.parts[n]
		if p.gauge {
			p.shown = p.value
		} else {
			t.of.all[n].Value = min(t.of.all[n].Value+p.value, hugeMetric)
		}
	}
	t.drop()
}

// drop forgets what was said.
func (t *tally) drop() {
	for _, n := range t.said {
		t.parts[n].said = false
	}
	t.said = t.said[:0]
}

// join has the gauges of an instance count, and leave no more.
func (t *tally) join() {
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	t.of.live = append(t.of.live, t)
}

func (t *tally) leave() {
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	if i := slices.Index(t.of.live, t); i >= 0 {
		t.of.live = slices.Delete(t.of.live, i, i+1)
	}
}
