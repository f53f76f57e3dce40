package slswasmtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ReadLogs reads a file with one flattened log on each line, as in
// testdata/logs of slswasm's repository: JSON objects of texts.
func ReadLogs(tb testing.TB, file string) (logs []Log) {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	logs, err = parseLogs(string(text))
	if err != nil {
		tb.Fatalf("%s: %v", file, err)
	}
	return logs
}

func parseLogs(text string) (logs []Log, err error) {
	for i, line := range lines(text) {
		l, err := parseLog(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		logs = append(logs, l)
	}
	return logs, nil
}

func lines(s string) (nonEmpty []string) {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			nonEmpty = append(nonEmpty, line)
		}
	}
	return nonEmpty
}

// parseLog reads one flattened log: a JSON object of texts. __time__ and
// __time_ns_part__ give the log's time too.
func parseLog(line string) (Log, error) {
	d := json.NewDecoder(strings.NewReader(line))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return Log{}, fmt.Errorf("not a JSON object: %.80s", line)
	}
	var l Log
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return Log{}, err
		}
		var value string
		if err := d.Decode(&value); err != nil {
			return Log{}, fmt.Errorf("field %v: %w", key, err)
		}
		if find(l.Fields, key.(string)) >= 0 {
			return Log{}, fmt.Errorf("field %v: named twice; a log's keys differ", key)
		}
		l.Fields = append(l.Fields, Field{Key: key.(string), Value: value})
	}
	if _, err := d.Token(); err != nil {
		return Log{}, fmt.Errorf("not a JSON object: %w", err)
	}
	for key, unit := range map[string]int64{"__time__": 1e9, "__time_ns_part__": 1} {
		if i := find(l.Fields, key); i >= 0 {
			n, err := strconv.ParseInt(l.Fields[i].Value, 10, 64)
			if err != nil {
				return Log{}, fmt.Errorf("field %s: %w", key, err)
			}
			l.Time += n * unit
		}
	}
	return l, nil
}

// lines writes the result of a log as out.jsonl has it.
func (r Result) lines(l Log) (out []string) {
	switch {
	case r.Verdict == Fail:
		return []string{`{"fail":` + quote(r.Reason) + `}`}
	case len(r.Events) == 0: // dropped, or none was emitted
		return []string{`{"drop":true}`}
	}
	for _, e := range r.Events {
		out = append(out, e.line(l))
	}
	return out
}

func (e Event) line(l Log) string {
	var members []string
	add := func(key, json string) { members = append(members, quote(key)+":"+json) }
	if e.Time != l.Time {
		add("time", quote(strconv.FormatInt(e.Time, 10)))
	}
	switch {
	case e.Body == nil:
		add("fields", object(e.Fields))
	case e.BodyJSON:
		add("body_json", compact(*e.Body))
	default:
		add("body", quote(*e.Body))
	}
	if m := e.Meta.members(); len(m) > 0 {
		add("meta", "{"+strings.Join(m, ",")+"}")
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (m Meta) members() (out []string) {
	text := func(key, value string) {
		if value != "" {
			out = append(out, quote(key)+":"+quote(value))
		}
	}
	level := func(key string, v *uint8) {
		if v != nil {
			out = append(out, quote(key)+":"+strconv.Itoa(int(*v)))
		}
	}
	text("index", m.Index)
	text("source", m.Source)
	text("sourcetype", m.SourceType)
	text("host", m.Host)
	if len(m.Fields) > 0 {
		out = append(out, `"fields":`+object(m.Fields))
	}
	level("facility", m.Facility)
	level("severity", m.Severity)
	text("app_name", m.AppName)
	text("procid", m.ProcID)
	text("msgid", m.MsgID)
	text("hostname", m.Hostname)
	if len(m.Structured) > 0 {
		var params []string
		for _, p := range m.Structured {
			params = append(params, "["+quote(p.ID)+","+quote(p.Name)+","+quote(p.Value)+"]")
		}
		out = append(out, `"structured":[`+strings.Join(params, ",")+"]")
	}
	text("route", m.Route)
	return out
}

func object(fields []Field) string {
	var members []string
	for _, f := range fields {
		value := quote(f.Value)
		if f.JSON {
			value = compact(f.Value)
		}
		members = append(members, quote(f.Key)+":"+value)
	}
	return "{" + strings.Join(members, ",") + "}"
}

func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // text cannot fail
	return strings.TrimSuffix(b.String(), "\n")
}

func compact(s string) string {
	var b bytes.Buffer
	_ = json.Compact(&b, []byte(s)) // decode has seen that it is valid
	return b.String()
}

// sameOrdered compares two JSON values by what they say, members in order.
func sameOrdered(a, b string) (bool, error) {
	ta, err := tokens(a)
	if err != nil {
		return false, err
	}
	tb, err := tokens(b)
	return slices.Equal(ta, tb), err
}

func tokens(s string) (all []json.Token, err error) {
	if !json.Valid([]byte(s)) {
		return nil, fmt.Errorf("not JSON: %.80s", s)
	}
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	for {
		t, err := d.Token()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
}
