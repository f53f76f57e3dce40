package host

import (
	"context"
	"errors"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/latency"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/sinks"
)

// State is what can be said of a Pipeline at one moment: for health, for
// metrics, for a page and for whoever is asked for help. It is bounded, holds
// no secrets and no logs, and is the reader's own.
type State struct {
	At        time.Time `json:"at"`
	StartedAt time.Time `json:"started_at,omitzero"` // of Run; zero before

	Batches  uint64 `json:"batches"`         // settled
	Counts   Counts `json:"counts"`          // of what was in them
	InFlight int64  `json:"in_flight_bytes"` // of pulls, and of what decoding makes of them
	Budget   int64  `json:"budget_bytes"`    // for InFlight

	Sources     []SourceState `json:"sources"`
	Guests      []GuestState  `json:"guests"`
	Sinks       []SinkState   `json:"sinks"`
	DeadLetters []LetterCount `json:"dead_letters"` // most first
	Letters     LettersState  `json:"letters"`
}

// A SourceState is one consumer of one logstore.
type SourceState struct {
	Flow     string `json:"flow,omitempty"`
	Project  string `json:"project"`
	Logstore string `json:"logstore"`
	Group    string `json:"group"`
	Consumer string `json:"consumer"`

	Error      string    `json:"error,omitempty"`      // why it does not run now
	ErrorSince time.Time `json:"error_since,omitzero"` // zero: it runs
	Reopened   uint64    `json:"reopened"`             // times, after failures
	Beat       time.Time `json:"beat,omitzero"`        // when its last heartbeat was answered; zero before
	Timeout    float64   `json:"timeout_seconds"`      // of the group: longer without a heartbeat, and its shards are lost
	Done       bool      `json:"done"`                 // it has read everything up to --until, or was stopped

	Logs   uint64       `json:"logs"`   // settled, of all shards that it ever held
	Bytes  uint64       `json:"bytes"`  // their keys and values
	Shards []ShardState `json:"shards"` // that it holds now, by number; none: it stands by
}

// A ShardState is one shard that this consumer works on.
type ShardState struct {
	ID    int       `json:"id"`
	Since time.Time `json:"since"`          // when this consumer took it over
	Lag   float64   `json:"lag_seconds"`    // how long ago what comes next arrived; 0: nothing is left
	At    time.Time `json:"at,omitzero"`    // of the last log that was settled here; zero before
	Saved time.Time `json:"saved,omitzero"` // when its checkpoint was last saved; zero before

	Logs        uint64           `json:"logs"`  // settled here
	Bytes       uint64           `json:"bytes"` // their keys and values
	Readonly    bool             `json:"readonly"`
	Pull        latency.Snapshot `json:"pull"`   // calls that were answered
	Commit      latency.Snapshot `json:"commit"` // checkpoints that were saved
	FailedPulls uint64           `json:"failed_pulls"`
}

// A GuestState is one guest of a flow, in the order of the chain, since it was
// last loaded.
type GuestState struct {
	Flow    string `json:"flow,omitempty"`
	File    string `json:"file"`
	Name    string `json:"name"`    // that it gives itself
	Version string `json:"version"` // that it gives itself
	SHA256  string `json:"sha256"`  // of the module, in hex

	Faults    uint64           `json:"faults"`    // logs that it trapped on, ran out of time or memory with, and the like
	Refused   uint64           `json:"refused"`   // logs that it says it cannot transform
	Transform latency.Snapshot `json:"transform"` // of batches

	Metrics []GuestMetric `json:"metrics"` // its own; counters go on when it is loaded again
}

// A GuestMetric is something that a guest counts or measures.
type GuestMetric struct {
	Kind  string  `json:"kind"` // "counter" or "gauge"
	Name  string  `json:"name"` // like [a-z][a-z0-9_]{0,63}
	Value float64 `json:"value"`
}

// A SinkState is one sink.
type SinkState struct {
	Name      string            `json:"name"`
	Delivered uint64            `json:"delivered"` // events
	Rejected  uint64            `json:"rejected"`  // events
	Retries   uint64            `json:"retries"`   // sends that are tried again soon
	Holds     uint64            `json:"holds"`     // sends that are tried again after a change of settings
	Codes     []sinks.CodeCount `json:"codes"`     // of the last three
	Send      latency.Snapshot  `json:"send"`      // of several events at a time, with or without success

	// What it waits for, while somebody has events for it.
	Waiting      string    `json:"waiting,omitempty"` // "": it delivers
	WaitingSince time.Time `json:"waiting_since,omitzero"`
	Held         bool      `json:"held,omitempty"` // until somebody changes a setting
	Code         string    `json:"code,omitempty"` // of the reason: see sinks.CodeOf
}

// A LetterCount is how many dead letters have the same cause.
type LetterCount struct {
	Stage  string `json:"stage"`  // "guest" or "sink"
	Name   string `json:"name"`   // of the guest's file or of the sink
	Kind   string `json:"kind"`   // one of a few: a guest.Kind, or who refused it
	Reason string `json:"reason"` // in its words, without numbers and what it quotes
	N      uint64 `json:"n"`
}

