package host

import (
	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/tap"
)

// show offers a batch that went through the guests to the tap.
func (p *Pipeline) show(f *flow, l *lane, b batch, guests *chain, events []abi.Event) {
	logs := b.logs()
	if len(logs) == 0 {
		return
	}
	var failures []tap.Failure
	in := l.events
	for i := range guests.modules {
		out := &l.outputs[i]
		for _, failed := range out.Failures {
			failures = append(failures, tap.Failure{Origin: in[failed.Index].Origin, Guest: guests.modules[i].file, Err: failed.Err})
		}
		in = out.Events
		if len(out.Failures) > 0 && f.onError == OnErrorPass {
			in = l.merged[i]
		}
	}
	first := b.letter(0)
	p.tap.Offer(tap.Batch{
		Flow: f.name, Source: first.Project + "/" + first.Logstore, Shard: first.Shard,
		Logs: logs, Events: events, Failures: failures,
	})
}

// showHalt offers the one log that ends the run.
func (p *Pipeline) showHalt(f *flow, g *module, b batch, origin int, why error) {
	if !p.tap.Watched() {
		return
	}
	of := b.letter(origin)
	p.tap.Offer(tap.Batch{
		Flow: f.name, Source: of.Project + "/" + of.Logstore, Shard: of.Shard,
		Logs: b.logs()[origin : origin+1], Failures: []tap.Failure{{Guest: g.file, Err: why}}, Last: true,
	})
}
