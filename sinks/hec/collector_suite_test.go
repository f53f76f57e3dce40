//go:build unix

package hec

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks/sinktest/suite"
)

// The collector must pass what the scripted receiver passes, with
// acknowledgement.
func TestSuiteWithCollector(t *testing.T) {
	findCollector(t) // or skip once
	arrivals := startArrivals(t)
	suite.Run(t, func(t *testing.T) suite.Subject {
		c, before := startCollector(t, arrivals), len(arrivals.all())
		return suite.Subject{
			Sink: inRuns{c.sink(t, acks)},
			Received: func() []string {
				var got []string
				for _, l := range arrivals.all()[before:] {
					got = append(got, l.describe(t))
				}
				return got
			},
			Want:  func(e *abi.Event) string { return strings.ReplaceAll(want(e), "2.5e3", "2500") },
			Down:  c.down,
			Up:    func() { report(t, c.up(t.Context())) },
			Stall: func() { report(t, c.cmd.Process.Signal(syscall.SIGSTOP)) }, // the kernel still takes connections
			Poison: func() abi.Event { // larger than max_request_body_size
				return abi.Event{Log: abi.Log{Fields: []abi.Field{field("large", strings.Repeat("x", 2_100_000))}}}
			},
		}
	})
}

func report(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// inRuns sends events of one host and index at a time: of a request, the
// collector puts those together that have these in common.
type inRuns struct{ *Sink }

func (s inRuns) Send(ctx context.Context, events []abi.Event) (int, error) {
	sent := 0
	for i := range events {
		if i+1 < len(events) && (events[i].Meta == nil) == (events[i+1].Meta == nil) {
			continue
		}
		n, err := s.Sink.Send(ctx, events[sent:i+1])
		if sent += n; err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// describe is what want makes of the event that this log was.
func (l *otlpLog) describe(t *testing.T) string {
	t.Helper()
	ns, err := strconv.ParseInt(l.TimeUnixNano, 10, 64)
	if err != nil {
		t.Fatalf("time %q: %v", l.TimeUnixNano, err)
	}
	us := (ns + 500) / 1000 // the collector reads the time as a float64
	attributes := object(l.Attributes)
	index, host := attributes["com.splunk.index"], attributes["host.name"]
	delete(attributes, "com.splunk.index")
	delete(attributes, "host.name")
	var fields json.RawMessage
	if len(attributes) > 0 {
		fields = must(json.Marshal(attributes))
	}
	text := func(v any) string {
		s, _ := v.(string)
		return s
	}
	event := must(json.Marshal(l.Body.json()))
	return fmt.Sprintf("%d.%06d %s %s %s %s", us/1e6, us%1e6, text(index), text(host), canonical(fields), canonical(event))
}
