// Package slswasmtest runs a guest under plain go test, without WebAssembly:
//
//	func TestDropsReads(t *testing.T) {
//		g := slswasmtest.Start(t, "")
//		r := g.Run(slswasmtest.NewLog("verb", "get"))
//		if r.Verdict != slswasmtest.Drop {
//			t.Errorf("got %v", r)
//		}
//	}
//
// The logs take the way that the host sends them: they are written into a
// batch, the batch passes through the guest, and the reply is read and
// applied to the logs, by the rules of abi/ABI.md. So a test sees the events
// that a sink would see. There is one guest in a test binary: the one that the
// package under test declares.
package slswasmtest

import (
	"encoding/json"
	"slices"
	"testing"

	slswasm "github.com/slswasm/slswasm/guests/go"
)

// A Field is one key and its value.
type Field struct {
	Key, Value string
	JSON       bool // Value is one JSON value, not text
}

// A Log is one flattened log.
type Log struct {
	Time   int64 // nanoseconds since 1970-01-01 UTC
	Group  uint32
	Fields []Field // keys are unique
}

// NewLog makes a log of keys and values in turn, at a time of 2023.
func NewLog(keysAndValues ...string) Log {
	l := Log{Time: 1_700_000_000_000_000_000}
	for kv := range slices.Chunk(keysAndValues, 2) {
		l.Fields = append(l.Fields, Field{Key: kv[0], Value: kv[1]})
	}
	return l
}

// A Verdict is what the guest said of one log.
type Verdict string

// The verdicts of abi/ABI.md.
const (
	Keep Verdict = "keep"
	Drop Verdict = "drop"
	Edit Verdict = "edit"
	Emit Verdict = "emit"
	Fail Verdict = "fail"
)

// A Result is what became of one log.
type Result struct {
	Verdict Verdict
	Events  []Event // what would be delivered
	Reason  string  // of Fail
}

// An Event is what would be delivered.
type Event struct {
	Time     int64
	Fields   []Field
	Body     *string // in place of the fields
	BodyJSON bool
	Meta     Meta
}

// Get returns a field's value, "" if there is none.
func (e Event) Get(key string) string {
	if i := find(e.Fields, key); i >= 0 {
		return e.Fields[i].Value
	}
	return ""
}

// Has says whether there is a field with this key.
func (e Event) Has(key string) bool { return find(e.Fields, key) >= 0 }

func find(fields []Field, key string) int {
	return slices.IndexFunc(fields, func(f Field) bool { return f.Key == key })
}

// Meta is what the guest said beside the content; "" and nil where it said
// nothing.
type Meta struct {
	Index, Source, SourceType, Host  string
	Fields                           []Field
	Facility, Severity               *uint8
	AppName, ProcID, MsgID, Hostname string
	Structured                       []Param
	Route                            string
}

// A Param is one parameter of syslog's structured data.
type Param struct{ ID, Name, Value string }

// A Line is something that the guest printed.
type Line struct {
	Level slswasm.Level
	Text  string
}

// Descriptor is the guest's answer to its configuration.
type Descriptor struct {
	Name     string   `json:"name"`
	Version  string   `json:"version"`
	Fields   []string `json:"fields"`
	BatchMax int      `json:"batch_max"`
	Error    string   `json:"error"`
}

// Describe gives the guest a configuration and returns its answer, whose Error
// says if the guest refused.
func Describe(tb testing.TB, config string) Descriptor {
	tb.Helper()
	var d Descriptor
	answer := slswasm.Init([]byte(config))
	if err := json.Unmarshal(answer, &d); err != nil {
		tb.Fatalf("the guest's descriptor is not valid: %v: %s", err, answer)
	}
	return d
}

// A Guest takes logs.
type Guest struct {
	tb         testing.TB
	slots      []string
	wantsTable bool
	batch      []byte

	Descriptor Descriptor
	Printed    []Line // so far; also in the test's log
}

// Start gives the guest its configuration and ends the test if it is refused.
func Start(tb testing.TB, config string) *Guest {
	tb.Helper()
	g := &Guest{tb: tb, Descriptor: Describe(tb, config)}
	if g.Descriptor.Error != "" {
		tb.Fatalf("the guest refused its configuration: %s", g.Descriptor.Error)
	}
	for _, f := range g.Descriptor.Fields {
		if f == "*" {
			g.wantsTable = true
		} else {
			g.slots = append(g.slots, f)
		}
	}
	slswasm.PrintTo(func(level slswasm.Level, text string) {
		g.Printed = append(g.Printed, Line{level, text})
		tb.Logf("guest: %s", text)
	})
	tb.Cleanup(func() { slswasm.PrintTo(nil) })
	return g
}

// Run passes one log through the guest.
func (g *Guest) Run(l Log) Result {
	g.tb.Helper()
	return g.RunBatch(l)[0]
}

// RunBatch passes logs through the guest in one call. A reply that the host
// would not accept ends the test.
func (g *Guest) RunBatch(logs ...Log) []Result {
	g.tb.Helper()
	g.batch = encode(g.batch[:0], g.slots, g.wantsTable, logs)
	results, err := decode(slswasm.Transform(g.batch), g.slots, logs)
	if err != nil {
		g.tb.Fatalf("the host would not accept the guest's reply: %v", err)
	}
	return results
}

// Metrics returns what the guest has counted and measured since its start.
func (g *Guest) Metrics() map[string]float64 { return slswasm.Metrics() }

// Batch returns the bytes that RunBatch would pass to the guest, for
// benchmarks of slswasm.Transform.
func (g *Guest) Batch(logs ...Log) []byte {
	return encode(nil, g.slots, g.wantsTable, logs)
}
