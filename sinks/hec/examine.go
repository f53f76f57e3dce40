package hec

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/slswasm/slswasm/sinks"
)

var _ sinks.Examiner = (*Sink)(nil)

// Examine implements sinks.Examiner with the parts of Check.
func (s *Sink) Examine() sinks.Examination {
	e := sinks.Examination{
		Address: s.base, Network: "tcp", Setting: "--hec-url", Trust: "--hec-ca", ServerName: "--hec-server-name",
		Conns: s.cfg.Concurrency, Secrets: []string{s.token.now()},
		Steps: []sinks.Step{
			{
				Name: "health", Try: s.within(s.checkHealth), Passed: "the HTTP Event Collector is healthy",
				Remedy: "let --hec-url name the HTTP Event Collector (port 8088 by default), not another port of Splunk, and see Splunk's own log",
			},
			{
				Name: "token", Try: s.within(s.checkToken), Passed: "accepted",
				Remedy: "give the token of an input that is enabled in Splunk, with --hec-token or --hec-token-file",
			},
		},
	}
	if s.cfg.Ack {
		e.Steps = append(e.Steps, sinks.Step{
			Name: "acknowledgement", Try: s.within(s.checkAck), Passed: "the token has indexer acknowledgement enabled",
			Remedy: "enable indexer acknowledgement for the token in Splunk, or leave --hec-ack out",
		})
	}
	u, err := url.Parse(s.base)
	if err != nil { // cannot be: New made it
		return e
	}
	e.Host, e.Port = u.Hostname(), u.Port()
	if e.Port == "" {
		e.Port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if s.proxy != nil {
		e.Proxy, _ = s.proxy(&http.Request{URL: u}) // an error shows in each step
	}
	if t, ok := s.client.Transport.(*http.Transport); ok && t.TLSClientConfig != nil {
		e.TLS = t.TLSClientConfig.Clone()
		if e.TLS.ServerName == "" {
			e.TLS.ServerName = e.Host
		}
	}
	return e
}

// within keeps Close waiting while a step runs.
func (s *Sink) within(step func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		end, err := s.begin()
		if err != nil {
			return err
		}
		defer end()
		return step(ctx)
	}
}

func (s *Sink) checkHealth(ctx context.Context) error {
	health, err := s.ask(ctx, http.MethodGet, healthPath, nil)
	if err != nil {
		return s.unreachable(err)
	}
	if v := health.judge(0, time.Now()); v.kind == stopped && health.status == http.StatusOK {
		return fmt.Errorf("HEC at %s: check --hec-url (host, port): %w", s.base, v.err)
	} else if v.kind == busy && v.code >= 0 {
		return &sinks.Doubt{Reason: "the receiver is not healthy: " + health.excerpt(), Remedy: later}
	}
	return nil
}

func (s *Sink) checkToken(ctx context.Context) error {
	return s.onChannel(func(ch *channel) error { return s.postNothing(ctx, ch) })
}

func (s *Sink) checkAck(ctx context.Context) error {
	return s.onChannel(func(ch *channel) error { return s.checkAcks(ctx, ch) })
}

// onChannel lends a channel where the settings ask for acknowledgement.
func (s *Sink) onChannel(f func(*channel) error) error {
	if !s.cfg.Ack {
		return f(nil)
	}
	ch := s.channels.take()
	defer s.channels.put(ch)
	return f(ch)
}

// postNothing proves the token with an empty POST.
func (s *Sink) postNothing(ctx context.Context, ch *channel) error {
	empty, err := s.ask(ctx, http.MethodPost, eventPath, ch)
	if err != nil {
		return s.unreachable(err)
	}
	return s.checkEmpty(empty)
}
