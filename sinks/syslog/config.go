package syslog

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The values of Config.Protocol.
const (
	UDP     = "udp"
	TCP     = "tcp"
	TLS     = "tls"
	RELP    = "relp" // each message is acknowledged: package relp
	RELPTLS = "relp+tls"
)

// The values of Config.Format.
const (
	RFC5424 = "rfc5424"
	RFC3164 = "rfc3164"
)

// The values of Config.Framing (RFC 6587).
const (
	Octet = "octet" // the length before each message
	LF    = "lf"    // a line feed after each message
)

// The values of Config.Payload.
const (
	KV    = "kv"    // ||key=value||key=value, as the Log Service documents it
	JSON  = "json"  // one object of the fields
	CEF   = "cef"   // ArcSight Common Event Format, version 0
	LEEF  = "leef"  // QRadar Log Event Extended Format 1.0
	LEEF2 = "leef2" // the same in version 2.0, with another delimiter
)

// The values of Config.Confirm.
const (
	ConfirmClose = "close" // the half-close barrier: see RATIONALE.md
	ConfirmNone  = "none"  // delivered is what the kernel took: not at-least-once
)

const (
	// maxDatagram is what UDP over IPv4 carries.
	maxDatagram = 65507
	// minMessage leaves room for the longest header of RFC 5424.
	minMessage = 512

	defaultPort    = 514
	defaultTimeout = 120 * time.Second
	defaultConns   = 4
	defaultWindow  = 128
	maxWindow      = 1 << 16
)

// Config is how to reach the receiver and what to write. A zero value is the
// default; each field names its flag. The content of the certificate files is
// read by Validate and by New.
type Config struct {
	Host     string        // --syslog-host: name or address; the one setting without a default
	Port     int           // --syslog-port: 514
	Protocol string        // --syslog-protocol: udp, tcp (default), tls, relp or relp+tls
	Framing  string        // --syslog-framing: octet (default with tls) or lf (default with tcp)
	Confirm  string        // --syslog-confirm: close (default with tcp and tls) or none
	Timeout  time.Duration // --syslog-timeout: of a dial, of each write and of a barrier without progress; 120 s
	Conns    int           // --syslog-connections: the most at once; 4

	RELPWindow int // --syslog-relp-window: messages without an acknowledgement on a connection; 128

	Format  string // --syslog-format: rfc5424 (default) or rfc3164
	Payload string // --syslog-payload: kv (default), json, cef, leef or leef2
	Sep     string // --syslog-sep: before each pair of kv, "||"; between those of leef2, "^"
	Device  string // --syslog-device: vendor|product|version of cef and leef; Alibaba Cloud|Log Service|1.0
	BOM     bool   // --syslog-bom: begin each MSG of rfc5424 with a byte order mark
	MaxSize int    // --syslog-max-size: bytes of a message, longer ones are cut; udp 65507, else 0: no limit

	Facility string // --syslog-facility: name or number; user
	Severity string // --syslog-severity: name or number; info
	Hostname string // --syslog-hostname: this host's
	Tag      string // --syslog-tag: APP-NAME; "-"
	ProcID   string // --syslog-procid: "-"
	MsgID    string // --syslog-msgid: "-"

	CAFile     string // --syslog-ca: PEM of who may sign the receiver's certificate; the system's
	CertFile   string // --syslog-cert: PEM of the client certificate and its chain
	KeyFile    string // --syslog-key: PEM of its key
	ServerName string // --syslog-server-name: the name in the receiver's certificate; Host
	SkipVerify bool   // --syslog-skip-verify: take any certificate
}

// withDefaults fills in what is not set.
func (c Config) withDefaults() Config {
	c.Protocol = cmp.Or(c.Protocol, TCP)
	c.Port = cmp.Or(c.Port, defaultPort)
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.Conns = cmp.Or(c.Conns, defaultConns)
	c.RELPWindow = cmp.Or(c.RELPWindow, defaultWindow)
	c.Format = cmp.Or(c.Format, RFC5424)
	c.Payload = cmp.Or(c.Payload, KV)
	if c.Payload == LEEF2 {
		c.Sep = cmp.Or(c.Sep, "^")
	}
	c.Sep = cmp.Or(c.Sep, "||")
	c.Device = cmp.Or(c.Device, defaultDevice)
	c.Facility = cmp.Or(c.Facility, "user")
	c.Severity = cmp.Or(c.Severity, "info")
	if c.Hostname == "" {
		c.Hostname, _ = os.Hostname() // without one: "-"
	}
	switch c.Protocol {
	case UDP:
		c.Confirm = cmp.Or(c.Confirm, ConfirmNone)
		c.MaxSize = cmp.Or(c.MaxSize, maxDatagram)
	case TLS:
		// RFC 5425 takes nothing else.
		c.Framing = cmp.Or(c.Framing, Octet)
	case RELP, RELPTLS:
		return c // with neither a framing nor a barrier
	default:
		// What every receiver takes; some take nothing else over plain TCP.
		c.Framing = cmp.Or(c.Framing, LF)
	}
	c.Confirm = cmp.Or(c.Confirm, ConfirmClose)
	return c
}

