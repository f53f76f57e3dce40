package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/hec"
	"github.com/slswasm/slswasm/sinks/syslog"
)

// addresses are the URLs of a repeated flag. An environment variable holds
// several with white space or commas between them, so a flag may as well.
func addresses(flag string, values []string) ([]string, error) {
	var urls []string
	for _, value := range values {
		urls = append(urls, strings.FieldsFunc(value, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })...)
	}
	for i := range urls {
		if slices.Contains(urls[:i], urls[i]) { // not shown: it may hold a password
			return nil, fmt.Errorf("--%s: number %d is the same as one before it", flag, i+1)
		}
	}
	return urls, nil
}

// given says whether there is an address; an empty variable holds none.
func given(urls *cli.StringSlice) bool {
	return strings.TrimSpace(strings.Join(urls.Value(), "")) != ""
}

// oneOrMore makes the sink for these settings: with several a failover over
// one for each.
func oneOrMore[C any, S sinks.Sink](
	settings []C, create func(C, *slog.Logger) (S, error), name func(C) string, prefer sinks.Preference, patience sinks.RetryConfig, logger *slog.Logger,
) (sinks.Sink, error) {
	var opened []sinks.Endpoint
	var errs []error
	for _, c := range settings {
		log := logger
		if len(settings) > 1 {
			log = logger.With("endpoint", name(c))
		}
		sink, err := create(c, log)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		opened = append(opened, sinks.Endpoint{Name: name(c), Sink: sink})
	}
	switch {
	case len(errs) > 0:
		for _, e := range opened {
			errs = append(errs, e.Sink.Close())
		}
		return nil, distinct(errs)
	case len(opened) == 1:
		return opened[0].Sink, nil
	}
	return sinks.NewFailover(opened, prefer, patience, logger), nil
}

// distinct joins errors and says once what they have in common.
func distinct(errs []error) error {
	var lines []string
	err := errors.Join(errs...)
	if err == nil {
		return nil
	}
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimRight(line, "\n"); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}

// sink spreads the events over the collectors.
func (s *hecSettings) sink(patience sinks.RetryConfig, logger *slog.Logger) (sinks.Sink, error) {
	settings, err := s.configs()
	if err != nil {
		return nil, err
	}
	return oneOrMore(settings, hec.New, func(c hec.Config) string { return c.URL }, sinks.Spread, patience, logger)
}

// sink sends to the first receiver that takes the events: a second one is a
// standby.
func (s *syslogSettings) sink(patience sinks.RetryConfig, logger *slog.Logger) (sinks.Sink, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	urls, err := addresses("syslog-url", s.urls.Value())
	if err != nil {
		return nil, err
	}
	shared := s.Config
	if len(urls) > 0 && (shared.Host != "" || shared.Port != defaultSyslogPort || shared.Protocol != syslog.TCP) {
		return nil, errors.New("--syslog-url: it stands in place of --syslog-host, --syslog-port and --syslog-protocol; leave those out")
	}
	settings := []syslog.Config{shared}
	if len(urls) > 0 {
		settings = nil
		var errs []error
		for _, u := range urls {
			one, err := atSyslogURL(shared, u)
			settings, errs = append(settings, one), append(errs, err)
		}
		if err := errors.Join(errs...); err != nil {
			return nil, err
		}
	}
	name := func(c syslog.Config) string {
		return c.Protocol + "://" + net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
	}
	return oneOrMore(settings, syslog.New, name, sinks.First, patience, logger)
}

const defaultSyslogPort = 514

// syslogPorts are the schemes of --syslog-url, which are values of
// --syslog-protocol, and their ports.
var syslogPorts = map[string]int{"udp": defaultSyslogPort, "tcp": defaultSyslogPort, "tls": 6514, "relp": defaultSyslogPort, "relp+tls": defaultSyslogPort}

// atSyslogURL is c with what SCHEME://HOST[:PORT] says.
func atSyslogURL(c syslog.Config, text string) (syslog.Config, error) {
	const want = "want udp, tcp, tls, relp or relp+tls, as in tls://siem.example.com:6514"
	u, err := url.Parse(text)
	if err != nil || u.User != nil || strings.Contains(text, "@") { // it may hold a password
		return c, errors.New("--syslog-url: not SCHEME://HOST[:PORT]; " + want)
	}
	port, known := syslogPorts[strings.ToLower(u.Scheme)]
	if !known || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return c, fmt.Errorf("--syslog-url: %q is not SCHEME://HOST[:PORT]; %s", text, want)
	}
	if given := u.Port(); given != "" {
		if port, err = strconv.Atoi(given); err != nil || port < 1 || port > 65535 {
			return c, fmt.Errorf("--syslog-url: %q: %s is not a port (1 to 65535)", text, given)
		}
	}
	c.Protocol, c.Host, c.Port = strings.ToLower(u.Scheme), u.Hostname(), port
	return c, nil
}
