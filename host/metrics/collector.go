package metrics

import (
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/latency"
)

// A collector makes metrics of a state.
type collector struct {
	state    func() host.State
	pipeline *table[*host.State]
	sources  *table[*host.SourceState]
	infos    *table[*host.SourceState]
	shards   *table[*host.ShardState]
	guests   *table[*host.GuestState]
	modules  *table[*host.GuestState]
	counters *table[float64] // of guests
	gauges   *table[float64]
	sinks    *table[*sink]
	codes    *table[float64]
	letters  *table[float64]
}

// A sink is one at the time of the state.
type sink struct {
	*host.SinkState
	now time.Time
}

func newCollector(state func() host.State) *collector {
	of := []string{"flow", "project", "logstore"}
	guest := []string{"flow", "position", "guest"}
	c := &collector{
		state:    state,
		pipeline: newTable[*host.State](),
		sources:  newTable[*host.SourceState](of...),
		infos:    newTable[*host.SourceState](append(of, "group", "consumer")...),
		shards:   newTable[*host.ShardState](append(of, "shard")...),
		guests:   newTable[*host.GuestState](guest...),
		modules:  newTable[*host.GuestState](append(guest, "name", "version", "sha256")...),
		counters: newTable[float64](append(guest, "name")...),
		gauges:   newTable[float64](append(guest, "name")...),
		sinks:    newTable[*sink]("sink"),
		codes:    newTable[float64]("sink", "outcome", "code"),
		letters:  newTable[float64]("stage", "name", "reason"),
	}
	c.ofPipeline()
	c.ofSources()
	c.ofGuests()
	c.ofSinks()
	return c
}

func (c *collector) ofPipeline() {
	t := c.pipeline
	t.counter("batches_total", "Batches that were settled.", func(s *host.State) float64 { return float64(s.Batches) })
	t.counter("logs_total", "Logs of settled batches.", func(s *host.State) float64 { return float64(s.Counts.Pulled) })
	t.counter("logs_bytes_total", "Their keys and values.", func(s *host.State) float64 { return float64(s.Counts.PulledBytes) })
	t.counter("events_added_total", "Events that guests made beyond one a log.", func(s *host.State) float64 { return float64(s.Counts.Added) })
	t.counter("events_delivered_total", "Events of settled batches that a sink has taken.", func(s *host.State) float64 { return float64(s.Counts.Delivered) })
	t.counter("logs_dropped_total", "Logs that a guest dropped on purpose.", func(s *host.State) float64 { return float64(s.Counts.Dropped) })
	t.counter("logs_discarded_total", "Logs that failed in a guest and were given up by --on-error drop.", func(s *host.State) float64 { return float64(s.Counts.Discarded) })
	t.gauge("in_flight_bytes", "Memory of pulls in hand, and reserved for those under way.", func(s *host.State) float64 { return float64(s.InFlight) })
	t.gauge("in_flight_limit_bytes", "The budget for in_flight_bytes.", func(s *host.State) float64 { return float64(s.Budget) })
	t.gauge("start_timestamp_seconds", "When consuming began; 0 before.", func(s *host.State) float64 { return stamp(s.StartedAt) })
	t.gauge("dead_letters_waiting", "Dead letters that cannot be written now; their shards wait.", func(s *host.State) float64 { return float64(s.Letters.Waiting) })
	t.gauge("dead_letters_blocked_seconds", "For how long dead letters cannot be written; 0: they can.", func(s *host.State) float64 { return since(s.At, s.Letters.Since) })
	c.letters.counter("dead_letters_total", "Logs in the dead letters, by where they failed and why.", func(n float64) float64 { return n })
}

func (c *collector) ofSources() {
	t := c.sources
	t.gauge("source_up", "1 while the source is open, 0 while it has failed and is tried again.", func(s *host.SourceState) float64 { return yes(s.ErrorSince.IsZero()) })
	t.counter("source_reopened_total", "Times that the source was opened again after a failure.", func(s *host.SourceState) float64 { return float64(s.Reopened) })
	t.gauge("source_shards", "Shards that this consumer holds; 0: it stands by.", func(s *host.SourceState) float64 { return float64(len(s.Shards)) })
	t.gauge("source_heartbeat_timestamp_seconds", "When the consumer group last answered a heartbeat; 0 before.", func(s *host.SourceState) float64 { return stamp(s.Beat) })
	t.counter("source_logs_total", "Logs that were settled, of all shards that this consumer ever held.", func(s *host.SourceState) float64 { return float64(s.Logs) })
	t.counter("source_bytes_total", "Their keys and values.", func(s *host.SourceState) float64 { return float64(s.Bytes) })
	c.infos.gauge("source_info", "Who consumes: always 1.", func(*host.SourceState) float64 { return 1 })

	h := c.shards
	h.counter("shard_logs_total", "Logs that were settled.", func(s *host.ShardState) float64 { return float64(s.Logs) })
	h.counter("shard_bytes_total", "Their keys and values.", func(s *host.ShardState) float64 { return float64(s.Bytes) })
	h.gauge("shard_lag_seconds", "How long ago what comes next arrived in the shard; 0: nothing is left.", func(s *host.ShardState) float64 { return s.Lag })
	h.gauge("shard_log_timestamp_seconds", "Time of the last log that was settled; 0 before.", func(s *host.ShardState) float64 { return stamp(s.At) })
	h.gauge("shard_checkpoint_timestamp_seconds", "When the checkpoint was last saved; 0 before.", func(s *host.ShardState) float64 { return stamp(s.Saved) })
	h.gauge("shard_readonly", "1 when the shard was split or merged and gets no more logs.", func(s *host.ShardState) float64 { return yes(s.Readonly) })
	h.counter("pull_failures_total", "Attempts to pull that failed and were made again.", func(s *host.ShardState) float64 { return float64(s.FailedPulls) })
	h.histogram("pull_duration_seconds", "Pulls that were answered.", func(s *host.ShardState) latency.Snapshot { return s.Pull })
	h.histogram("commit_duration_seconds", "Checkpoints that were saved.", func(s *host.ShardState) latency.Snapshot { return s.Commit })
}

