package syslog

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks/sinktest"
	"github.com/slswasm/slswasm/sinks/sinktest/suite"
)

// TestSuite holds the confirmed transports against the contract. UDP and
// ConfirmNone promise less: the tests of this package say what.
func TestSuite(t *testing.T) {
	ca := newAuthority(t)
	for name, c := range map[string]struct {
		receiver sinktest.SyslogOptions
		cfg      Config
	}{
		"kv over tcp":        {sinktest.SyslogOptions{}, Config{}},
		"kv over relp":       {sinktest.SyslogOptions{Network: RELP}, Config{Protocol: RELP}},
		"json over relp+tls": {sinktest.SyslogOptions{Network: RELPTLS, TLS: ca.server(t)}, Config{Protocol: RELPTLS, Payload: JSON, CAFile: ca.file}},
		"json over tls":      {sinktest.SyslogOptions{Network: TLS, Framing: sinktest.FrameOctet, TLS: ca.server(t)}, Config{Protocol: TLS, Payload: JSON, CAFile: ca.file}},
	} {
		t.Run(name, func(t *testing.T) {
			suite.Run(t, func(t *testing.T) suite.Subject { return subject(t, c.receiver, c.cfg) })
		})
	}
}

// subject makes a sink to a receiver that can go away and come back at the
// same address.
func subject(t *testing.T, opt sinktest.SyslogOptions, cfg Config) suite.Subject {
	t.Helper()
	var stalled atomic.Bool
	var earlier []sinktest.SyslogMessage // of receivers that have gone
	opt.Fault = func(int) sinktest.SyslogFault {
		if stalled.Load() {
			return sinktest.SyslogFault{Do: sinktest.SyslogFreeze}
		}
		return sinktest.SyslogFault{}
	}
	r := start(t, opt)
	opt.Addr = fmt.Sprintf("%s:%d", r.Host(), r.Port())
	cfg.Host, cfg.Port, cfg.Hostname = r.Host(), r.Port(), "h"
	s, err := New(cfg, discardLog())
	if err != nil {
		t.Fatal(err)
	}
	return suite.Subject{
		Sink: s,
		Received: func() []string {
			var texts []string
			for _, m := range append(earlier, r.Messages()...) {
				texts = append(texts, received(&m))
			}
			return texts
		},
		Want: func(e *abi.Event) string { return wanted(e, cfg.Payload == JSON) },
		Down: func() {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			earlier = append(earlier, r.Messages()...)
		},
		Up:    func() { r = start(t, opt) },
		Stall: func() { stalled.Store(true) },
	}
}

// received shows all of a message.
func received(m *sinktest.SyslogMessage) string {
	return show(m.Time, m.Facility, m.Severity, string(m.Hostname), string(m.AppName), fmt.Sprintf("%q", m.Structured), string(m.Msg))
}

func show(at time.Time, facility, severity int, host, app, structured, msg string) string {
	var value any
	if json.Unmarshal([]byte(msg), &value) == nil {
		msg = fmt.Sprintf("json %v", value)
	}
	return fmt.Sprintf("%d <%d.%d> %s %s %s %s", at.UnixMicro(), facility, severity, host, app, structured, msg)
}

// wanted is what an event of the suite must arrive as.
func wanted(e *abi.Event, asJSON bool) string {
	host, app, facility, severity := "h", "", 1, 6
	structured := []sinktest.SyslogElement(nil)
	if m := e.Meta; m != nil {
		host, app, facility, severity = string(m.Hostname), string(m.AppName), int(m.Facility), int(m.Severity)
		for _, p := range m.Structured { // one of each id
			structured = append(structured, sinktest.SyslogElement{ID: p.ID, Params: []sinktest.SyslogParam{{Name: p.Name, Value: p.Value}}})
		}
	}
	msg := wantedPairs(e)
	switch {
	case e.Body != nil:
		msg = escaped(e.Body)
	case asJSON:
		msg = wantedObject(e)
	}
	return show(time.Unix(0, e.Time), facility, severity, host, app, fmt.Sprintf("%q", structured), msg)
}

// isTime says whether a field is no more than the event's time.
func isTime(e *abi.Event, f abi.Field) bool {
	return string(f.Key) == "__time__" && string(f.Value) == fmt.Sprint(e.Time/1e9)
}

func wantedPairs(e *abi.Event) string {
	var b strings.Builder
	for _, f := range e.Fields {
		if !isTime(e, f) {
			b.WriteString("||" + escaped(f.Key) + "=" + escaped(f.Value))
		}
	}
	return b.String()
}

func wantedObject(e *abi.Event) string {
	object := map[string]any{}
	for _, f := range e.Fields {
		if f.JSON {
			object[toValid(f.Key)] = json.RawMessage(f.Value)
		} else if !isTime(e, f) {
			object[toValid(f.Key)] = toValid(f.Value)
		}
	}
	b, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// escaped is text as it may stand in a message.
func escaped(b []byte) string {
	var out strings.Builder
	for _, r := range toValid(b) {
		switch {
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\r':
			out.WriteString(`\r`)
		case r != '\t' && unicode.IsControl(r):
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}
