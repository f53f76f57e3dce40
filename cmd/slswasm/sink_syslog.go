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
			Name: "syslog-url", Usage: "`URL`, scheme udp, tcp, tls, relp or relp+tls, such as tls://siem.example.com:6514; given several times, the first that answers gets the events",
			Destination: &s.urls, Category: string(c), EnvVars: env("syslog-url"),
		},
		c.text(&to.Host, "syslog-host", "`HOST`, in place of a URL (documented: host)"),
		c.number(&to.Port, "syslog-port", "(documented: port)"),
		c.text(&to.Protocol, "syslog-protocol", "tcp, tls, udp, or relp and relp+tls, which acknowledge each message (documented: protocol)"),
		c.text(&to.Framing, "syslog-framing", "octet or lf (default: octet with tls, lf with tcp)"),
		c.text(&to.Confirm, "syslog-confirm", "close: delivered is what the receiver has read to the end of a connection; none: what was written (default: close, udp none)"),
		c.number(&to.RELPWindow, "syslog-relp-window", "messages without an acknowledgement on a connection"),
		c.text(&to.Format, "syslog-format", "rfc5424 or rfc3164"),
		c.text(&to.Payload, "syslog-payload", "kv, json, cef, leef (1.0) or leef2 (2.0)"),
		c.text(&to.Sep, "syslog-sep", "before each pair of kv, between those of leef2 (documented: sep; default: || and ^)"),
		c.text(&to.Device, "syslog-device", "`VENDOR|PRODUCT|VERSION` of cef and leef (default: Alibaba Cloud|Log Service|1.0)"),
		c.yes(&to.BOM, "syslog-bom", "begin each message with a byte order mark, as RFC 5424 says of UTF-8"),
		c.number(&to.MaxSize, "syslog-max-size", "bytes of a message, longer ones are cut (default: no limit, udp 65507)"),
		c.text(&to.Facility, "syslog-facility", "name or number (documented: facility)"),
		c.text(&to.Severity, "syslog-severity", "name or number (documented: severity)"),
		c.text(&to.Hostname, "syslog-hostname", "(documented: hostname; default: this host)"),
		c.text(&to.Tag, "syslog-tag", "APP-NAME (documented: tag)"),
		c.duration(&to.Timeout, "syslog-timeout", "(documented: timeout)"),
		c.number(&to.Conns, "syslog-connections", "the most at once"),
		c.file(&to.CAFile, "syslog-ca", "PEM `FILE` of who may sign the receiver's certificate (documented: cert_path)"),
		c.file(&to.CertFile, "syslog-cert", "PEM `FILE` of the client certificate"),
		c.file(&to.KeyFile, "syslog-key", "PEM `FILE` of its key"),
		c.text(&to.ServerName, "syslog-server-name", "name in the receiver's certificate (default: the host)"),
		c.yes(&to.SkipVerify, "syslog-skip-verify", "take any certificate"),
	}
}
