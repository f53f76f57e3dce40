package hec

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

// Each fault shows at one step, the first that meets it.
func TestExamine(t *testing.T) {
	sick := sinktest.HECError(503, 18, sinktest.NoNumber)
	notHEC := sinktest.HECAnswer{Status: 200, Body: "<html>"}
	answer := func(a sinktest.HECAnswer) sinktest.HECOptions {
		return sinktest.HECOptions{Answer: sinktest.HECScript(a)}
	}
	for name, c := range map[string]struct {
		opt   sinktest.HECOptions
		step  string
		doubt bool
	}{
		"well":          {sinktest.HECOptions{}, "", false},
		"unhealthy":     {sinktest.HECOptions{Health: &sick}, "health", true},
		"something":     {sinktest.HECOptions{Health: &notHEC}, "health", false},
		"busy":          {answer(sinktest.HECError(503, 9, sinktest.NoNumber)), "token", true},
		"another token": {sinktest.HECOptions{Token: "another"}, "token", false},
		"channels":      {sinktest.HECOptions{NeedChannel: true}, "token", false},
		"acks":          {sinktest.HECOptions{Acks: polled(true)}, "", false},
		"acks off":      {sinktest.HECOptions{Acks: polled(false)}, "acknowledgement", false},
		"acks busy":     {sinktest.HECOptions{Acks: polled(true, sinktest.HECError(503, 9, sinktest.NoNumber))}, "acknowledgement", true},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := start(t, c.opt, func(cfg *Config) { cfg.Ack = strings.HasPrefix(name, "ack") })
			e := s.Examine()
			if e.Address != r.URL() || "http://"+e.Host+":"+e.Port != r.URL() || e.TLS != nil || e.Proxy != nil || e.Conns != DefaultConcurrency {
				t.Errorf("%+v", e)
			}
			if len(e.Secrets) != 1 || e.Secrets[0] != token {
				t.Errorf("secrets %q", e.Secrets)
			}
			at, doubt := firstAt(t.Context(), e)
			if at != c.step || doubt != c.doubt {
				t.Errorf("found at %q (doubt: %v), want %q (%v)", at, doubt, c.step, c.doubt)
			}
			if n := r.Count(); n != 0 {
				t.Errorf("it left %d events", n)
			}
		})
	}
}

// firstAt is the first step that does not simply succeed.
func firstAt(ctx context.Context, e sinks.Examination) (step string, doubt bool) {
	for _, s := range e.Steps {
		if err := s.Try(ctx); err != nil {
			_, doubt = errors.AsType[*sinks.Doubt](err)
			return s.Name, doubt
		}
	}
	return "", false
}

func TestExamineOverTLS(t *testing.T) {
	for _, tt := range []struct {
		cfg               Config
		host, port, proxy string
		name              string
	}{
		{Config{URL: "https://splunk.test"}, "splunk.test", "443", "", "splunk.test"},
		{Config{URL: "https://splunk.test:8088/x", ServerName: "other"}, "splunk.test", "8088", "", "other"},
		{Config{URL: "https://splunk.test", Proxy: "http://u:p@proxy.test:3128"}, "splunk.test", "443", "proxy.test:3128", "splunk.test"},
	} {
		tt.cfg.Token = token
		s, err := New(tt.cfg, quiet())
		if err != nil {
			t.Fatal(err)
		}
		e := s.Examine()
		if e.Proxy == nil {
			e.Proxy = &url.URL{}
		}
		if e.Host != tt.host || e.Port != tt.port || e.Proxy.Host != tt.proxy || e.TLS == nil || e.TLS.ServerName != tt.name {
			t.Errorf("%s: %+v", tt.cfg.URL, e)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := e.Steps[0].Try(t.Context()); !errors.Is(err, errClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
}
