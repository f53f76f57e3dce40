package offline

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/slswasm/slswasm/abi"
)

// Lines writes what became of a log as out.jsonl of a case has it: one line
// for each event, or one that says that it was dropped or failed.
func (o *Outcome) Lines() []string {
	switch {
	case o.Err != nil:
		return []string{`{"fail":` + quote(o.Reason()) + `}`}
	case o.Dropped():
		return []string{`{"drop":true}`}
	}
	lines := make([]string, len(o.Events))
	for i := range o.Events {
		lines[i] = eventLine(&o.Events[i], o.Log.Time)
	}
	return lines
}

// An object collects the members of a JSON object.
type object []string

func (o *object) add(key, json string) { *o = append(*o, quote(key)+":"+json) }

func (o *object) text(key string, value []byte) {
	if len(value) > 0 {
		o.add(key, quote(string(value)))
	}
}

func (o *object) level(key string, value int8) {
	if value != abi.Unset {
		o.add(key, strconv.Itoa(int(value)))
	}
}

func (o object) String() string { return "{" + strings.Join(o, ",") + "}" }

func eventLine(e *abi.Event, logTime int64) string {
	var line object
	if e.Time != logTime {
		line.add("time", quote(strconv.FormatInt(e.Time, 10)))
	}
	switch {
	case e.Body == nil:
		line.add("fields", fieldsObject(e.Fields))
	case e.BodyJSON:
		line.add("body_json", compact(e.Body))
	default:
		line.add("body", quote(string(e.Body)))
	}
	if meta := metaObject(e.Meta); len(meta) > 0 {
		line.add("meta", meta.String())
	}
	return line.String()
}

func metaObject(m *abi.Meta) (o object) {
	if m == nil {
		return nil
	}
	o.text("index", m.Index)
	o.text("source", m.Source)
	o.text("sourcetype", m.SourceType)
	o.text("host", m.Host)
	if len(m.Fields) > 0 {
		o.add("fields", fieldsObject(m.Fields))
	}
	o.level("facility", m.Facility)
	o.level("severity", m.Severity)
	o.text("app_name", m.AppName)
	o.text("procid", m.ProcID)
	o.text("msgid", m.MsgID)
	o.text("hostname", m.Hostname)
	if len(m.Structured) > 0 {
		var params []string
		for _, p := range m.Structured {
			params = append(params, "["+quote(string(p.ID))+","+quote(string(p.Name))+","+quote(string(p.Value))+"]")
		}
		o.add("structured", "["+strings.Join(params, ",")+"]")
	}
	o.text("route", m.Route)
	return o
}

func fieldsObject(fields []abi.Field) string {
	var o object
	for _, f := range fields {
		o.add(string(f.Key), valueJSON(&f))
	}
	return o.String()
}

func valueJSON(f *abi.Field) string {
	if f.JSON {
		return compact(f.Value)
	}
	return quote(string(f.Value))
}

// quote writes a text as JSON; what is not UTF-8 becomes U+FFFD.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a text cannot fail
	return strings.TrimSuffix(b.String(), "\n")
}

// compact writes one valid JSON value in one line.
func compact(value []byte) string {
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return quote(string(value))
	}
	return b.String()
}

var jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// normal writes a JSON value so that two of them are equal texts when they say
// the same, with the members in order; ok says that it is one.
func normal(line string) (text string, ok bool) {
	if !json.Valid([]byte(line)) {
		return "", false
	}
	return jsonString.ReplaceAllStringFunc(compact([]byte(line)), func(literal string) string {
		var s string
		if json.Unmarshal([]byte(literal), &s) != nil {
			return literal
		}
		return quote(s)
	}), true
}
