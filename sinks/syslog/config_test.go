package syslog

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func discardLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

type faultCase struct {
	name string
	cfg  Config
	want []string // one line each, of which this is a part
}

func wantFaults(t *testing.T, cases []faultCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.cfg.Host == "" {
				c.cfg.Host = "receiver"
			}
			_, err := New(c.cfg, discardLog())
			if err == nil {
				t.Fatal("accepted")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(c.want) {
				t.Errorf("%d faults, want %d: %v", len(lines), len(c.want), err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in %v", want, err)
				}
			}
		})
	}
}

func TestValidate(t *testing.T) {
	wantFaults(t, []faultCase{
		{"port in host", Config{Host: "siem:514"}, []string{"--syslog-host: \"siem:514\" holds a port; write --syslog-host siem --syslog-port 514"}},
		{"address", Config{Host: "tcp://siem"}, []string{"--syslog-host"}},
		{"brackets", Config{Host: "[::1]"}, []string{"--syslog-host"}},
		{"udp", Config{Protocol: UDP, Framing: LF, Confirm: ConfirmClose, MaxSize: 70000},
			[]string{"--syslog-framing", "--syslog-confirm", "--syslog-max-size"}},
		{"relp", Config{Protocol: RELP, Framing: Octet, Confirm: ConfirmClose, RELPWindow: -1},
			[]string{"--syslog-framing: relp has a framing of its own", "--syslog-confirm: relp acknowledges", "--syslog-relp-window: -1"}},
		{"bom", Config{BOM: true, Format: RFC3164, Payload: CEF}, []string{"--syslog-bom: needs", "--syslog-bom: receivers of cef"}},
		{"device", Config{Device: "a|b|c"}, []string{"--syslog-device: needs --syslog-payload"}},
		{"half a device", Config{Device: "a|b", Payload: LEEF}, []string{`--syslog-device: "a|b" is not`}},
		{"delimiter", Config{Payload: LEEF2, Sep: "||"}, []string{`--syslog-sep: leef2 takes one character`}},
		{"delimiter in keys", Config{Payload: LEEF2, Sep: "_"}, []string{`--syslog-sep: leef2 takes one character`}},
		{"everything", Config{Port: -1, Protocol: "http", Framing: "crlf", Confirm: "yes", Timeout: -1, Conns: -1, Format: "cef", Payload: "xml",
			Sep: "\n", MaxSize: 100, Facility: "local8", Severity: "8"},
			[]string{"--syslog-port", "--syslog-protocol", "--syslog-framing", "--syslog-confirm", "--syslog-timeout", "--syslog-connections",
				"--syslog-format", "--syslog-payload", "--syslog-sep", "--syslog-max-size", "--syslog-facility: \"local8\" is not one of kern", "--syslog-severity"}},
	})
	if err := (Config{}).Validate(); err == nil || err.Error() != "--syslog-host: not set: the name or address of the receiver" {
		t.Error(err)
	}
	for _, c := range []Config{{Host: "::1"}, {Host: "10.0.0.1", Protocol: UDP}, {Host: "siem.example.com", Framing: Octet, Confirm: ConfirmNone}} {
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestDefaults(t *testing.T) {
	base := Config{
		Host: "h", Port: 514, Timeout: 120 * time.Second, Conns: 4, Format: RFC5424, Payload: KV, Sep: "||", Device: defaultDevice, RELPWindow: 128,
		Facility: "user", Severity: "info", Hostname: "me",
	}
	for protocol, set := range map[string]func(*Config){
		"":  func(c *Config) { c.Protocol, c.Framing, c.Confirm = TCP, LF, ConfirmClose },
		TLS: func(c *Config) { c.Protocol, c.Framing, c.Confirm = TLS, Octet, ConfirmClose },
		UDP: func(c *Config) { c.Protocol, c.MaxSize, c.Confirm = UDP, 65507, ConfirmNone },

		RELP:    func(c *Config) { c.Protocol = RELP },
		RELPTLS: func(c *Config) { c.Protocol = RELPTLS },
	} {
		want := base
		set(&want)
		if diff := cmp.Diff(want, Config{Host: "h", Protocol: protocol, Hostname: "me"}.withDefaults()); diff != "" {
			t.Errorf("%s: %s", protocol, diff)
		}
	}
}

func TestNumber(t *testing.T) {
	for name, want := range map[string]int{"user": 1, "LOCAL0": 16, "local7": 23, "23": 23, "0": 0, "security": 4} {
		if got, err := number(name, facilities); got != want || err != nil {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
	for name, want := range map[string]int{"info": 6, "Warn": 4, "error": 3, "7": 7, "panic": 0} {
		if got, err := number(name, severities); got != want || err != nil {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "local8", "24", "-1", "user "} {
		if _, err := number(name, facilities); err == nil {
			t.Errorf("%q accepted", name)
		}
	}
}
