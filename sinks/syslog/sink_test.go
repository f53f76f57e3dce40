package syslog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a receiver that ends with the test and must have seen nothing
// against the protocol.
func start(t testing.TB, opt sinktest.SyslogOptions) *sinktest.SyslogReceiver {
	t.Helper()
	r, err := sinktest.StartSyslog(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(r.Close(), r.Err()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// sinkTo makes a sink to r and returns what it logs.
func sinkTo(t testing.TB, r *sinktest.SyslogReceiver, cfg Config) (*Sink, *syncBuffer) {
	t.Helper()
	cfg.Host, cfg.Port = r.Host(), r.Port()
	lines := &syncBuffer{}
	s, err := New(cfg, slog.New(slog.NewTextHandler(lines, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, lines
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// numbered makes n events with the bodies "prefix 0", "prefix 1"...
func numbered(prefix string, n int) []abi.Event {
	events := make([]abi.Event, n)
	for i := range events {
		events[i] = abi.Event{Log: abi.Log{Time: eventTime}, Body: fmt.Appendf(nil, "%s %d", prefix, i)}
	}
	return events
}

// huge makes events of more bytes than the kernel buffers.
func huge() []abi.Event {
	body := bytes.Repeat([]byte("x"), 1<<20)
	events := make([]abi.Event, 16)
	for i := range events {
		events[i] = abi.Event{Body: body}
	}
	return events
}

// wantNumbered holds the receiver's messages against numbered(prefix, n).
func wantNumbered(t *testing.T, got []sinktest.SyslogMessage, prefix string, n int) {
	t.Helper()
	if len(got) != n {
		t.Fatalf("%d messages, want %d", len(got), n)
	}
	for i, m := range got {
		if want := fmt.Sprintf("%s %d", prefix, i); string(m.Msg) != want {
			t.Fatalf("message %d is %q, want %q", i, m.Msg, want)
		}
	}
}

// wantRetry says whether the outcome is n and a Retry that speaks of words.
func wantRetry(t *testing.T, n, want int, err error, words string) {
	t.Helper()
	var retry *sinks.Retry
	if n != want || !errors.As(err, &retry) || !strings.Contains(err.Error(), words) {
		t.Errorf("%d, %T %v; want %d and a Retry with %q", n, err, err, want, words)
	}
}

func wantHold(t *testing.T, err error, words string) {
	t.Helper()
	var hold *sinks.Hold
	if !errors.As(err, &hold) || !strings.Contains(err.Error(), words) {
		t.Errorf("%T %v; want a Hold with %q", err, err, words)
	}
}

func TestSend(t *testing.T) {
	ca := newAuthority(t)
	for name, c := range map[string]struct {
		receiver sinktest.SyslogOptions
		cfg      Config
	}{
		"tcp":             {sinktest.SyslogOptions{}, Config{}},
		"tcp, octet":      {sinktest.SyslogOptions{Framing: sinktest.FrameOctet}, Config{Framing: Octet}},
		"tcp, no confirm": {sinktest.SyslogOptions{}, Config{Confirm: ConfirmNone, Conns: 1}},
		"tcp, rfc3164":    {sinktest.SyslogOptions{RFC3164: true}, Config{Format: RFC3164}},
		"tls":             {sinktest.SyslogOptions{Network: "tls", Framing: sinktest.FrameOctet, TLS: ca.server(t)}, Config{Protocol: TLS, CAFile: ca.file}},
		"tls, no confirm": {sinktest.SyslogOptions{Network: "tls", Framing: sinktest.FrameOctet, TLS: ca.server(t)}, Config{Protocol: TLS, CAFile: ca.file, Confirm: ConfirmNone, Conns: 1}},
		"tls, lf":         {sinktest.SyslogOptions{Network: "tls", TLS: ca.server(t)}, Config{Protocol: TLS, CAFile: ca.file, Framing: LF}},
		"relp":            {sinktest.SyslogOptions{Network: RELP}, Config{Protocol: RELP}},
		"relp, rfc3164":   {sinktest.SyslogOptions{Network: RELP, RFC3164: true}, Config{Protocol: RELP, Format: RFC3164, RELPWindow: 1}},
		"relp+tls":        {sinktest.SyslogOptions{Network: RELPTLS, TLS: ca.server(t)}, Config{Protocol: RELPTLS, CAFile: ca.file}},
		"udp":             {sinktest.SyslogOptions{Network: "udp"}, Config{Protocol: UDP}},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, c.receiver)
			s, lines := sinkTo(t, r, c.cfg)
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			if warned := strings.Contains(lines.String(), "not at-least-once"); warned != (s.cfg.Confirm == ConfirmNone) {
				t.Errorf("warned: %v in %s", warned, lines)
			}
			for window := range 3 {
				events := numbered("a", 100)
				if n, err := s.Send(t.Context(), events); n != len(events) || err != nil {
					t.Fatal(n, err)
				}
				if c.cfg.Confirm == "" && c.cfg.Protocol != UDP {
					// Confirmed means read: no waiting.
					if got := r.Count(); got != (window+1)*100 {
						t.Fatalf("%d messages confirmed, %d received", (window+1)*100, got)
					}
				}
			}
			if err := r.Wait(t.Context(), 300); err != nil {
				t.Fatal(err)
			}
			wantNumbered(t, r.Messages()[:100], "a", 100)
			if c.cfg.Confirm == ConfirmNone && r.Conns() != 2 {
				t.Errorf("%d connections, want one for the check and one for all windows", r.Conns())
			}
		})
	}
}

// The logger carries the sink's name already: no line says it twice.
func TestNamedOnce(t *testing.T) {
	r := start(t, sinktest.SyslogOptions{Network: "udp"})
	lines := &syncBuffer{}
	log := slog.New(slog.NewTextHandler(lines, nil)).With("sink", "syslog")
	s, err := New(Config{Host: r.Host(), Port: r.Port(), Protocol: UDP}, log)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Check(t.Context()), s.Close()); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(lines.String(), "sink="); n != 1 {
		t.Errorf("the name is there %d times: %s", n, lines)
	}
}

func TestSendNothing(t *testing.T) {
	s, _ := sinkTo(t, start(t, sinktest.SyslogOptions{}), Config{})
	if n, err := s.Send(t.Context(), nil); n != 0 || err != nil {
		t.Error(n, err)
	}
}

func TestSendConcurrently(t *testing.T) {
	r := start(t, sinktest.SyslogOptions{})
	s, _ := sinkTo(t, r, Config{Conns: 2})
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for range 5 {
				events := numbered(fmt.Sprint("g", g), 20)
				if n, err := s.Send(t.Context(), events); n != len(events) || err != nil {
					t.Error(n, err)
				}
			}
		})
	}
	all.Wait()
	if r.Count() != 8*5*20 {
		t.Errorf("%d messages, want %d", r.Count(), 8*5*20)
	}
}

