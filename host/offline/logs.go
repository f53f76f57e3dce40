package offline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/shard"
)

// ReadLogs reads logs in either form that they are kept in: JSON lines, or the
// bytes of one pull (slswasm run --save-pull).
func ReadLogs(text []byte) ([]abi.Event, error) {
	if len(text) > 0 && text[0] == '\n' { // of a LogGroupList, the first tag
		if logs, err := shard.Decode(text); err == nil && len(logs) > 0 {
			events := make([]abi.Event, len(logs))
			for i := range logs {
				events[i] = abi.Event{Log: logs[i], Origin: i}
			}
			return events, nil
		}
	}
	return ParseLogs(text)
}

// ParseLogs reads flattened logs as JSON lines: an object of texts on each
// line. __time__ (seconds) and __time_ns_part__ give the log's time, and equal
// topic, source and tags make logs of one group.
func ParseLogs(text []byte) ([]abi.Event, error) {
	var events []abi.Event
	groups := map[string]uint32{}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		log, err := parseLog(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		key := groupKey(log.Fields)
		if _, known := groups[key]; !known {
			groups[key] = uint32(len(groups))
		}
		log.Group = groups[key]
		events = append(events, abi.Event{Log: log, Origin: len(events)})
	}
	return events, nil
}

// groupKey is what logs of one LogGroup have in common.
func groupKey(fields []abi.Field) string {
	var key []byte
	for _, f := range fields {
		if k := string(f.Key); k == "__topic__" || k == "__source__" || bytes.HasPrefix(f.Key, []byte("__tag__:")) {
			key = fmt.Appendf(key, "%q=%q;", f.Key, f.Value)
		}
	}
	return string(key)
}

func parseLog(line []byte) (abi.Log, error) {
	var log abi.Log
	d := json.NewDecoder(bytes.NewReader(line))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return log, fmt.Errorf("not a JSON object: %s", abi.Printable(line, 80))
	}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return log, fmt.Errorf("not JSON: %w", err)
		}
		key := token.(string) // the decoder sees to it
		var value *string
		if err := d.Decode(&value); err != nil || value == nil {
			return log, fmt.Errorf("field %q: not a text, and the Log Service flattens everything to text", key)
		}
		if key == "" || seen[key] {
			return log, fmt.Errorf("field %q: empty name, or given twice", key)
		}
		seen[key] = true
		log.Fields = append(log.Fields, abi.Field{Key: []byte(key), Value: []byte(*value)})
	}
	if _, err := d.Token(); err != nil {
		return log, fmt.Errorf("not a JSON object: %w", err)
	}
	if d.More() {
		return log, errors.New("something follows the JSON object")
	}
	var err error
	log.Time, err = logTime(&log)
	return log, err
}

// logTime reads the two fields that hold a log's time, in nanoseconds since
// 1970; a log without them is of 1970.
func logTime(log *abi.Log) (ns int64, err error) {
	for _, f := range []struct {
		key  string
		bits int
		unit int64
	}{{"__time__", 32, 1e9}, {"__time_ns_part__", 30, 1}} {
		value, found := log.Get(f.key)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(string(value), 10, f.bits)
		if err != nil {
			return 0, fmt.Errorf("field %s: %q is not a number of %d bits", f.key, value, f.bits)
		}
		ns += int64(n) * f.unit
	}
	return ns, nil
}
