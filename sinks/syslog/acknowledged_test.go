package syslog

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

// TestRELPFaults lets the receiver fail on the first connection: what it
// acknowledged counts, the rest is sent again and arrives.
func TestRELPFaults(t *testing.T) {
	ca := newAuthority(t)
	for name, c := range map[string]struct {
		fault sinktest.SyslogFault
		n     int    // acknowledged
		words string // of the Retry
	}{
		"acknowledges late":   {sinktest.SyslogFault{Do: sinktest.SyslogLastFirst}, 100, ""},
		"acknowledges no one": {sinktest.SyslogFault{Do: sinktest.SyslogNoAck}, 0, "--syslog-timeout"},
		"acknowledges ten":    {sinktest.SyslogFault{Do: sinktest.SyslogNoAck, After: 10}, 10, "--syslog-timeout"},
		"closes":              {sinktest.SyslogFault{Do: sinktest.SyslogClose, After: 10}, 10, "EOF"},
		"goes away":           {sinktest.SyslogFault{Do: sinktest.SyslogServerClose, After: 10}, 10, "serverclose"},
		"crashes and forgets": {sinktest.SyslogFault{Do: sinktest.SyslogForget, After: 10}, 10, "reset"},
		"resets":              {sinktest.SyslogFault{Do: sinktest.SyslogReset, After: 10}, 10, "reset"},
		"freezes":             {sinktest.SyslogFault{Do: sinktest.SyslogFreeze, After: 10}, 10, "--syslog-timeout"},
		"never opens":         {sinktest.SyslogFault{Do: sinktest.SyslogFreeze}, 0, "--syslog-timeout"},
		"trickles":            {sinktest.SyslogFault{Do: sinktest.SyslogTrickle, After: 10}, 10, ""},
		"trickles an open":    {sinktest.SyslogFault{Do: sinktest.SyslogTrickle}, 0, "--syslog-timeout"},
	} {
		for _, protocol := range []string{RELP, RELPTLS} {
			t.Run(name+", "+protocol, func(t *testing.T) {
				t.Parallel()
				var healed atomic.Bool
				r := start(t, sinktest.SyslogOptions{Network: protocol, TLS: ca.server(t), Fault: func(int) sinktest.SyslogFault {
					if healed.Load() {
						return sinktest.SyslogFault{}
					}
					return c.fault
				}})
				cfg := Config{Protocol: protocol, Timeout: time.Second}
				switch c.words {
				case "EOF", "serverclose", "reset": // which are not about time
					cfg.Timeout = time.Minute
				}
				if protocol == RELPTLS {
					cfg.CAFile = ca.file
				}
				s, _ := sinkTo(t, r, cfg)
				events := numbered("a", 100)
				n, err := s.Send(t.Context(), events)
				if c.n == 100 {
					if n != 100 || err != nil {
						t.Error(n, err)
					}
					return
				}
				wantRetry(t, n, min(n, c.n), err, "")
				// What ends a connection with messages in it may take the
				// answers along, and TLS has words of its own for it.
				ends := c.words == "reset" || c.words == "EOF"
				if !ends && (n != c.n || !strings.Contains(err.Error(), c.words)) {
					t.Errorf("%d acknowledged, want %d: %v", n, c.n, err)
				}
				healed.Store(true)
				s.cfg.Timeout = time.Minute // the rest is not about time
				if m, err := s.Send(t.Context(), events[n:]); n+m != 100 || err != nil {
					t.Fatal(n, m, err)
				}
				wantAll(t, r.Messages(), "a", 100)
			})
		}
	}
}

// TestOpenedInTime is a session that opened just before the time limit, which
// passes while nobody waits any more: it is no failure.
func TestOpenedInTime(t *testing.T) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), 0, errTimeout)
	defer cancel()
	if err := timedOut(ctx, nil); err != nil {
		t.Error(err)
	}
	if err := timedOut(ctx, context.Cause(ctx)); !errors.Is(err, errTimeout) {
		t.Error(err)
	}
}

