package syslog

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slswasm/slswasm/abi"
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
	if s.cut.Load() != 1 || !strings.Contains(lines.String(), "messages=1") {
		t.Errorf("%d cut, log %s", s.cut.Load(), lines)
	}
	if got := len(r.Messages()[1].Msg); got < 65400 || got > maxDatagram {
		t.Errorf("a message of %d bytes", got)
	}
}

// TestUDPTooLarge is a way that takes less than the setting: what fits is
// found out once.
func TestUDPTooLarge(t *testing.T) {
	r := start(t, sinktest.SyslogOptions{Network: "udp"})
	s, lines := sinkTo(t, r, Config{Protocol: UDP})
	s.format.max = 0
	large := event(field("k", strings.Repeat("é", 40000)))
	for range 2 {
		if n, err := s.Send(t.Context(), []abi.Event{large, numbered("a", 1)[0], large}); n != 3 || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := r.Wait(t.Context(), 6); err != nil {
		t.Fatal(err)
	}
	if got := r.Messages()[3].Msg; len(got) < 50000 || len(got) > maxDatagram || !utf8.Valid(got) {
		t.Errorf("a message of %d bytes", len(got))
	}
	if tries := strings.Count(lines.String(), "takes no datagram"); s.cut.Load() != 4 || tries != 2 {
		t.Errorf("%d cut, %d sizes tried: %s", s.cut.Load(), tries, lines)
	}
}

// TestUDPNobody is a port where nobody listens: the host there says so, and the
// sink sends again what it knows to be lost.
func TestUDPNobody(t *testing.T) {
	r := start(t, sinktest.SyslogOptions{Network: "udp"})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	s, _ := sinkTo(t, r, Config{Protocol: UDP, Conns: 1})
	for range 100 { // the answer to a datagram shows when the next one is sent
		n, err := s.Send(t.Context(), numbered("a", 2))
		if err != nil {
			wantRetry(t, n, 0, err, "connection refused")
			return
		}
	}
	t.Error("nothing was refused")
}

// TestLongMessage: no receiver says that it does not take one, so the sink
// does, once.
func TestLongMessage(t *testing.T) {
	for _, protocol := range []string{TCP, RELP} {
		s, lines := sinkTo(t, start(t, sinktest.SyslogOptions{Network: protocol}), Config{Protocol: protocol})
		for i, size := range []int{8000, 9000, 10000} {
			if n, err := s.Send(t.Context(), []abi.Event{event(field("k", strings.Repeat("x", size)))}); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			if told := strings.Count(lines.String(), "--syslog-max-size"); told != min(i, 1) {
				t.Errorf("%s: told %d times after %d bytes", protocol, told, size)
			}
		}
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
		"relp":      {Protocol: RELP},
		"relp+tls":  {Protocol: RELPTLS, CAFile: ca.file},
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