// LettersState says whether dead letters can be written.
type LettersState struct {
	Waiting int       `json:"waiting"`        // letters that cannot be written now; their shards wait
	Since   time.Time `json:"since,omitzero"` // zero: all is well
	Error   string    `json:"error,omitempty"`
}

// State returns how things are now. It may be called at any time, from any
// goroutine, and is cheap enough for every second.
func (p *Pipeline) State() State {
	s := State{
		At: time.Now(), Batches: p.batches.Load(), Counts: p.Counts(), Letters: p.letters.state(), DeadLetters: p.reasons.snapshot(),
		Sources: []SourceState{}, Guests: []GuestState{}, Sinks: []SinkState{}, // not null, for whoever reads the JSON
	}
	if at := p.started.Load(); at != nil {
		s.StartedAt = *at
	}
	budgets := map[*shard.Budget]bool{} // sources share them
	for _, source := range p.sources.all {
		one, budget := source.state(s.At)
		s.Sources = append(s.Sources, one)
		if budget != nil && !budgets[budget] {
			budgets[budget] = true
			s.InFlight += budget.InFlight()
			s.Budget += budget.Size()
		}
	}
	for _, f := range p.flows {
		s.Guests = append(s.Guests, f.guests()...)
	}
	for _, d := range p.delivery {
		s.Sinks = append(s.Sinks, d.state())
	}
	return s
}

func (s *source) state(now time.Time) (SourceState, *shard.Budget) {
	of := s.progress()
	s.mu.Lock()
	defer s.mu.Unlock()
	state := SourceState{
		Flow: s.flow.name, Project: s.cfg.Project, Logstore: s.cfg.Logstore, Group: s.cfg.Group,
		Consumer: of.Consumer, Beat: of.Beat, Timeout: of.Timeout.Seconds(), Reopened: s.reopened, ErrorSince: s.since, Done: s.done,
		Logs: uint64(of.Logs), Bytes: uint64(of.Bytes), Shards: []ShardState{},
	}
	budget := s.cfg.Budget
	if s.open != nil {
		budget = s.open.Budget()
	}
	if s.failed != nil {
		state.Error = s.failed.Error()
	}
	for _, p := range of.Shards {
		if p.Since.IsZero() {
			continue
		}
		state.Shards = append(state.Shards, ShardState{
			ID: p.Shard, Since: p.Since, Lag: p.Lag(now).Seconds(), At: p.Time, Saved: p.Saved,
			Logs: p.Logs, Bytes: p.Bytes, Readonly: p.Readonly, Pull: p.Pull, Commit: p.Commit, FailedPulls: p.FailedPulls,
		})
	}
	return state, budget
}

// guests is the state of those that batches pass through from now on.
func (f *flow) guests() []GuestState {
	f.swap.Lock()
	modules := f.chain.modules
	f.swap.Unlock()
	var all []GuestState
	for i := range modules {
		m := &modules[i]
		info, metrics := m.Info(), []GuestMetric{}
		for _, one := range m.Metrics() {
			metrics = append(metrics, GuestMetric{one.Kind.String(), one.Name, one.Value})
		}
		all = append(all, GuestState{
			Flow: f.name, File: m.file, Name: info.Name, Version: info.Version, SHA256: m.sha256,
			Faults: m.tally.faults.Load(), Refused: m.tally.refused.Load(), Transform: m.tally.transform.Snapshot(), Metrics: metrics,
		})
	}
	return all
}

// A delivery is one sink with the retry around it.
type delivery struct {
	name string
	*sinks.Retrier
	sends latency.Histogram
}

func (d *delivery) state() SinkState {
	n := d.Stats()
	state := SinkState{
		Name: d.name, Delivered: n.Delivered, Rejected: n.Rejected, Retries: n.Retries, Holds: n.Holds,
		Codes: append([]sinks.CodeCount{}, d.Codes()...), Send: d.sends.Snapshot(),
	}
	if w, waits := d.Waiting(); waits {
		if h, ok := errors.AsType[*sinks.Hold](w.Err); ok { // Held says so already
			w.Err = h.Err
		}
		state.Waiting, state.WaitingSince, state.Held, state.Code = w.Err.Error(), w.Since, w.Held, w.Code
	}
	return state
}

// A timed sink notes how long its sends take.
type timed struct {
	sinks.Sink
	took *latency.Histogram
}

func (t timed) Send(ctx context.Context, events []abi.Event) (int, error) {
	defer t.took.Since(time.Now())
	return t.Sink.Send(ctx, events)
}

func (b *letterbox) state() LettersState {
	b.mu.Lock()
	defer b.mu.Unlock()
	state := LettersState{Waiting: b.waiting, Since: b.since}
	if b.err != nil && !b.since.IsZero() {
		state.Error = b.err.Error()
	}
	return state
}
