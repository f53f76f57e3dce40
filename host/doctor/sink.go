package doctor

import (
	"context"
	"errors"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/sinks"
)

func (c Config) receivers() []*patient {
	var all []*patient
	for _, s := range c.Host.Sinks {
		for _, e := range endpoints(s) {
			all = append(all, c.receiver(s.Name, e))
		}
	}
	return all
}

// endpoints are the sinks that one is made of, or that one alone.
func endpoints(s host.NamedSink) []sinks.Endpoint {
	if several, ok := s.Sink.(interface{ Endpoints() []sinks.Endpoint }); ok {
		return several.Endpoints()
	}
	return []sinks.Endpoint{{Sink: s.Sink}}
}

func (c Config) receiver(name string, e sinks.Endpoint) *patient {
	p := &patient{subject: "sink " + name, of: Of{Kind: OfSink, Name: name}}
	examiner, can := e.Sink.(sinks.Examiner)
	if !can {
		if e.Name != "" {
			p.subject += " " + e.Name
		}
		p.checks = []check{{name: "receiver", try: step(sinks.Step{
			Try: e.Sink.Check, Passed: "it answers", Remedy: "mend what the error names",
		})}}
		return p
	}
	x := examiner.Examine()
	p.subject, p.conns, p.secrets = p.subject+" "+x.Address, x.Conns, append(x.Secrets, password(x.Proxy)...)
	reach, there := way{
		host: x.Host, port: x.Port, network: x.Network, tls: x.TLS, proxy: x.Proxy, setting: x.Setting, lookup: c.lookup,
		trust:  "give the authority that signed it with " + x.Trust,
		rename: "connect by a name that it has, or give one with " + x.ServerName,
	}.checks()
	p.checks = reach
	for _, s := range x.Steps {
		p.checks = append(p.checks, check{name: s.Name, needs: there, try: step(s)})
		there = append(there, s.Name)
	}
	return p
}

func step(s sinks.Step) func(context.Context) finding {
	return func(ctx context.Context) finding {
		err := sinks.Plainly(s.Try(ctx))
		if doubt, ok := errors.AsType[*sinks.Doubt](err); ok {
			return warning("%s", doubt.Reason).but("%s", doubt.Remedy)
		}
		if err != nil {
			return failed("%v", err).but("%s", s.Remedy)
		}
		return ok("%s", s.Passed)
	}
}
