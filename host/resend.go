package host

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// Resend takes the logs of dead letters all the way, as Run does what it
// pulls: through the guests to the sinks, with their places and identities as
// they were. When it returns nil, every log is settled; what failed again is a
// letter in this Pipeline's own file. Messages call the i-th log name(i). A
// letter goes the way that it was going; where that is not known here, its
// logstore's.
//
// It may be called in the place of Run, from one goroutine, any number of
// times; Config.Resend says so beforehand.
func (p *Pipeline) Resend(ctx context.Context, letters []deadletter.Letter, name func(i int) string) (err error) {
	defer func() { // as a source does for its batches
		if v := recover(); v != nil {
			stack := debug.Stack()
			p.logger.Error("the host panicked", "value", v, "first", name(0), "stack", string(stack))
			err = &shard.PanicError{Value: v, Stack: stack}
		}
	}()
	for len(letters) > 0 {
		f, n := p.flowOf(&letters[0]), 1
		if f == nil {
			l := &letters[0]
			return fmt.Errorf("%s: it is of logstore %s of project %s, which no source names: "+
				"nobody says which way it may go; add a source with its sinks, or give the sinks as flags, without a file", name(0), l.Logstore, l.Project)
		}
		for n < len(letters) && p.flowOf(&letters[n]) == f {
			n++
		}
		if err := p.settle(ctx, f, newResent(letters[:n], name)); err != nil {
			return err
		}
		letters, name = letters[n:], after(name, n)
	}
	return nil
}

// flowOf returns the flow of the letter's name, or else of the logstore that it
// is from. Where there are no sources it is the only flow there is; otherwise
// nil: what was meant for one receiver must not go to another by chance.
func (p *Pipeline) flowOf(l *deadletter.Letter) *flow {
	for _, f := range p.flows {
		if l.Flow != "" && f.name == l.Flow {
			return f
		}
	}
	for _, s := range p.sources.all {
		if s.cfg.Project == l.Project && s.cfg.Logstore == l.Logstore {
			return s.flow
		}
	}
	if len(p.sources.all) == 0 {
		return p.flows[0]
	}
	return nil
}

func newResent(letters []deadletter.Letter, name func(i int) string) *resent {
	b := &resent{letters: letters, all: make([]abi.Log, len(letters)), named: name}
	for i := range letters {
		b.all[i] = letters[i].Log
		for _, f := range letters[i].Log.Fields {
			b.bytes += len(f.Key) + len(f.Value)
		}
	}
	return b
}

// after names what comes n later.
func after(name func(i int) string, n int) func(i int) string {
	return func(i int) string { return name(n + i) }
}
