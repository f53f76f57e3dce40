package tap

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slswasm/slswasm/abi"
)

// What has changed, written as one line a row: its mark, key, before and after.
func TestRows(t *testing.T) {
	log := abi.Log{Time: 1e18, Fields: fields("__topic__", "t", "user", "alice", "ip", "192.0.2.1", "event", `{"who":{"name":"alice","id":7},"ok":true,"gone":[1]}`)}
	meta := abi.NoMeta()
	meta.Index, meta.Severity, meta.Fields = []byte("audit"), 3, fields("risk", "high")
	for _, c := range []struct {
		name    string
		events  []abi.Event
		verdict Verdict
		want    string
	}{
		{"kept", []abi.Event{{Log: log}}, Kept, `
			  __topic__: t
			  user: alice
			  ip: 192.0.2.1
			  event: {"who":{"name":"alice","id":7},"ok":true,"gone":[1]}`},
		{"edited", []abi.Event{{Log: abi.Log{Time: 1e18, Fields: fields("ip", "192.0.2.1", "user", "a***", "event", "x", "risk", "9")}}}, Edited, `
			removed __topic__: t
			changed user: alice -> a***
			  ip: 192.0.2.1
			changed event: {"who":{"name":"alice","id":7},"ok":true,"gone":[1]} -> x
			added risk: -> 9`},
		{"nested", []abi.Event{{Log: abi.Log{Time: 1e18, Fields: fields("__topic__", "t", "user", "alice", "ip", "192.0.2.1",
			"event", `{"ok":true,"who":{"name":"a***","id":7,"mfa":"<yes>"}}`)}}}, Edited, `
			  __topic__: t
			  user: alice
			  ip: 192.0.2.1
			changed event: {"who":{"name":"alice","id":7},"ok":true,"gone":[1]} -> {"ok":true,"who":{"name":"a***","id":7,"mfa":"<yes>"}}
			  removed gone: [1]
			  changed who.name: alice -> a***
			  added who.mfa: -> <yes>`},
		{"beside", []abi.Event{{Log: abi.Log{Time: 2e18, Fields: log.Fields[:1]}, Meta: &meta, Body: []byte("text")}}, Edited, `
			changed (time of the event): 2001-09-09T01:46:40Z -> 2033-05-18T03:33:20Z
			added (body): -> text
			added (index): -> audit
			added (indexed risk): -> high
			added (severity): -> 3
			  __topic__: t
			removed user: alice
			removed ip: 192.0.2.1
			removed event: {"who":{"name":"alice","id":7},"ok":true,"gone":[1]}`},
		{"dropped", nil, Dropped, `
			  __topic__: t
			  user: alice
			  ip: 192.0.2.1
			  event: {"who":{"name":"alice","id":7},"ok":true,"gone":[1]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := Batch{Logs: []abi.Log{log}, Events: c.events}
			p := b.pair(0, time.Time{})
			if p.Verdict != c.verdict {
				t.Errorf("the verdict is %s", p.Verdict)
			}
			rows := p.Before
			if len(p.After) > 0 {
				rows = p.After[0].Rows
			}
			if diff := cmp.Diff(strings.ReplaceAll(c.want, "\n\t\t\t", "\n"), lines(rows, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func lines(rows []Row, indent string) string {
	var b strings.Builder
	for _, r := range rows {
		mark, key, value := string(r.Mark)+" ", r.Key, ""
		if r.Mark == Same {
			mark = "  "
		}
		if r.Beside {
			key = "(" + key + ")"
		}
		if r.Before != nil {
			value = " " + r.Before.Text
		}
		if r.After != nil {
			value += " -> " + r.After.Text
		}
		fmt.Fprintf(&b, "%s%s%s:%s%s", indent, mark, key, value, lines(r.Within, indent+"  "))
	}
	return b.String()
}

func TestSeveral(t *testing.T) {
	in := logs(3)
	b := Batch{Logs: in, Events: []abi.Event{{Log: in[0]}, {Log: in[1], Origin: 1}, {Log: in[0], Origin: 1}, {Log: in[2], Origin: 2}}}
	p := b.pair(1, time.Time{})
	if p.Verdict != Several || len(p.After) != 2 || p.More != 0 {
		t.Errorf("got %+v", p)
	}
	if len(p.Before) != 0 {
		t.Error("the log is there twice: in the rows of its events it was shown already")
	}
	for range 20 {
		b.Events = append(b.Events, abi.Event{Log: in[2], Origin: 2})
	}
	if p := b.pair(2, time.Time{}); len(p.After) != maxEvents || p.More != 21-maxEvents {
		t.Errorf("%d events are shown and %d not", len(p.After), p.More)
	}
}

// A log that a guest could not transform and --on-error pass lets through is
// still one that failed.
func TestFailedAndPassed(t *testing.T) {
	in := logs(1)
	b := Batch{Logs: in, Events: events(in), Failures: []Failure{{0, "audit.wasm", abi.FailError("no time")}}}
	p := b.pair(0, time.Time{})
	if p.Verdict != Failed || p.Guest != "audit.wasm" || p.Reason != "guest failed the log: no time" || len(p.After) != 1 {
		t.Errorf("got %+v", p)
	}
}

func TestBounds(t *testing.T) {
	var many []abi.Field
	for i := range maxRows + 5 {
		many = append(many, abi.Field{Key: fmt.Append(nil, "field", i), Value: []byte(strings.Repeat("v", 2*maxText))})
	}
	in := []abi.Log{{Fields: many}}
	b := Batch{Logs: in, Events: events(in)}
	p := b.pair(0, time.Time{})
	side := p.After[0]
	if len(side.Rows) != maxRows || side.More != 5 {
		t.Errorf("%d rows are shown and %d not", len(side.Rows), side.More)
	}
	first, last := side.Rows[0].Before, side.Rows[maxRows-1].Before
	if len(first.Text) != maxText || first.Size != 2*maxText || last.Text != "" || last.Size != 2*maxText {
		t.Errorf("the first value has %d of %d bytes, the last one %d of %d", len(first.Text), first.Size, len(last.Text), last.Size)
	}
	if n := size(p); n > maxPair+maxRows*10 {
		t.Errorf("the pair has %d bytes", n)
	}
}
