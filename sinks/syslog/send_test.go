package syslog

import (
	"errors"
	"strings"
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

func TestUDPCut(t *testing.T) {
	r := start(t, sinktest.SyslogOptions{Network: "udp"})
	s, lines := sinkTo(t, r, Config{Protocol: UDP})
	large := event(field("k", strings.Repeat("é", 40000)))
	events := append(numbered("a", 1), large)
	if n, err := s.Send(t.Context(), events); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if err := r.Wait(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if s.Cut() != 1 || !strings.Contains(lines.String(), "messages=1") {
		t.Errorf("%d cut, log %s", s.Cut(), lines)
	}
	if got := len(r.Messages()[1].Msg); got < 65400 || got > maxDatagram {
		t.Errorf("a message of %d bytes", got)
	}
}

func TestUDPTooLarge(t *testing.T) {
	r := start(t, sinktest.SyslogOptions{Network: "udp"})
	s, _ := sinkTo(t, r, Config{Protocol: UDP})
	s.format.max = 0 // as if the path took less than the setting
	n, err := s.Send(t.Context(), append(numbered("a", 2), event(field("k", strings.Repeat("a", 70000)))))
	var rejected *sinks.Rejected
	if n != 2 || !errors.As(err, &rejected) || !strings.Contains(rejected.Reason, "--syslog-max-size") {
		t.Error(n, err)
	}
}

// BenchmarkSend sends windows of 500 events: sample's 15 fields each.
func BenchmarkSend(b *testing.B) {
	ca := newAuthority(b)
	window := make([]abi.Event, 500)
	raw := 0
	for i := range window {
		window[i] = sample()
		for _, f := range window[i].Fields {
			raw += len(f.Key) + len(f.Value)
		}
	}
	for name, cfg := range map[string]Config{
		"tcp":       {Framing: Octet},
		"tcp, none": {Framing: Octet, Confirm: ConfirmNone},
		"tls":       {Protocol: TLS, CAFile: ca.file},
		"tls, none": {Protocol: TLS, CAFile: ca.file, Confirm: ConfirmNone},
	} {
		b.Run(name, func(b *testing.B) {
			r := start(b, sinktest.SyslogOptions{Network: cfg.Protocol, Framing: sinktest.FrameOctet, TLS: ca.server(b), OnMessage: func(*sinktest.SyslogMessage) {}})
			s, _ := sinkTo(b, r, cfg)
			b.SetBytes(int64(raw))
			b.ReportAllocs()
			for b.Loop() {
				if n, err := s.Send(b.Context(), window); n != len(window) || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}
