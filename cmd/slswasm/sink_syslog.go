package main

import (
	"time"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/sinks/syslog"
)

// syslogSettings are the flags about a syslog receiver, or several of which
// one is used.
type syslogSettings struct {
	syslog.Config
	urls cli.StringSlice
}

// isSet reports whether there is an address.
func (s *syslogSettings) isSet() bool { return s.Host != "" || given(&s.urls) }

func (s *syslogSettings) check() error {
	return notZero(map[string]int64{
		"syslog-port": int64(s.Port), "syslog-connections": int64(s.Conns), "syslog-timeout": int64(s.Timeout), "syslog-relp-window": int64(s.RELPWindow),
	})
}

func (s *syslogSettings) flags() []cli.Flag {
	const c = category("Syslog")
	to := &s.Config
	to.Protocol, to.Format, to.Payload = syslog.TCP, syslog.RFC5424, syslog.KV
	to.Facility, to.Severity, to.Tag = "user", "info", "-"
	to.Port, to.RELPWindow, to.Conns, to.Timeout = defaultSyslogPort, 128, 4, 120*time.Second
	return []cli.Flag{
		&cli.StringSliceFlag{
			Name: "syslog-url", Usage: "`URL` of the receiver, scheme udp, tcp, tls, relp or relp+tls, such as tls://siem.example.com:6514; given several times, the first that answers gets the events",
			Destination: &s.urls, Category: string(c), EnvVars: env("syslog-url"),
		},
		c.text(&to.Host, "syslog-host", "`HOST` of the receiver, in place of a URL (documented: host)"),
		c.number(&to.Port, "syslog-port", "`PORT` of the receiver at --syslog-host (documented: port)"),
		c.text(&to.Protocol, "syslog-protocol", "`PROTOCOL` with the receiver at --syslog-host: tcp, tls, udp, or relp and relp+tls, which acknowledge each message (documented: protocol)"),
		c.text(&to.Framing, "syslog-framing", "`FRAMING` of messages on a stream: octet or lf (default: octet with tls, lf with tcp)"),
		c.text(&to.Confirm, "syslog-confirm", "`CONFIRMATION` that a message is delivered: close, the receiver has read to the end of a connection; none, it was written (default: close, udp none)"),
		c.number(&to.RELPWindow, "syslog-relp-window", "`N` messages without an acknowledgement on a connection, at the most"),
		c.text(&to.Format, "syslog-format", "`FORMAT` of a message: rfc5424 or rfc3164"),
		c.text(&to.Payload, "syslog-payload", "`FORMAT` of an event in a message: kv, json, cef, leef (1.0) or leef2 (2.0)"),
		c.text(&to.Sep, "syslog-sep", "`TEXT` before each pair of kv, or between those of leef2 (documented: sep; default: || and ^)"),
		c.text(&to.Device, "syslog-device", "`VENDOR|PRODUCT|VERSION` of cef and leef (default: Alibaba Cloud|Log Service|1.0)"),
		c.yes(&to.BOM, "syslog-bom", "begin each message with a byte order mark, as RFC 5424 says of UTF-8"),
		c.number(&to.MaxSize, "syslog-max-size", "`BYTES` of a message, longer ones are cut; 0: no limit, with udp 65507"),
		c.text(&to.Facility, "syslog-facility", "`FACILITY` of messages, a name or number (documented: facility)"),
		c.text(&to.Severity, "syslog-severity", "`SEVERITY` of messages, a name or number (documented: severity)"),
		c.text(&to.Hostname, "syslog-hostname", "`NAME` of the host in messages (documented: hostname; default: this host)"),
		c.text(&to.Tag, "syslog-tag", "`APP-NAME` in messages (documented: tag)"),
		c.duration(&to.Timeout, "syslog-timeout", "`DURATION` that a connection, a write or an acknowledgement may take (documented: timeout)"),
		c.number(&to.Conns, "syslog-connections", "`N` connections at once, at the most"),
		c.file(&to.CAFile, "syslog-ca", "PEM `FILE` of who may sign the receiver's certificate (documented: cert_path)"),
		c.file(&to.CertFile, "syslog-cert", "PEM `FILE` of the client certificate that is shown to the receiver"),
		c.file(&to.KeyFile, "syslog-key", "PEM `FILE` of the client certificate's key"),
		c.text(&to.ServerName, "syslog-server-name", "`NAME` in the receiver's certificate (default: the host)"),
		c.yes(&to.SkipVerify, "syslog-skip-verify", "take any certificate of the receiver"),
	}
}
