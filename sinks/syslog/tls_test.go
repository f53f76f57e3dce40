package syslog

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/sinks/sinktest"
)

// TestCertificates is about who trusts whom: what is wrong shows at the start
// and in a Send as a Hold that names the flag.
func TestCertificates(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	goodCert, goodKey := ours.issue(t, time.Now().Add(time.Hour))
	strangeCert, strangeKey := theirs.issue(t, time.Now().Add(time.Hour))
	server, expired := ours.server(t), ours.serverUntil(t, time.Now().Add(-time.Minute))
	mutual := server.Clone()
	mutual.ClientAuth = tls.RequireAndVerifyClientCert
	mutual12 := mutual.Clone()
	mutual12.MaxVersion = tls.VersionTLS12
	old := server.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11

	for name, c := range map[string]struct {
		server *tls.Config
		cfg    Config
		words  string // of the Hold; empty: accepted
	}{
		"right":                   {server, Config{CAFile: ours.file}, ""},
		"right name":              {server, Config{CAFile: ours.file, ServerName: "localhost"}, ""},
		"right client":            {mutual, Config{CAFile: ours.file, CertFile: goodCert, KeyFile: goodKey}, ""},
		"skip verify":             {expired, Config{SkipVerify: true, ServerName: "elsewhere"}, ""},
		"system authorities":      {server, Config{}, "--syslog-ca"},
		"wrong authority":         {server, Config{CAFile: theirs.file}, "--syslog-ca"},
		"expired":                 {expired, Config{CAFile: ours.file}, "has expired"},
		"wrong name":              {server, Config{CAFile: ours.file, ServerName: "elsewhere"}, "--syslog-server-name"},
		"client missing":          {mutual, Config{CAFile: ours.file}, "--syslog-cert"},
		"client unknown":          {mutual, Config{CAFile: ours.file, CertFile: strangeCert, KeyFile: strangeKey}, "--syslog-cert"},
		"client missing, TLS 1.2": {mutual12, Config{CAFile: ours.file}, "--syslog-cert"},
		"too old":                 {old, Config{CAFile: ours.file}, "1.2"},
	} {
		for _, confirm := range []string{ConfirmClose, ConfirmNone} {
			t.Run(name+", "+confirm, func(t *testing.T) {
				t.Parallel()
				r := start(t, sinktest.SyslogOptions{Network: TLS, Framing: sinktest.FrameOctet, TLS: c.server})
				cfg := c.cfg
				cfg.Protocol, cfg.Confirm = TLS, confirm
				s, _ := sinkTo(t, r, cfg)
				checkErr := s.Check(t.Context())
				if c.words == "" {
					n, err := s.Send(t.Context(), numbered("a", 2))
					if checkErr != nil || n != 2 || err != nil {
						t.Error(checkErr, n, err)
					}
					return
				}
				wantHold(t, checkErr, c.words)
				if confirm == ConfirmClose {
					for range 3 { // also with what an earlier handshake left
						n, err := s.Send(t.Context(), numbered("a", 2))
						wantHold(t, err, c.words)
						if n != 0 {
							t.Errorf("%d delivered", n)
						}
					}
				}
				if got := r.Count(); got != 0 {
					t.Errorf("%d messages received", got)
				}
			})
		}
	}
}

// TestHoldNamesTheCause sends more than the kernel buffers to a receiver that
// refuses the certificate: the alert is the cause, not the broken pipe.
func TestHoldNamesTheCause(t *testing.T) {
	ca := newAuthority(t)
	server := ca.server(t)
	server.ClientAuth = tls.RequireAnyClientCert
	r := start(t, sinktest.SyslogOptions{Network: TLS, Framing: sinktest.FrameOctet, TLS: server})
	s, _ := sinkTo(t, r, Config{Protocol: TLS, CAFile: ca.file})
	for range 5 {
		_, err := s.Send(t.Context(), huge())
		wantHold(t, err, "--syslog-cert: the receiver wants a client certificate")
	}
}