// TestFaults lets the receiver fail on the first connection: nothing is
// confirmed, and the next Send delivers everything.
func TestFaults(t *testing.T) {
	ca := newAuthority(t)
	for name, c := range map[string]struct {
		fault  sinktest.SyslogFault
		events []abi.Event
		words  string
	}{
		"closes after one":           {sinktest.SyslogFault{Do: sinktest.SyslogClose, After: 1}, huge(), ""},
		"closes at once":             {sinktest.SyslogFault{Do: sinktest.SyslogClose}, huge(), ""},
		"resets after one":           {sinktest.SyslogFault{Do: sinktest.SyslogReset, After: 1}, huge(), "reset"},
		"resets, all in the kernel":  {sinktest.SyslogFault{Do: sinktest.SyslogReset, After: 1}, numbered("a", 2), "reset"},
		"freezes, buffers full":      {sinktest.SyslogFault{Do: sinktest.SyslogFreeze, After: 1}, huge(), "--syslog-timeout"},
		"freezes, all in the kernel": {sinktest.SyslogFault{Do: sinktest.SyslogFreeze, After: 1}, numbered("a", 2), "--syslog-timeout"},
		"trickles":                   {sinktest.SyslogFault{Do: sinktest.SyslogTrickle, After: 1}, numbered("a", 2), ""},
		"trickles from the begin":    {sinktest.SyslogFault{Do: sinktest.SyslogTrickle}, numbered("a", 2), "--syslog-timeout"},
		"never closes":               {sinktest.SyslogFault{Do: sinktest.SyslogNeverDone}, numbered("a", 2), "--syslog-confirm none"},
	} {
		for _, protocol := range []string{TCP, TLS} {
			t.Run(name+", "+protocol, func(t *testing.T) {
				t.Parallel()
				r := start(t, sinktest.SyslogOptions{Network: protocol, TLS: ca.server(t), Fault: func(conn int) sinktest.SyslogFault {
					if conn == 0 {
						return c.fault
					}
					return sinktest.SyslogFault{}
				}})
				cfg := Config{Protocol: protocol, Framing: LF, Timeout: 300 * time.Millisecond}
				if c.words == "reset" { // which is not about time
					cfg.Timeout = time.Minute
				}
				if protocol == TLS {
					cfg.CAFile = ca.file
				}
				s, _ := sinkTo(t, r, cfg)
				n, err := s.Send(t.Context(), c.events)
				wantRetry(t, n, 0, err, c.words)

				s.cfg.Timeout = time.Minute // the rest is not about time
				before := r.Count()
				if n, err := s.Send(t.Context(), numbered("b", 50)); n != 50 || err != nil {
					t.Fatal(n, err)
				}
				wantNumbered(t, r.Messages()[before:], "b", 50)
			})
		}
	}
}

