package demo

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/hec"
	"github.com/slswasm/slswasm/sinks/sinktest"
	"github.com/slswasm/slswasm/sinks/syslog"
)

// A receiver is a server that feeds a tally, and the sink that leads to it.
type receiver struct {
	sink  sinks.Sink // closed by the Pipeline
	close func() error
}

func startReceiver(name string, t *tally, logger *slog.Logger) (*receiver, error) {
	switch name {
	case "hec":
		return startHEC(t, logger)
	case "syslog":
		return startSyslog(t, logger)
	}
	return nil, fmt.Errorf("%q is none of: hec, syslog", name)
}

func startHEC(t *tally, logger *slog.Logger) (*receiver, error) {
	const token = "demo-token"
	server, err := sinktest.StartHEC(sinktest.HECOptions{Token: token, OnEvent: func(e *sinktest.HECEvent) {
		t.arrived(arrival{
			text: e.Event,
			head: strings.Join([]string{e.Seconds(), e.Host, e.Source, e.SourceType, e.Index, string(e.Fields)}, "\x00"),
			fits: func(want *abi.Event) bool {
				meta := metaOf(want)
				return e.Seconds() == seconds(want.Time) && e.Index == string(meta.Index) &&
					e.Source == string(meta.Source) && e.SourceType == string(meta.SourceType) && e.Host == string(meta.Host)
			},
		})
	}})
	if err != nil {
		return nil, err
	}
	sink, err := hec.New(hec.Config{URL: server.URL(), Token: token}, logger)
	return &receiver{sink: sink, close: server.Close}, err
}

func startSyslog(t *tally, logger *slog.Logger) (*receiver, error) {
	server, err := sinktest.StartSyslog(sinktest.SyslogOptions{
		Framing: sinktest.FrameOctet,
		OnMessage: func(m *sinktest.SyslogMessage) {
			t.arrived(arrival{
				text: m.Msg,
				head: fmt.Sprint(m.Facility, m.Severity, m.Time.UnixMicro(), string(m.AppName), m.Structured),
				fits: func(want *abi.Event) bool {
					meta := metaOf(want)
					return m.Time.UnixMicro() == want.Time/1000 &&
						(meta.Severity == abi.Unset || m.Severity == int(meta.Severity)) &&
						(meta.Facility == abi.Unset || m.Facility == int(meta.Facility))
				},
			})
		},
	})
	if err != nil {
		return nil, err
	}
	sink, err := syslog.New(syslog.Config{
		Host: server.Host(), Port: server.Port(), Protocol: syslog.TCP, Framing: syslog.Octet, Payload: syslog.JSON,
	}, logger)
	return &receiver{sink: sink, close: server.Close}, err
}

func metaOf(e *abi.Event) abi.Meta {
	if e.Meta == nil {
		return abi.NoMeta()
	}
	return *e.Meta
}

// seconds is a time as an envelope writes it.
func seconds(ns int64) string { return fmt.Sprintf("%d.%06d", ns/1e9, ns%1e9/1000) }