func TestNotTLS(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // the test is over
	go func() {
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		_, err = c.Write([]byte("220 mail.example.com ESMTP\r\n"))
		if closeErr := c.Close(); err != nil || closeErr != nil {
			t.Error(err, closeErr)
		}
	}()
	s, err := New(Config{Protocol: TLS, Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, SkipVerify: true}, discardLog())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // always nil
	wantHold(t, s.Check(t.Context()), "does not speak TLS")
}

// TestSilentHandshake is a receiver that accepts and says nothing.
func TestSilentHandshake(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // the test is over
	s, err := New(Config{Protocol: TLS, Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, SkipVerify: true, Timeout: 100 * time.Millisecond}, discardLog())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // always nil
	n, err := s.Send(t.Context(), numbered("a", 1))
	wantRetry(t, n, 0, err, "--syslog-timeout")
}

func TestCertificateFiles(t *testing.T) {
	ca := newAuthority(t)
	cert, key := ca.issue(t, time.Now().Add(time.Hour))
	oldCert, oldKey := ca.issue(t, time.Now().Add(-time.Hour))
	_, otherKey := ca.issue(t, time.Now().Add(time.Hour))
	noPEM := filepath.Join(t.TempDir(), "no.pem")
	if err := os.WriteFile(noPEM, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantFaults(t, []faultCase{
		{"no CA file", Config{Protocol: TLS, CAFile: "/does/not/exist"}, []string{"--syslog-ca: open /does/not/exist"}},
		{"no PEM", Config{Protocol: TLS, CAFile: noPEM}, []string{"--syslog-ca: " + noPEM + " holds no certificate"}},
		{"no cert file", Config{Protocol: TLS, CertFile: "/does/not/exist", KeyFile: key}, []string{"--syslog-cert: open"}},
		{"no key file", Config{Protocol: TLS, CertFile: cert, KeyFile: "/does/not/exist"}, []string{"--syslog-key: open"}},
		{"key missing", Config{Protocol: TLS, CertFile: cert}, []string{"--syslog-key: not set"}},
		{"cert missing", Config{Protocol: TLS, KeyFile: key}, []string{"--syslog-cert: not set"}},
		{"another key", Config{Protocol: TLS, CertFile: cert, KeyFile: otherKey}, []string{"--syslog-key " + otherKey}},
		{"expired", Config{Protocol: TLS, CertFile: oldCert, KeyFile: oldKey}, []string{"--syslog-cert: " + oldCert + " is valid from"}},
		{"not tls", Config{CAFile: ca.file, CertFile: cert, KeyFile: key, ServerName: "x", SkipVerify: true},
			[]string{"--syslog-ca: needs", "--syslog-cert: needs", "--syslog-key: needs", "--syslog-server-name: needs", "--syslog-skip-verify: needs"}},
	})
}

// TestNoGoodbye is a receiver that ends TLS with a bare FIN, as rsyslog does:
// it counts, and the check tells.
func TestNoGoodbye(t *testing.T) {
	ca := newAuthority(t)
	server := ca.server(t)
	for _, goodbye := range []bool{true, false} {
		conns := 3 // of the check, the window and its witness
		if goodbye {
			conns = 2 // a close_notify needs no witness
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // the test is over
		go func() {
			for range conns {
				c, err := l.Accept()
				if err != nil {
					t.Error(err)
					return
				}
				secure := tls.Server(c, server)
				_, err = io.Copy(io.Discard, secure)
				if goodbye {
					err = errors.Join(err, secure.Close())
				}
				if err = errors.Join(err, c.Close()); err != nil && !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
			}
		}()
		lines := &syncBuffer{}
		cfg := Config{Protocol: TLS, CAFile: ca.file, Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}
		s, err := New(cfg, slog.New(slog.NewTextHandler(lines, nil)))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close() //nolint:errcheck // always nil
		if err := s.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if n, err := s.Send(t.Context(), numbered("a", 1)); n != 1 || err != nil {
			t.Error(n, err)
		}
		if told := strings.Contains(lines.String(), "without a close_notify"); told == goodbye {
			t.Errorf("close_notify %v, log %s", goodbye, lines)
		}
	}
}
