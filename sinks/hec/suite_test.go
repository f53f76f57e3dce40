package hec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks/sinktest"
	"github.com/slswasm/slswasm/sinks/sinktest/suite"
)

func TestSuite(t *testing.T) {
	suite.Run(t, func(t *testing.T) suite.Subject { return subject(t, sinktest.HECAcks{}, func(*Config) {}) })
}

func TestSuiteWithAcks(t *testing.T) {
	suite.Run(t, func(t *testing.T) suite.Subject {
		s := subject(t, sinktest.HECAcks{On: true, After: 1}, func(c *Config) { c.Ack = true })
		s.Large = 1 << 16
		s.Sink.(*Sink).polling = polling{first: time.Millisecond, longest: 10 * time.Millisecond, lost: 100 * time.Millisecond}
		return s
	})
}

func TestSuiteWithSmallZippedBodies(t *testing.T) {
	suite.Run(t, func(t *testing.T) suite.Subject {
		s := subject(t, sinktest.HECAcks{}, func(c *Config) { c.MaxBody, c.Gzip = 2000, true })
		s.Large = 1 << 16
		return s
	})
}

func subject(t *testing.T, acks sinktest.HECAcks, change func(*Config)) suite.Subject {
	var stalled atomic.Bool
	s, r := start(t, sinktest.HECOptions{Indexes: []string{"main"}, Acks: acks, Answer: func(int) *sinktest.HECAnswer {
		if stalled.Load() {
			return &sinktest.HECAnswer{Fault: sinktest.HECStall, Early: true}
		}
		return nil
	}}, change)
	return suite.Subject{
		Sink: s,
		Received: func() []string {
			var got []string
			for _, e := range r.Events() {
				got = append(got, describe(t, &e))
			}
			return got
		},
		Want: want,
		Down: r.Down,
		Up: func() {
			if err := r.Up(); err != nil {
				t.Error(err)
			}
		},
		Stall:  func() { stalled.Store(true) },
		Poison: poison,
	}
}

// describe and want write the same of what arrived and of what was meant.
func describe(t *testing.T, e *sinktest.HECEvent) string {
	t.Helper()
	return fmt.Sprintf("%s %s %s %s %s", e.Seconds(), e.Index, e.Host, canonical(e.Fields), canonical(e.Event))
}

func want(e *abi.Event) string {
	index, host, indexed := "", "", json.RawMessage(nil)
	if e.Meta != nil {
		index, host = string(e.Meta.Index), string(e.Meta.Host)
		fields := map[string]string{}
		for _, f := range e.Meta.Fields {
			fields[string(f.Key)] = string(f.Value)
		}
		if len(fields) > 0 {
			indexed = must(json.Marshal(fields))
		}
	}
	return fmt.Sprintf("%d.%06d %s %s %s %s", e.Time/1e9, e.Time%1e9/1000, index, host, canonical(indexed), canonical(wantEvent(e)))
}

// isTime says whether a field is no more than the event's time.
func isTime(e *abi.Event, f abi.Field) bool {
	return string(f.Key) == "__time__" && string(f.Value) == fmt.Sprint(e.Time/1e9)
}

func wantEvent(e *abi.Event) json.RawMessage {
	switch {
	case e.Body != nil && e.BodyJSON:
		return e.Body
	case e.Body != nil:
		return must(json.Marshal(string(e.Body)))
	}
	fields := map[string]any{}
	for _, f := range e.Fields {
		switch key := strings.ToValidUTF8(string(f.Key), "\ufffd"); {
		case isTime(e, f):
		case f.JSON:
			fields[key] = json.RawMessage(f.Value)
		default:
			fields[key] = string(f.Value)
		}
	}
	return must(json.Marshal(fields))
}

// canonical sorts the keys and drops the white space of JSON.
func canonical(raw json.RawMessage) string {
	if raw == nil {
		return "none"
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return "not JSON: " + string(raw)
	}
	return string(must(json.Marshal(v)))
}
