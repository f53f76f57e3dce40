package main

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/syslog"
)

// The names of the sinks, for --sink and for a guest's route.
const (
	sinkHEC    = "hec"
	sinkSyslog = "syslog"
)

// sinkSettings are the flags about the receivers.
type sinkSettings struct {
	sinks       cli.StringSlice
	deadLetters string // the default, before flags is called
	lettersSize byteSize
	eventID     bool
	hec         hecSettings
	syslog      syslogSettings
}

func (s *sinkSettings) flags() []cli.Flag {
	const c = category("Delivery")
	if s.deadLetters == "" {
		s.deadLetters = "slswasm-dead-letters.jsonl"
	}
	s.lettersSize = 100 << 20
	flags := []cli.Flag{
		&cli.StringSliceFlag{
			Name: "sink", Usage: "`KIND` of receiver: hec or syslog; given twice, a guest's route chooses, and the first takes the rest (default: the one that is set up)",
			Destination: &s.sinks, Category: string(c), EnvVars: env("sink"),
		},
		c.file(&s.deadLetters, "dead-letters", "`FILE` for what cannot be transformed or is refused for good; slswasm replay sends it again"),
		c.size(&s.lettersSize, "dead-letters-size", "`SIZE` of the file of dead letters from which a new one is begun and the full one put aside; 0: never"),
		c.yes(&s.eventID, "event-id", "give each event a stable id (the HEC field sls_event_id, the syslog element slswasm@32473), by which a receiver can drop what a crash repeats"),
	}
	flags = append(flags, s.hec.flags()...)
	return append(flags, s.syslog.flags()...)
}

// open makes the sinks; none of them talks to its receiver yet. The patience is
// that with an endpoint that failed.
func (s *sinkSettings) open(patience sinks.RetryConfig, logger *slog.Logger) ([]host.NamedSink, error) {
	entries, err := s.entries()
	errs := []error{err}
	var opened []host.NamedSink
	for i := range entries {
		sink, err := entries[i].open(s.eventID, patience, logger)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		opened = append(opened, sink)
	}
	return opened, errors.Join(errs...)
}

// entries are the sinks that are chosen, or else those that are set up.
func (s *sinkSettings) entries() ([]sinkEntry, error) {
	names := s.sinks.Value()
	if len(names) == 0 {
		if s.hec.isSet() {
			names = append(names, sinkHEC)
		}
		if s.syslog.isSet() {
			names = append(names, sinkSyslog)
		}
	}
	if len(names) == 0 {
		return nil, errors.New("--hec-url or --syslog-url is missing: where to deliver")
	}
	var entries []sinkEntry
	var errs []error
	for i, name := range names {
		switch {
		case slices.Contains(names[:i], name):
			errs = append(errs, fmt.Errorf("--sink: %s is given twice", name))
		case name != sinkHEC && name != sinkSyslog:
			errs = append(errs, fmt.Errorf("--sink: %q is none of: %s, %s", name, sinkHEC, sinkSyslog))
		default:
			entries = append(entries, sinkEntry{name: name, kind: name, hec: &s.hec, syslog: &s.syslog})
		}
	}
	return entries, errors.Join(errs...)
}

// A sinkEntry is one sink and its settings, of which those of its kind count.
type sinkEntry struct {
	name, kind string
	hec        *hecSettings
	syslog     *syslogSettings
}

func (e *sinkEntry) open(eventIDs bool, patience sinks.RetryConfig, logger *slog.Logger) (host.NamedSink, error) {
	logger = logger.With("sink", e.name)
	var sink sinks.Sink
	var err error
	switch {
	case e.kind == sinkHEC:
		sink, err = e.hec.sink(patience, logger)
	case eventIDs && e.syslog.Format == syslog.RFC3164:
		err = errors.New("--event-id: needs --syslog-format rfc5424; the older format has no place for it")
	default:
		sink, err = e.syslog.sink(patience, logger)
	}
	return host.NamedSink{Name: e.name, Sink: sink}, err
}