func TestUnconfirmedDialsAgain(t *testing.T) {
	r := start(t, sinktest.SyslogOptions{Fault: func(conn int) sinktest.SyslogFault {
		if conn == 0 {
			return sinktest.SyslogFault{Do: sinktest.SyslogClose, After: 2}
		}
		return sinktest.SyslogFault{}
	}})
	s, lines := sinkTo(t, r, Config{Confirm: ConfirmNone, Conns: 1})
	if n, err := s.Send(t.Context(), numbered("a", 2)); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	slot := <-s.slots
	<-slot.stream.ended // the reader sees the end without a write
	s.slots <- slot
	if n, err := s.Send(t.Context(), numbered("b", 2)); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if err := r.Wait(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	wantNumbered(t, r.Messages()[2:], "b", 2)
	if !strings.Contains(lines.String(), "may be lost") {
		t.Errorf("no warning in %s", lines)
	}
}

// TestUnconfirmedFailure counts what the kernel took before the error.
func TestUnconfirmedFailure(t *testing.T) {
	r := start(t, sinktest.SyslogOptions{Fault: func(int) sinktest.SyslogFault {
		return sinktest.SyslogFault{Do: sinktest.SyslogFreeze, After: 1}
	}})
	s, _ := sinkTo(t, r, Config{Confirm: ConfirmNone, Timeout: 200 * time.Millisecond})
	n, err := s.Send(t.Context(), huge())
	wantRetry(t, n, n, err, "--syslog-timeout")
	if n == 0 || n == len(huge()) {
		t.Errorf("%d events taken by the kernel", n)
	}
}

func TestCancel(t *testing.T) {
	frozen := func(int) sinktest.SyslogFault { return sinktest.SyslogFault{Do: sinktest.SyslogFreeze, After: 1} }
	for _, confirm := range []string{ConfirmClose, ConfirmNone} {
		for name, events := range map[string][]abi.Event{"write": huge(), "barrier": numbered("a", 2)} {
			if confirm == ConfirmNone && name == "barrier" {
				continue
			}
			t.Run(confirm+" "+name, func(t *testing.T) {
				r := start(t, sinktest.SyslogOptions{Fault: frozen})
				s, _ := sinkTo(t, r, Config{Confirm: confirm})
				ctx, cancel := context.WithCancel(t.Context())
				go func() {
					if err := r.Wait(t.Context(), 1); err != nil {
						t.Error(err)
					}
					cancel()
				}()
				if n, err := s.Send(ctx, events); n == len(events) || !errors.Is(err, context.Canceled) || errors.As(err, new(*sinks.Retry)) {
					t.Error(n, err)
				}
			})
		}
	}
	t.Run("before", func(t *testing.T) {
		s, _ := sinkTo(t, start(t, sinktest.SyslogOptions{}), Config{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if n, err := s.Send(ctx, numbered("a", 1)); n != 0 || !errors.Is(err, context.Canceled) {
			t.Error(n, err)
		}
	})
}

func TestCloseEndsSends(t *testing.T) {
	r := start(t, sinktest.SyslogOptions{Fault: func(int) sinktest.SyslogFault {
		return sinktest.SyslogFault{Do: sinktest.SyslogFreeze, After: 1}
	}})
	s, _ := sinkTo(t, r, Config{})
	done := make(chan error)
	go func() {
		_, err := s.Send(t.Context(), numbered("a", 2))
		done <- err
	}()
	if err := r.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, errClosed) {
		t.Error(err)
	}
	if _, err := s.Send(t.Context(), numbered("a", 2)); !errors.Is(err, errClosed) {
		t.Error(err)
	}
}

// TestCloseAfterPanic is a Send that panics: its caller recovers, and Close must
// not wait for it.
func TestCloseAfterPanic(t *testing.T) {
	for _, cfg := range []Config{{}, {Protocol: RELP}} {
		s, _ := sinkTo(t, start(t, sinktest.SyslogOptions{Network: cfg.Protocol}), cfg) // which closes it
		s.encoders.New = func() any { return &encoder{} }                               // that has no format
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			_, _ = s.Send(t.Context(), numbered("a", 1))
		}()
	}
}

func TestUnreachable(t *testing.T) {
	r := start(t, sinktest.SyslogOptions{})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	s, _ := sinkTo(t, r, Config{})
	n, err := s.Send(t.Context(), numbered("a", 1))
	wantRetry(t, n, 0, err, "connection refused")
	wantRetry(t, 0, 0, s.Check(t.Context()), "connection refused")
}

// TestCheckNeedsBarrier finds out at the start that a receiver never closes.
func TestCheckNeedsBarrier(t *testing.T) {
	r := start(t, sinktest.SyslogOptions{Fault: func(int) sinktest.SyslogFault {
		return sinktest.SyslogFault{Do: sinktest.SyslogNeverDone}
	}})
	s, _ := sinkTo(t, r, Config{Timeout: 100 * time.Millisecond})
	wantRetry(t, 0, 0, s.Check(t.Context()), "--syslog-confirm none")
	s, _ = sinkTo(t, r, Config{Timeout: 100 * time.Millisecond, Confirm: ConfirmNone})
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
