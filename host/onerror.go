package host

import (
	"fmt"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// OnError says what becomes of a log that a guest could not transform.
type OnError string

// The policies of --on-error.
const (
	OnErrorDeadLetter OnError = "dead-letter" // kept for a replay, with the reason
	OnErrorHalt       OnError = "halt"        // everything stops, the log is not settled
	OnErrorPass       OnError = "pass"        // delivered as it was
	OnErrorDrop       OnError = "drop"        // given up, and counted
)

// ParseOnError returns the policy of this name.
func ParseOnError(s string) (OnError, error) {
	switch o := OnError(s); o {
	case OnErrorDeadLetter, OnErrorHalt, OnErrorPass, OnErrorDrop:
		return o, nil
	}
	return "", fmt.Errorf("%q is none of: %s, %s, %s, %s", s, OnErrorDeadLetter, OnErrorHalt, OnErrorPass, OnErrorDrop)
}

// A haltError ends all sources.
type haltError struct{ err error }

func (e *haltError) Error() string { return e.err.Error() }
func (e *haltError) Unwrap() error { return e.err }

// letterFunc notes a dead letter for an event, with a word for its reason; it is written before the batch
// is settled.
type letterFunc func(e *abi.Event, stage deadletter.Stage, kind, reason string)

// fail applies the policy to what the guest could not transform, and returns
// the events that go on.
func (p *Pipeline) fail(f *flow, g *module, b batch, in []abi.Event, out *guest.Output, merged *[]abi.Event, tally *Counts, letter letterFunc) ([]abi.Event, error) {
	if len(out.Failures) == 0 {
		return out.Events, nil
	}
	tally.Failed += uint64(len(out.Failures))
	g.tally.failed(out.Failures)
	failed := &out.Failures[0]
	p.logger.Warn("logs could not be transformed", "guest", g.file, "sha256", g.sha256, "logs", len(out.Failures),
		"on_error", string(f.onError), "first", failed.Err)
	switch f.onError {
	case OnErrorHalt:
		p.showHalt(f, g, b, in[failed.Index].Origin, failed.Err)
		return nil, &haltError{fmt.Errorf("%s: %w; nothing was skipped: mend the guest, or choose another --on-error",
			b.name(in[failed.Index].Origin), failed.Err)}
	case OnErrorDrop:
		tally.Discarded += uint64(len(out.Failures))
		return out.Events, nil
	case OnErrorPass:
		*merged = merge((*merged)[:0], in, out)
		return *merged, nil
	default:
		for _, failure := range out.Failures {
			letter(&in[failure.Index], g.stage(), kindOf(failure.Err), failure.Err.Error())
		}
		return out.Events, nil
	}
}

// merge appends to dst the events of out, with those that failed back among
// them in the order of their logs.
func merge(dst, in []abi.Event, out *guest.Output) []abi.Event {
	at := 0
	for _, f := range out.Failures {
		dst = append(dst, out.Events[at:f.At]...)
		dst = append(dst, in[f.Index])
		at = f.At
	}
	return append(dst, out.Events[at:]...)
}
