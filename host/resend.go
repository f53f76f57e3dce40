package host

import (
	"context"
	"runtime/debug"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// Resend takes the logs of dead letters all the way, as Run does what it
// pulls: through the guests to the sinks, with their places and identities as
// they were. When it returns nil, every log is settled; what failed again is a
// letter in this Pipeline's own file. Messages call the i-th log name(i).
//
// It may be called in the place of Run, from one goroutine, any number of
// times.
func (p *Pipeline) Resend(ctx context.Context, letters []deadletter.Letter, name func(i int) string) (err error) {
	defer func() { // as a source does for its batches
		if v := recover(); v != nil {
			stack := debug.Stack()
			p.logger.Error("the host panicked", "value", v, "first", name(0), "stack", string(stack))
			err = &shard.PanicError{Value: v, Stack: stack}
		}
	}()
	b := &resent{letters: letters, all: make([]abi.Log, len(letters)), named: name}
	for i := range letters {
		b.all[i] = letters[i].Log
		for _, f := range letters[i].Log.Fields {
			b.bytes += len(f.Key) + len(f.Value)
		}
	}
	return p.settle(ctx, b)
}
