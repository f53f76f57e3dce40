package sinktest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"
)

// A HECEvent is one event as it arrived: raw JSON, read by who wants to.
type HECEvent struct {
	Request int // number of the POST that brought it, from 0
	Time    json.RawMessage
	Event   json.RawMessage
	Fields  json.RawMessage // nil when there were none
	// The rest of the envelope; "" when the key was left out.
	Host, Source, SourceType, Index string
}

// Seconds is the event's time as it was written, without quotes.
func (e *HECEvent) Seconds() string { return string(bytes.Trim(e.Time, `"`)) }

// hecParser reads a body as Splunk does: object after object, indexing each
// before it looks at the next.
type hecParser struct {
	request int
	indexes []string
	refuse  func(*HECEvent) (code int)
	events  []HECEvent
}

// parse returns the code of the first fault and the number that goes with
// it, counted as Splunk does; 0 when there was none. The events before a fault
// are indexed.
func (p *hecParser) parse(body []byte) (code, number int) {
	for n := 0; ; n++ {
		body = bytes.TrimLeft(body, " \t\r\n")
		if len(body) == 0 {
			return 0, 0
		}
		end := skipValue(body)
		if body[0] != '{' || !json.Valid(body[:end]) || !utf8.Valid(body[:end]) {
			return 6, n
		}
		e := HECEvent{Request: p.request}
		unknown, code := p.envelope(body[:end], &e)
		body = body[end:]
		switch {
		case code == 7:
			return 7, n + 1 // this one is counted from 1
		case code != 0:
			return code, n
		case unknown:
			return 0, 0 // nothing of the rest is indexed, and nobody is told
		case e.Event == nil:
			continue // fields without an event
		}
		p.events = append(p.events, e)
	}
}

// envelope reads one valid object. A code other than 0 says what is wrong.
func (p *hecParser) envelope(object []byte, e *HECEvent) (unknown bool, code int) {
	var seen []string
	for rest := next(object[1:]); rest[0] != '}'; {
		end := skipValue(rest)
		name := text(rest[:end])
		rest = next(rest[end:])
		end = skipValue(rest)
		known, good := e.set(name, rest[:end:end])
		if !good || slices.Contains(seen, name) {
			return false, 6
		}
		seen = append(seen, name)
		unknown = unknown || !known
		rest = next(rest[end:])
	}
	if unknown {
		return true, 0
	}
	return false, p.check(e)
}

// next skips what stands between the parts of an object.
func next(s []byte) []byte { return bytes.TrimLeft(s, " \t\r\n:,") }

func text(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // it was found valid
	return s
}

// skipValue returns where the JSON value at the start of s ends, as far as
// quotes and brackets tell.
func skipValue(s []byte) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			i = skipString(s, i)
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return min(i+1, len(s))
		}
	}
	return len(s)
}

// skipString returns the index of the closing quote.
func skipString(s []byte, i int) int {
	for i++; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' {
			i++
		}
	}
	return i
}

// set puts a value in its place and says whether there is one, and whether
// the value may stand there.
func (e *HECEvent) set(name string, value json.RawMessage) (known, good bool) {
	switch name {
	case "host":
		return true, setText(&e.Host, value)
	case "source":
		return true, setText(&e.Source, value)
	case "sourcetype":
		return true, setText(&e.SourceType, value)
	case "index":
		return true, setText(&e.Index, value)
	case "time":
		e.Time = value
		_, err := strconv.ParseFloat(e.Seconds(), 64)
		return true, err == nil
	case "event":
		e.Event = value
		return true, true
	case "fields":
		e.Fields = value
		return true, true
	}
	return false, true
}

func setText(to *string, value json.RawMessage) bool {
	if value[0] != '"' {
		return false
	}
	*to = text(value)
	return true
}

func (p *hecParser) check(e *HECEvent) (code int) {
	switch event := string(e.Event); {
	case event == "" && e.Fields == nil:
		return 12
	case event == "null", event == "false":
		return 6
	case blank(e.Event):
		return 13
	case e.Fields != nil && !flat(e.Fields):
		return 15
	case e.Index != "" && p.indexes != nil && !slices.Contains(p.indexes, e.Index):
		return 7
	case p.refuse != nil:
		return p.refuse(e)
	}
	return 0
}

func blank(event json.RawMessage) bool {
	var text string
	if len(event) == 0 || event[0] != '"' || json.Unmarshal(event, &text) != nil {
		return false
	}
	return len(bytes.TrimSpace([]byte(text))) == 0
}

// flat says whether fields is an object of plain values and lists of them.
func flat(fields json.RawMessage) bool {
	var m map[string]any
	if json.Unmarshal(fields, &m) != nil {
		return false
	}
	for _, v := range m {
		list, isList := v.([]any)
		if !isList {
			list = []any{v}
		}
		for _, v := range list {
			switch v.(type) {
			case map[string]any, []any:
				return false
			}
		}
	}
	return true
}
