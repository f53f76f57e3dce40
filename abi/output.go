package abi

import "fmt"

// An Output collects what guests make of logs, and owns the memory of what
// they added. Its events are valid until its next Reset; they share the
// fields that no guest changed with the logs that came in, so those must
// live as long. The zero value is ready; a reused one allocates nothing.
type Output struct {
	Events   []Event   // in the order of the logs
	Dropped  int       // logs that the guest dropped
	Failures []Failure // logs that came to nothing, in order

	a      applier
	spent  Limits // since Reset, of what logs share
	bytes  slab[byte]
	fields slab[Field] // of events
	marked slab[Field] // of Meta
	params slab[Param]
	metas  slab[Meta]
}

// A Failure is a log that a guest failed or could not transform.
type Failure struct {
	Index int   // of the log among those that went in
	At    int   // where the log would stand in Events
	Err   error // a FailError, or what else happened to the guest
}

// A FailError is the reason that a guest gave with the verdict "fail".
type FailError string

func (e FailError) Error() string { return "guest failed the log: " + string(e) }

// failTextMax is how much of a guest's reason is kept, in bytes.
const failTextMax = 1024

// A ReplyError says what is wrong with a reply.
type ReplyError struct {
	Record int // being read, counted from 0; -1 when it is none
	Offset int // in the reply, in bytes
	Err    error
}

func (e *ReplyError) Error() string {
	if e.Record < 0 {
		return fmt.Sprintf("byte %d: %v", e.Offset, e.Err)
	}
	return fmt.Sprintf("record %d, byte %d: %v", e.Record, e.Offset, e.Err)
}

func (e *ReplyError) Unwrap() error { return e.Err }

// Reset empties the Output for new logs.
func (o *Output) Reset() {
	clear(o.Events)
	clear(o.Failures)
	o.Events, o.Failures, o.Dropped, o.spent = o.Events[:0], o.Failures[:0], 0, Limits{}
	o.bytes.reset()
	o.fields.reset()
	o.marked.reset()
	o.params.reset()
	o.metas.reset()
}

// Keep takes the logs over unchanged: the empty reply.
func (o *Output) Keep(in []Event) { o.Events = append(o.Events, in...) }

// Fail notes that the log of this index came to nothing.
func (o *Output) Fail(index int, err error) {
	o.Failures = append(o.Failures, Failure{Index: index, At: len(o.Events), Err: err})
}

// An OutputMark is a moment to rewind an Output to.
type OutputMark struct {
	events, failures, dropped            int
	spent                                Limits
	bytes, fields, marked, params, metas slabMark
}

// Mark returns this moment, which is good until the next Reset.
func (o *Output) Mark() OutputMark {
	return OutputMark{
		len(o.Events), len(o.Failures), o.Dropped, o.spent,
		o.bytes.mark(), o.fields.mark(), o.marked.mark(), o.params.mark(), o.metas.mark(),
	}
}

// Rewind takes back what was added since the mark.
func (o *Output) Rewind(m OutputMark) {
	clear(o.Events[m.events:])
	clear(o.Failures[m.failures:])
	o.Events, o.Failures, o.Dropped, o.spent = o.Events[:m.events], o.Failures[:m.failures], m.dropped, m.spent
	o.bytes.rewind(m.bytes)
	o.fields.rewind(m.fields)
	o.marked.rewind(m.marked)
	o.params.rewind(m.params)
	o.metas.rewind(m.metas)
}
