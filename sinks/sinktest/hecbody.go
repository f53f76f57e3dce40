package sinktest

import (
	"bytes"
	"encoding/json"
	"io"
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
	events  []HECEvent
}

// parse returns the code of the first fault and the number that goes with
// it, counted as Splunk does; 0 when there was none. The events before a fault
// are indexed.
func (p *hecParser) parse(body []byte) (code, number int) {
	dec := json.NewDecoder(bytes.NewReader(body))
	for n := 0; ; n++ {
		from := dec.InputOffset()
		e := HECEvent{Request: p.request}
		unknown, code := p.envelope(dec, &e)
		switch {
		case code == endOfBody:
			return 0, 0
		case code == 0 && !utf8.Valid(body[from:dec.InputOffset()]):
			return 6, n
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

const endOfBody = -1

// envelope reads one object. A code other than 0 says what is wrong with it.
func (p *hecParser) envelope(dec *json.Decoder, e *HECEvent) (unknown bool, code int) {
	switch start, err := dec.Token(); {
	case err == io.EOF:
		return false, endOfBody
	case err != nil || start != json.Delim('{'):
		return false, 6
	}
	var seen []string
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return false, 6
		}
		name, _ := key.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil || slices.Contains(seen, name) {
			return false, 6
		}
		seen = append(seen, name)
		known, good := e.set(name, value)
		unknown = unknown || !known
		if !good {
			return false, 6
		}
	}
	if _, err := dec.Token(); err != nil {
		return false, 6
	}
	if unknown {
		return true, 0
	}
	return false, p.check(e)
}

// set puts a value in its place and says whether there is one, and whether
// the value may stand there.
func (e *HECEvent) set(name string, value json.RawMessage) (known, good bool) {
	text := map[string]*string{"host": &e.Host, "source": &e.Source, "sourcetype": &e.SourceType, "index": &e.Index}[name]
	switch {
	case text != nil:
		return true, json.Unmarshal(value, text) == nil
	case name == "time":
		e.Time = value
		_, err := strconv.ParseFloat(e.Seconds(), 64)
		return true, err == nil
	case name == "event":
		e.Event = value
		return true, true
	case name == "fields":
		e.Fields = value
		return true, true
	}
	return false, true
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
