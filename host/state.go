package host

import "time"

// State is what can be said of a Pipeline at one moment: for health, for
// metrics, for a page and for whoever is asked for help. It is bounded, holds
// no secrets and no logs, and is the reader's own.
type State struct {
	At        time.Time `json:"at"`
	StartedAt time.Time `json:"started_at,omitzero"` // of Run; zero before

	Counts   Counts `json:"counts"`
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

	Error      string       `json:"error,omitempty"`      // why it does not run now
	ErrorSince time.Time    `json:"error_since,omitzero"` // zero: it runs
	Reopened   uint64       `json:"reopened"`             // times after a failure
	Shards     []ShardState `json:"shards"`               // that this consumer holds, by number
}

// A ShardState is one shard that this consumer works on.
type ShardState struct {
	ID    int       `json:"id"`
	Since time.Time `json:"since"`          // when this consumer took it over
	Lag   float64   `json:"lag_seconds"`    // how long ago what is settled had arrived; 0: nothing is left
	At    time.Time `json:"at,omitzero"`    // of the last log that was settled here; zero before
	Saved time.Time `json:"saved,omitzero"` // when its checkpoint was last saved; zero before

	Logs     uint64 `json:"logs"`  // settled here
	Bytes    uint64 `json:"bytes"` // their keys and values
	Readonly bool   `json:"readonly"`
}

// A GuestState is one guest of a flow, in the order of the chain.
type GuestState struct {
	Flow    string `json:"flow,omitempty"`
	File    string `json:"file"`
	Name    string `json:"name"`    // that it gives itself
	Version string `json:"version"` // that it gives itself
	SHA256  string `json:"sha256"`  // of the module, in hex
	Faults  uint64 `json:"faults"`  // logs that it could not transform
}

// A SinkState is one sink.
type SinkState struct {
	Name      string `json:"name"`
	Delivered uint64 `json:"delivered"` // events
	Rejected  uint64 `json:"rejected"`  // events
	Retries   uint64 `json:"retries"`   // sends that are tried again soon
	Holds     uint64 `json:"holds"`     // sends that are tried again after a change of settings

	// What it waits for, while nothing arrives.
	Waiting      string    `json:"waiting,omitempty"` // "": it delivers
	WaitingSince time.Time `json:"waiting_since,omitzero"`
	Held         bool      `json:"held,omitempty"` // until somebody changes a setting
	Code         string    `json:"code,omitempty"` // of the reason, such as "503" or "network"
}

// A LetterCount is how many dead letters have the same cause.
type LetterCount struct {
	Stage  string `json:"stage"`  // "guest" or "sink"
	Name   string `json:"name"`   // of the guest's file or of the sink
	Reason string `json:"reason"` // the first one of its kind
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
	return State{At: time.Now(), Counts: p.Counts()}
}