func (c *collector) ofGuests() {
	t := c.guests
	t.counter("guest_faults_total", "Logs that the guest trapped on, ran out of time, fuel or memory with, or answered with nonsense.", func(s *host.GuestState) float64 { return float64(s.Faults) })
	t.counter("guest_refused_total", "Logs that the guest says it cannot transform.", func(s *host.GuestState) float64 { return float64(s.Refused) })
	t.histogram("transform_duration_seconds", "Batches in the guest.", func(s *host.GuestState) latency.Snapshot { return s.Transform })
	c.modules.gauge("guest_info", "The module in use: always 1.", func(*host.GuestState) float64 { return 1 })
	same := func(v float64) float64 { return v }
	c.counters.counter("guest_counted_total", "What the guest counts, under names of its own.", same)
	c.gauges.gauge("guest_measured", "What the guest measures, under names of its own: the sum over its instances.", same)
}

func (c *collector) ofSinks() {
	t := c.sinks
	t.counter("sink_events_total", "Events that the receiver has taken.", func(s *sink) float64 { return float64(s.Delivered) })
	t.counter("sink_rejected_total", "Events that the receiver will never take.", func(s *sink) float64 { return float64(s.Rejected) })
	t.counter("sink_retries_total", "Sends that failed and are tried again soon.", func(s *sink) float64 { return float64(s.Retries) })
	t.counter("sink_holds_total", "Sends that failed and need a change of settings.", func(s *sink) float64 { return float64(s.Holds) })
	t.gauge("sink_waiting_seconds", "For how long the sink has not delivered what there is for it; 0: it delivers.", func(s *sink) float64 {
		if s.Waiting == "" {
			return 0
		}
		return since(s.now, s.WaitingSince)
	})
	t.gauge("sink_held", "1 while the sink waits for a change of settings.", func(s *sink) float64 { return yes(s.Held) })
	t.histogram("send_duration_seconds", "Sends, of several events each, with or without success.", func(s *sink) latency.Snapshot { return s.Send })
	c.codes.counter("sink_outcomes_total", "Retries, holds and rejected events, by the receiver's code or what the network said.", func(n float64) float64 { return n })
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	c.pipeline.describe(ch)
	c.sources.describe(ch)
	c.infos.describe(ch)
	c.shards.describe(ch)
	c.guests.describe(ch)
	c.modules.describe(ch)
	c.counters.describe(ch)
	c.gauges.describe(ch)
	c.sinks.describe(ch)
	c.codes.describe(ch)
	c.letters.describe(ch)
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := c.state()
	c.pipeline.collect(ch, &s)
	for i := range s.Sources {
		one := &s.Sources[i]
		c.source(ch, one, text(one.Flow), text(one.Project), text(one.Logstore))
	}
	position := map[string]int{}
	for i := range s.Guests {
		g := &s.Guests[i]
		position[g.Flow]++
		flow, at, file := text(g.Flow), strconv.Itoa(position[g.Flow]), text(g.File)
		c.guests.collect(ch, g, flow, at, file)
		c.modules.collect(ch, g, flow, at, file, text(g.Name), text(g.Version), g.SHA256)
		for _, m := range g.Metrics {
			kind := c.counters
			if m.Kind == abi.Gauge.String() {
				kind = c.gauges
			}
			kind.collect(ch, m.Value, flow, at, file, text(m.Name))
		}
	}
	for i := range s.Sinks {
		one := &s.Sinks[i]
		c.sinks.collect(ch, &sink{one, s.At}, text(one.Name))
		for _, code := range one.Codes {
			c.codes.collect(ch, float64(code.N), text(one.Name), code.Kind, text(code.Code))
		}
	}
	type key struct{ stage, name, kind string }
	sums := map[key]uint64{} // without the words of the reasons, which may be anybody's
	for _, l := range s.DeadLetters {
		sums[key{l.Stage, text(l.Name), text(l.Kind)}] += l.N
	}
	for k, n := range sums {
		c.letters.collect(ch, float64(n), k.stage, k.name, k.kind)
	}
}

func (c *collector) source(ch chan<- prometheus.Metric, s *host.SourceState, of ...string) {
	c.sources.collect(ch, s, of...)
	c.infos.collect(ch, s, append(of, text(s.Group), text(s.Consumer))...)
	for i := range s.Shards {
		c.shards.collect(ch, &s.Shards[i], append(of, strconv.Itoa(s.Shards[i].ID))...)
	}
}

// text is what may be a label, whatever a guest calls itself.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func stamp(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1e3
}

// since is the time from then to now in seconds; 0 when then is none.
func since(now, then time.Time) float64 {
	if then.IsZero() {
		return 0
	}
	return max(0, now.Sub(then).Seconds())
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
