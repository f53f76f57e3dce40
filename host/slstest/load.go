package slstest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// How much Load puts into one log group.
const (
	loadLogs  = 500
	loadBytes = 512 << 10
	maxLine   = 16 << 20 // bytes of one line
)

const tagPrefix = "__tag__:"

// Load puts logs from JSON lines into a logstore, its shards in turn, and
// returns how many. Each line is one flattened log, an object whose members
// keep their order:
//
//   - __time__: seconds since 1970, a number or a text of digits; required
//   - __time_ns_part__: nanoseconds of that second
//   - __topic__, __source__: of its log group
//   - __tag__:K: a tag of its log group; the arrival time
//     (__tag__:__receive_time__) is passed over, because the service sets it
//   - anything else: a content. A text is taken as it is, any other value as
//     its JSON text.
//
// Empty lines are passed over. Logs that follow each other and agree in topic,
// source and tags share a log group. What was put before an error stays.
func (s *Server) Load(project, logstore string, r io.Reader) (logs int, err error) {
	put := func(g *Group) error {
		if len(g.Logs) == 0 {
			return nil
		}
		logs += len(g.Logs)
		return s.Put(project, logstore, AnyShard, g.Marshal())
	}
	var group Group
	size, line := 0, 0
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		line++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		head, l, err := ParseLine(lines.Bytes())
		if err != nil {
			return logs, fmt.Errorf("line %d: %w", line, err)
		}
		if !head.sameAs(&group) || len(group.Logs) >= loadLogs || size >= loadBytes {
			if err := put(&group); err != nil {
				return logs, err
			}
			group, size = head, 0
		}
		group.Logs = append(group.Logs, l)
		size += len(lines.Bytes())
	}
	if err := lines.Err(); err != nil {
		return logs, fmt.Errorf("line %d: %w", line+1, err)
	}
	return logs, put(&group)
}

func (g *Group) sameAs(o *Group) bool {
	return g.Topic == o.Topic && g.Source == o.Source && slices.Equal(g.Tags, o.Tags)
}

// ParseLine reads one flattened log, in the form that Load takes: the log
// group that it belongs to, without logs, and the log.
func ParseLine(line []byte) (head Group, l Log, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return head, l, errors.New("not a JSON object")
	}
	timed := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return head, l, err
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return head, l, fmt.Errorf("%v: %w", key, err)
		}
		k := key.(string) // a member's key is a string
		timed = timed || k == "__time__"
		if err := head.member(&l, k, raw); err != nil {
			return head, l, err
		}
	}
	if _, err := d.Token(); err != nil {
		return head, l, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return head, l, errors.New("more than one JSON object")
	}
	if !timed {
		return head, l, errors.New("__time__ is missing")
	}
	return head, l, nil
}

func (g *Group) member(l *Log, key string, raw json.RawMessage) error {
	value := string(raw)
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &value); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	switch key {
	case "__time__":
		return number(key, value, math.MaxUint32, &l.Time)
	case "__time_ns_part__":
		return number(key, value, 999_999_999, &l.Nanos)
	case "__topic__":
		g.Topic = value
	case "__source__":
		g.Source = value
	case tagPrefix + receiveTime:
	default:
		if tag, ok := strings.CutPrefix(key, tagPrefix); ok {
			g.Tags = append(g.Tags, KV{tag, value})
			return nil
		}
		l.Contents = append(l.Contents, KV{key, value})
	}
	return nil
}

func number(key, text string, limit uint64, into *uint32) error {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n > limit {
		return fmt.Errorf("%s: %q is no whole number from 0 to %d", key, text, limit)
	}
	*into = uint32(n)
	return nil
}
