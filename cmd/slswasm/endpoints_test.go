package main

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/hec"
	"github.com/slswasm/slswasm/sinks/syslog"
)

func TestAddresses(t *testing.T) {
	got, err := addresses("hec-url", []string{"http://a", " http://b,http://c\n\thttp://d ", ""})
	if d := cmp.Diff([]string{"http://a", "http://b", "http://c", "http://d"}, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	if _, err := addresses("hec-url", []string{"http://a http://b", "http://a"}); err == nil || err.Error() != "--hec-url: number 3 is the same as one before it" {
		t.Errorf("error %v", err)
	}
}

func TestSyslogURL(t *testing.T) {
	for text, want := range map[string]syslog.Config{
		"udp://10.0.0.1":                {Protocol: "udp", Host: "10.0.0.1", Port: 514},
		"TCP://siem.example.com:601/":   {Protocol: "tcp", Host: "siem.example.com", Port: 601},
		"tls://siem":                    {Protocol: "tls", Host: "siem", Port: 6514},
		"tls://[2001:db8::1]:10514":     {Protocol: "tls", Host: "2001:db8::1", Port: 10514},
		"relp://siem:2514":              {Protocol: "relp", Host: "siem", Port: 2514},
		"relp+tls://siem.example.com:1": {Protocol: "relp+tls", Host: "siem.example.com", Port: 1},
	} {
		want.Tag = "kept"
		if got, err := atSyslogURL(syslog.Config{Host: "x", Tag: "kept"}, text); got != want || err != nil {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "siem", "siem:514", "http://siem", "tcp:siem", "tcp://", "tcp://:514", "tcp://siem/path", "tcp://siem?x=y",
		"tcp://siem:0", "tcp://siem:65536", "tcp://siem:x", "tcp://u:secret@siem", "tcp://u:sec%ret@siem", "tcp://[::1",
	} {
		_, err := atSyslogURL(syslog.Config{}, text)
		if err == nil || !strings.HasPrefix(err.Error(), "--syslog-url: ") || strings.Contains(err.Error(), "sec") {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

func TestOneOrMore(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	name := func(c hec.Config) string { return c.URL }
	one, err := oneOrMore([]hec.Config{{URL: "http://a", Token: "t"}}, hec.New, name, sinks.Spread, sinks.RetryConfig{}, quiet)
	if _, ok := one.(*hec.Sink); !ok || err != nil {
		t.Errorf("one URL: %T, %v", one, err)
	}
	two, err := oneOrMore([]hec.Config{{URL: "http://a", Token: "t"}, {URL: "http://b", Token: "t"}}, hec.New, name, sinks.Spread, sinks.RetryConfig{}, quiet)
	if _, ok := two.(*sinks.Failover); !ok || err != nil {
		t.Errorf("two URLs: %T, %v", two, err)
	}
	for _, s := range []sinks.Sink{one, two} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	_, err = oneOrMore([]hec.Config{{URL: "b"}, {URL: "http://a", Token: "t"}, {URL: "c"}}, hec.New, name, sinks.Spread, sinks.RetryConfig{}, quiet)
	if err == nil || strings.Count(err.Error(), "--hec-token: ") != 1 || strings.Count(err.Error(), "--hec-url") != 2 {
		t.Errorf("error %v; want one line about the token and one for each bad URL", err)
	}
}

func TestSyslogURLStandsAlone(t *testing.T) {
	for _, change := range []func(*syslogSettings){
		func(s *syslogSettings) { s.Host = "siem" },
		func(s *syslogSettings) { s.Port = 601 },
		func(s *syslogSettings) { s.Protocol = syslog.UDP },
	} {
		s := syslogSettings{urls: *cli.NewStringSlice("tcp://siem")}
		s.Port, s.Protocol, s.Conns, s.Timeout, s.RELPWindow = defaultSyslogPort, syslog.TCP, 1, time.Second, 1
		change(&s)
		if _, err := s.sink(sinks.RetryConfig{}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "leave those out") {
			t.Errorf("error %v", err)
		}
	}
}
