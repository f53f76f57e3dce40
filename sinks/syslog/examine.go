package syslog

import (
	"context"
	"strconv"

	"github.com/slswasm/slswasm/sinks"
)

var _ sinks.Examiner = (*Sink)(nil)

// Examine implements sinks.Examiner.
func (s *Sink) Examine() sinks.Examination {
	e := sinks.Examination{
		Address: s.cfg.Protocol + "://" + s.addr, Network: "tcp", Host: s.cfg.Host, Port: strconv.Itoa(s.cfg.Port),
		Setting: "--syslog-url (or --syslog-host and --syslog-port)", Trust: "--syslog-ca", ServerName: "--syslog-server-name",
		Conns: s.cfg.Conns,
	}
	if s.tls != nil {
		e.TLS = s.tls.Clone()
		e.TLS.ClientSessionCache = nil
	}
	step := sinks.Step{Name: "session", Try: s.examine}
	switch {
	case s.cfg.Protocol == UDP:
		e.Network = "udp"
		step.Remedy = "check this machine's routes to the receiver"
	case s.cfg.acknowledges():
		step.Passed = "opened over RELP, and closed"
		step.Remedy = "let --syslog-url name a port where the receiver takes RELP, with or without TLS as the scheme says, and see the receiver's own log"
	default:
		step.Passed = "the receiver confirms the end of a connection"
		step.Remedy = "see the receiver's own log; one that never ends a connection needs --syslog-confirm none, or RELP"
	}
	e.Steps = []sinks.Step{step}
	return e
}

// examine is Check with doubts in the place of log lines.
func (s *Sink) examine(ctx context.Context) error {
	ctx, done := s.bind(ctx)
	defer done()
	slot, err := s.take(ctx)
	if err != nil {
		return err
	}
	defer func() { s.slots <- slot }()
	if err := s.outcome(ctx, s.check(ctx)); err != nil {
		return sinks.Plainly(err)
	}
	if s.cfg.Confirm == ConfirmNone {
		return &sinks.Doubt{
			Reason: "nothing confirms what is delivered over " + s.cfg.Protocol + ": messages may be lost without a trace",
			Remedy: "use relp, or tcp or tls with --syslog-confirm close",
		}
	}
	return nil
}
