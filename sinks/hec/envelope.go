package hec

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

// An encoder writes events as HEC envelopes. It holds settings only and is
// shared. The keys of an envelope are all written here: Splunk drops an object
// with a key that it does not know, and every object after it, and says 200.
type encoder struct {
	index, source, sourceType, host []byte
	plain                           []byte // an envelope without metadata, up to its time
	asString                        bool
	nest                            []string
}

func newEncoder(cfg Config) *encoder {
	c := &encoder{
		index: []byte(cfg.Index), source: []byte(cfg.Source), sourceType: []byte(cfg.SourceType), host: []byte(cfg.Host),
		asString: cfg.Event == EventString, nest: cfg.Nest,
	}
	c.plain = c.appendHead(nil, &abi.Meta{})
	return c
}

// appendEnvelope appends one event and a line break. Scratch is lent for the
// work and comes back, perhaps grown.
func (c *encoder) appendEnvelope(dst []byte, e *abi.Event, scratch []byte) (out, lent []byte) {
	if e.Meta == nil {
		dst = append(dst, c.plain...)
	} else {
		dst = c.appendHead(dst, e.Meta)
	}
	dst = appendTime(dst, e.Time)
	dst = append(dst, `,"event":`...)
	switch {
	case e.Body != nil && e.BodyJSON:
		dst = sinks.AppendJSONRaw(dst, e.Body)
	case e.Body != nil:
		dst = sinks.AppendJSONString(dst, e.Body)
	case c.asString:
		scratch = c.appendFields(scratch[:0], e)
		dst = sinks.AppendJSONString(dst, scratch)
	default:
		dst = c.appendFields(dst, e)
	}
	if e.Meta != nil || e.ID != nil {
		dst = appendIndexed(dst, e)
	}
	return append(dst, '}', '\n'), scratch
}

// appendHead appends an envelope up to the digits of its time.
func (c *encoder) appendHead(dst []byte, m *abi.Meta) []byte {
	dst = append(dst, '{')
	dst = appendText(dst, `"index":`, m.Index, c.index)
	dst = appendText(dst, `"source":`, m.Source, c.source)
	dst = appendText(dst, `"sourcetype":`, m.SourceType, c.sourceType)
	dst = appendText(dst, `"host":`, m.Host, c.host)
	return append(dst, `"time":`...)
}

func appendText(dst []byte, key string, value, otherwise []byte) []byte {
	if len(value) == 0 {
		value = otherwise
	}
	if len(value) == 0 {
		return dst
	}
	dst = append(dst, key...)
	dst = sinks.AppendJSONString(dst, value)
	return append(dst, ',')
}

// appendTime appends seconds with six digits after the point. What is below a
// microsecond is cut: Splunk keeps no more. The digits come from the integer,
// since a float64 cannot hold today's time to the microsecond.
func appendTime(dst []byte, ns int64) []byte {
	ns = max(ns, 0)
	dst = strconv.AppendInt(dst, ns/1e9, 10)
	dst = append(dst, '.')
	micros := ns % 1e9 / 1e3
	for unit := int64(100_000); unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+micros/unit%10))
	}
	return dst
}

// The two fields of a flattened log that have a meaning here.
const (
	topicKey = "__topic__"
	nestKey  = "event" // holds JSON as text in logs of the topics to nest
)

// appendFields appends the flattened log as an object, without its time, which
// is the envelope's.
func (c *encoder) appendFields(dst []byte, e *abi.Event) []byte {
	nest := c.nests(e)
	dst = append(dst, '{')
	first := true
	for i := range e.Fields {
		f := &e.Fields[i]
		if sinks.RepeatsTime(f, e.Time) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = sinks.AppendJSONString(dst, f.Key)
		dst = append(dst, ':')
		if f.JSON || nest && string(f.Key) == nestKey && abi.ValidJSON(f.Value) {
			dst = sinks.AppendJSONRaw(dst, f.Value)
		} else {
			dst = sinks.AppendJSONString(dst, f.Value)
		}
	}
	return append(dst, '}')
}

func (c *encoder) nests(e *abi.Event) bool {
	if len(c.nest) == 0 {
		return false
	}
	topic, found := e.Get(topicKey)
	if !found {
		return false
	}
	for _, t := range c.nest {
		if t == string(topic) {
			return true
		}
	}
	return false
}

// idField is the indexed field of an event's identity.
const idField = "sls_event_id"

// appendIndexed appends the event's identity and the guest's indexed fields,
// which must be flat: all values are strings, and a name that repeats has a
// list of them. A field without a name cannot be indexed and is left out, and
// so is a guest's with the name of the identity.
func appendIndexed(dst []byte, e *abi.Event) []byte {
	var fields []abi.Field
	if e.Meta != nil {
		fields = e.Meta.Fields
	}
	none := len(dst)
	dst = append(dst, `,"fields":{`...)
	empty := len(dst)
	if e.ID != nil {
		dst = append(dst, `"`+idField+`":`...)
		dst = sinks.AppendJSONString(dst, e.ID)
	}
	for i := range fields {
		name := fields[i].Key
		if len(name) == 0 || has(fields[:i], name) || e.ID != nil && string(name) == idField {
			continue
		}
		if len(dst) > empty {
			dst = append(dst, ',')
		}
		dst = sinks.AppendJSONString(dst, name)
		dst = append(dst, ':')
		dst = appendValues(dst, &fields[i], fields[i+1:])
	}
	if len(dst) == empty {
		return dst[:none]
	}
	return append(dst, '}')
}

func has(fields []abi.Field, name []byte) bool {
	return slices.ContainsFunc(fields, func(f abi.Field) bool { return bytes.Equal(f.Key, name) })
}

// appendValues appends the value of the first field, or a list of it and the
// values of the later ones with its name.
func appendValues(dst []byte, first *abi.Field, later []abi.Field) []byte {
	if !has(later, first.Key) {
		return sinks.AppendJSONString(dst, first.Value)
	}
	dst = sinks.AppendJSONString(append(dst, '['), first.Value)
	for i := range later {
		if bytes.Equal(later[i].Key, first.Key) {
			dst = sinks.AppendJSONString(append(dst, ','), later[i].Value)
		}
	}
	return append(dst, ']')
}

const blankReason = "blank: Splunk takes no event without content"

// blank says whether Splunk refuses the event because there is nothing in it
// (codes 6 and 13). Only a body can be blank: an object never is.
func blank(e *abi.Event) bool {
	if e.Body == nil {
		return false
	}
	body := bytes.TrimSpace(e.Body)
	if !e.BodyJSON {
		return len(body) == 0
	}
	switch string(body) {
	case "null", "false":
		return true
	}
	if len(body) < 2 || body[0] != '"' || len(body) > 64 {
		return len(body) == 0
	}
	var text string
	return json.Unmarshal(body, &text) == nil && len(bytes.TrimSpace([]byte(text))) == 0
}
