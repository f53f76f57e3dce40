// Package sinks says what it means to deliver: the Sink that each receiver's
// package implements, the outcomes of a send, and what is the same for all of
// them: the retry around a sink and the choice of a sink for an event.
//
// What one receiver's protocol is like belongs in that receiver's package,
// and what becomes of a rejected event is the host's matter.
package sinks

import (
	"context"
	"fmt"
	"time"

	"github.com/slswasm/slswasm/abi"
)

// A Sink delivers events to one receiver. Its methods may be called from
// several goroutines at once.
type Sink interface {
	// Check says whether the receiver answers and takes what this sink will
	// send, as far as that can be known without sending an event.
	Check(ctx context.Context) error

	// Send tries once to deliver the events, in order. It reads them until
	// it returns and keeps nothing of them.
	//
	// Like a Write, it returns how many were delivered and, when that is not
	// all of them, why events[n] was not: a *Rejected when this one event can
	// never be delivered (the sink then knows nothing of those after it), a
	// *Retry when it may be delivered later, a *Hold when it can be delivered
	// only after somebody has changed a setting. Anything else, ctx's own
	// error among them, means that the outcome of events[n:] is not known
	// and that Send must not be called for them again: the host stops.
	Send(ctx context.Context, events []abi.Event) (n int, err error)

	// Close ends connections and waits for what the sink started.
	Close() error
}

// Rejected says that the receiver will never take this event.
type Rejected struct {
	Reason string // the receiver's words, for the dead letter
	Code   string // see CodeOf; may be empty
}

func (e *Rejected) Error() string { return "rejected: " + e.Reason }

// Retry says that the same events may be taken later.
type Retry struct {
	Err   error
	After time.Duration // the receiver's wish; 0: the retry's own backoff
}

func (e *Retry) Error() string { return e.Err.Error() }
func (e *Retry) Unwrap() error { return e.Err }

// Hold says that nothing will be taken until somebody changes a setting at
// either end: a token, a permission, a channel. It is retried slowly and
// raises an alarm; no event is dropped for it.
type Hold struct {
	Err error
}

func (e *Hold) Error() string { return fmt.Sprintf("held: %v", e.Err) }
func (e *Hold) Unwrap() error { return e.Err }
