package offline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
)

const (
	tryAtOnce  = 1024    // logs in one call
	shownValue = 4 << 10 // bytes
)

// Try passes logs through a module and hands over what became of each, in
// order and counted from 0. What it hands over is good until each returns.
func Try(ctx context.Context, m *guest.Module, logs []abi.Event, each func(n int, o *Outcome) error) error {
	var out guest.Output
	for from := 0; from < len(logs); from += tryAtOnce {
		outcomes, err := transform(ctx, m, logs[from:min(len(logs), from+tryAtOnce)], &out)
		if err != nil {
			return err
		}
		for i := range outcomes {
			if err := each(from+i, &outcomes[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Verdict says in words what became of the log.
func (o *Outcome) Verdict() string {
	switch {
	case o.Err != nil:
		return "failed: " + abi.Printable([]byte(o.Reason()), shownValue)
	case o.Dropped():
		return "dropped"
	case len(o.Events) > 1:
		return fmt.Sprintf("became %d events", len(o.Events))
	case len(around(o.Diff(0))) == 0:
		return "unchanged"
	}
	return "changed"
}

// Diff shows the i-th event beside the log: field by field, and after them
// what the guest said of it. Without events it shows the log.
func (o *Outcome) Diff(i int) []DiffLine {
	before := fieldLines(o.Log)
	if i >= len(o.Events) {
		return diff(before, before)
	}
	e := &o.Events[i]
	lines := diff(before, fieldLines(e))
	if e.Time != o.Log.Time {
		lines = append(lines, DiffLine{'+', fmt.Sprintf("time: %d ns", e.Time)})
	}
	if meta := metaObject(e.Meta); len(meta) > 0 {
		lines = append(lines, DiffLine{'+', "meta: " + abi.Printable([]byte(meta.String()), shownValue)})
	}
	return lines
}

func fieldLines(e *abi.Event) (lines []string) {
	if e.Body != nil {
		return valueLines("body", e.Body, e.BodyJSON)
	}
	for _, f := range e.Fields {
		lines = append(lines, valueLines(abi.Printable(f.Key, shownValue), f.Value, f.JSON)...)
	}
	return lines
}

// valueLines shows one value. JSON objects are shown member by member, be they
// JSON or text, so that a small change within one stands out.
func valueLines(name string, value []byte, isJSON bool) []string {
	trimmed := bytes.TrimSpace(value)
	if !bytes.HasPrefix(trimmed, []byte{'{'}) || !json.Valid(trimmed) {
		if isJSON {
			value = []byte(compact(value))
		}
		return []string{name + ": " + abi.Printable(value, shownValue)}
	}
	kind := " (an object as text)"
	if isJSON {
		kind = " (an object)"
	}
	return append([]string{name + kind}, memberLines("  "+name, trimmed)...)
}

// memberLines shows the members of a valid JSON object by their paths.
func memberLines(path string, object []byte) (lines []string) {
	d := json.NewDecoder(bytes.NewReader(object))
	_, _ = d.Token()
	for d.More() {
		key, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return lines // not reached: it is valid
		}
		name := path + "." + abi.Printable(fmt.Append(nil, key), shownValue)
		if len(value) > 2 && value[0] == '{' {
			lines = append(lines, memberLines(name, value)...)
		} else {
			lines = append(lines, name+": "+abi.Printable([]byte(compact(value)), shownValue))
		}
	}
	return lines
}