// encrypted says whether the protocol is one over TLS.
func (c Config) encrypted() bool { return c.Protocol == TLS || c.Protocol == RELPTLS }

// acknowledges says whether the receiver confirms each message by itself.
func (c Config) acknowledges() bool { return c.Protocol == RELP || c.Protocol == RELPTLS }

// Validate returns everything that is wrong with the settings, joined, each
// with the flag that it is about.
func (c Config) Validate() error {
	set, c := c, c.withDefaults()
	v := &faults{}
	v.add(checkHost(c.Host))
	v.check(c.Port >= 1 && c.Port <= 65535, "--syslog-port: %d is not a port (1 to 65535)", c.Port)
	v.oneOf("--syslog-protocol", c.Protocol, UDP, TCP, TLS, RELP, RELPTLS)
	v.oneOf("--syslog-format", c.Format, RFC5424, RFC3164)
	v.payload(set, c)
	v.transport(set, c)
	v.check(c.MaxSize == 0 || c.MaxSize >= minMessage, "--syslog-max-size: %d leaves no room for the header (at least %d)", c.MaxSize, minMessage)
	v.check(c.Timeout > 0, "--syslog-timeout: %s is not positive", c.Timeout)
	v.check(c.Conns > 0, "--syslog-connections: %d is not positive", c.Conns)
	v.check(c.RELPWindow >= 1 && c.RELPWindow <= maxWindow, "--syslog-relp-window: %d is not from 1 to %d", c.RELPWindow, maxWindow)
	_, err := number(c.Facility, facilities)
	v.add(naming("--syslog-facility", err))
	_, err = number(c.Severity, severities)
	v.add(naming("--syslog-severity", err))
	_, err = c.tls()
	v.add(err)
	return errors.Join(v.all...)
}

// transport checks what depends on the protocol: set is what the user set, c
// has the defaults too.
func (v *faults) transport(set, c Config) {
	if c.acknowledges() {
		v.check(set.Framing == "", "--syslog-framing: %s has a framing of its own", c.Protocol)
		v.check(set.Confirm == "", "--syslog-confirm: %s acknowledges each message; leave this away", c.Protocol)
		return
	}
	v.oneOf("--syslog-confirm", c.Confirm, ConfirmClose, ConfirmNone)
	if c.Protocol == UDP {
		v.check(set.Framing == "", "--syslog-framing: udp has no framing, a message is a datagram")
		v.check(c.Confirm == ConfirmNone, "--syslog-confirm: nothing can confirm udp; use --syslog-protocol tcp, tls or relp")
		v.check(c.MaxSize <= maxDatagram, "--syslog-max-size: %d is more than a datagram holds (%d)", c.MaxSize, maxDatagram)
		return
	}
	v.oneOf("--syslog-framing", c.Framing, Octet, LF)
}

// payload checks what depends on the payload.
func (v *faults) payload(set, c Config) {
	v.oneOf("--syslog-payload", c.Payload, KV, JSON, CEF, LEEF, LEEF2)
	v.check(plainText(c.Sep), "--syslog-sep: %q holds a control character or invalid UTF-8", c.Sep)
	if c.Payload == LEEF2 {
		v.check(len(c.Sep) == 1 && !isAlphanumeric(c.Sep[0]) && !strings.ContainsAny(c.Sep, " _=|"),
			"--syslog-sep: leef2 takes one character of ASCII that is no letter, digit, space, _, = or |, not %q", c.Sep)
	}
	hasDevice := c.Payload == CEF || c.Payload == LEEF || c.Payload == LEEF2
	v.check(set.Device == "" || hasDevice, "--syslog-device: needs --syslog-payload cef, leef or leef2")
	v.check(len(strings.Split(c.Device, "|")) == 3 && plainText(c.Device), "--syslog-device: %q is not vendor|product|version", c.Device)
	v.check(!c.BOM || c.Format == RFC5424, "--syslog-bom: needs --syslog-format rfc5424")
	v.check(!c.BOM || !hasDevice, "--syslog-bom: receivers of %s look for its name at the begin of a message", c.Payload)
}

func checkHost(host string) error {
	if host == "" {
		return errors.New("--syslog-host: not set: the name or address of the receiver")
	}
	if h, port, err := net.SplitHostPort(host); err == nil {
		return fmt.Errorf("--syslog-host: %q holds a port; write --syslog-host %s --syslog-port %s", host, h, port)
	}
	if strings.ContainsAny(host, "/ []") {
		return fmt.Errorf("--syslog-host: %q is neither a host name nor an address", host)
	}
	return nil
}

func plainText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// faults collects what is wrong.
type faults struct{ all []error }

func (f *faults) add(err error) {
	if err != nil {
		f.all = append(f.all, err)
	}
}

func (f *faults) check(ok bool, format string, args ...any) {
	if !ok {
		f.all = append(f.all, fmt.Errorf(format, args...))
	}
}

func (f *faults) oneOf(flag, value string, allowed ...string) {
	for _, a := range allowed {
		if value == a {
			return
		}
	}
	f.check(false, "%s: %q is not one of %s", flag, value, strings.Join(allowed, ", "))
}

func naming(flag string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", flag, err)
}