// wantAll finds each of numbered(prefix, n) at least once.
func wantAll(t *testing.T, got []sinktest.SyslogMessage, prefix string, n int) {
	t.Helper()
	seen := map[string]bool{}
	for _, m := range got {
		seen[string(m.Msg)] = true
	}
	for i := range n {
		if text := fmt.Sprintf("%s %d", prefix, i); !seen[text] {
			t.Errorf("%q is missing", text)
		}
	}
}

// TestRefused is an event that the receiver does not take: it is tried again,
// then alone, and holds what comes after it; nothing is dropped.
func TestRefused(t *testing.T) {
	var healed atomic.Bool
	r := start(t, sinktest.SyslogOptions{
		Network: RELP,
		Fault:   func(int) sinktest.SyslogFault { return sinktest.SyslogFault{Do: sinktest.SyslogRefuse} },
		Refuse:  func(b []byte) bool { return bytes.HasSuffix(b, []byte("a 10")) && !healed.Load() },
	})
	s, _ := sinkTo(t, r, Config{Protocol: RELP})
	events := numbered("a", 100)
	n, err := s.Send(t.Context(), events)
	wantRetry(t, n, 10, err, `answers 500 "refused" to syslog`)
	before := r.Count()
	for range 2 {
		n, err = s.Send(t.Context(), events[10:])
		if n != 0 {
			t.Error(n)
		}
		wantHold(t, err, "one event stands in the way of all")
	}
	if got := r.Count(); got != before {
		t.Errorf("%d events were sent behind the refused one", got-before)
	}
	healed.Store(true)
	if n, err := s.Send(t.Context(), events[10:]); n != 90 || err != nil {
		t.Error(n, err)
	}
	wantAll(t, r.Messages(), "a", 100)
}

// TestNotRELP is a port that speaks something else.
func TestNotRELP(t *testing.T) {
	plain, err := sinktest.StartHEC(sinktest.HECOptions{Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	host, port, _ := strings.Cut(strings.TrimPrefix(plain.URL(), "http://"), ":")
	cfg := Config{Host: host, Protocol: RELP}
	if _, err := fmt.Sscan(port, &cfg.Port); err != nil {
		t.Fatal(err)
	}
	s, err := New(cfg, discardLog())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // always nil
	wantHold(t, s.Check(t.Context()), "--syslog-protocol: this port does not take syslog messages over RELP")
	n, err := s.Send(t.Context(), numbered("a", 2))
	wantHold(t, err, "--syslog-protocol")
	if n != 0 {
		t.Error(n)
	}
}

// TestSessionsLast uses a connection again.
func TestSessionsLast(t *testing.T) {
	r := start(t, sinktest.SyslogOptions{Network: RELP})
	s, _ := sinkTo(t, r, Config{Protocol: RELP, Conns: 1})
	for i := range 10 {
		if n, err := s.Send(t.Context(), numbered(fmt.Sprint(i), 300)); n != 300 || err != nil {
			t.Fatal(n, err)
		}
	}
	if r.Conns() != 1 || r.Count() != 3000 {
		t.Errorf("%d connections, %d messages", r.Conns(), r.Count())
	}
}

// TestRELPWithoutCertificate: over TLS 1.3 the refusal of a certificate shows on a read.
func TestRELPWithoutCertificate(t *testing.T) {
	ca := newAuthority(t)
	server := ca.server(t)
	server.ClientAuth = tls.RequireAndVerifyClientCert
	r := start(t, sinktest.SyslogOptions{Network: RELPTLS, TLS: server})
	s, _ := sinkTo(t, r, Config{Protocol: RELPTLS, CAFile: ca.file})
	wantHold(t, s.Check(t.Context()), "--syslog-cert")
	if _, err := s.Send(t.Context(), numbered("a", 1)); !errors.As(err, new(*sinks.Hold)) {
		t.Error(err)
	}
}
