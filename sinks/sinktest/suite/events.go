package suite

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/slswasm/slswasm/abi"
)

func field(key, value string) abi.Field { return abi.Field{Key: []byte(key), Value: []byte(value)} }

// event is a log like those of the Log Service.
func event(i int, fields ...abi.Field) abi.Event {
	at := int64(1_700_000_000+i)*1e9 + int64(i%1000)*1e6
	head := []abi.Field{
		field("__time__", fmt.Sprint(at/1e9)), field("__topic__", "suite"), field("__source__", "192.0.2.1"), field("number", fmt.Sprint(i)),
	}
	return abi.Event{Origin: i, Log: abi.Log{Time: at, Fields: append(head, fields...)}}
}

// numbered are n events that differ in their numbers.
func numbered(from, n int) []abi.Event {
	events := make([]abi.Event, n)
	for i := range events {
		events[i] = event(from + i)
	}
	return events
}

// unicode are events that hold every character, and surrogates as U+FFFD.
func unicode() []abi.Event {
	var all []abi.Event
	for lo := rune(0); lo <= utf8.MaxRune; lo += 0x1000 {
		var text []byte
		for r := lo; r < lo+0x1000; r++ {
			text = utf8.AppendRune(text, r)
		}
		all = append(all, event(len(all), abi.Field{Key: []byte("unicode"), Value: text}))
	}
	return all
}

// values are events with everything odd that a value can be, and one of a
// large size.
func values(large int) []abi.Event {
	if large == 0 {
		large = 1 << 20
	}
	var all []abi.Event
	add := func(fields ...abi.Field) { all = append(all, event(len(all), fields...)) }
	add()
	add(field("empty", ""))
	add(field("nul", "a\x00b\x00"), field("controls", "\x01\x02\x07\x08\t\n\v\f\r\x1b\x1f\x7f"))
	add(field("quotes", `"\'`+"`"), field(`key "with" \ quotes`, "v"), field("ключ=|[]{}", "v"))
	add(field("syslog", "<34>1 - - - - - -\n<35>1 2026"), field("pairs", "||a=b||c=d"), field("json", `{"a":"b"},"time":1}`))
	add(field("invalid", "\xff\xfe\xc3(\xed\xa0\x80\xf5\x80\x80\x80\xe4\xb8"), field("cut\xe4", "x"))
	add(field("large", strings.Repeat("0123456789abcde\n", large/16)))
	nested := field("nested", `{"a": [1, 2.5e3, null, "\u00e9\n"], "b": {}}`)
	nested.JSON = true
	add(nested)
	noFields := event(len(all))
	noFields.Fields = noFields.Fields[:1]
	all = append(all, noFields)
	body := event(len(all))
	body.Body = []byte("a whole message, \"as it is\" \xff\x00")
	all = append(all, body)
	jsonBody := event(len(all))
	jsonBody.Body, jsonBody.BodyJSON = []byte(`{"a":"b","c":[1,2]}`), true
	all = append(all, jsonBody)
	meta := abi.NoMeta()
	meta.Index, meta.Host, meta.AppName, meta.Hostname = []byte("main"), []byte("h"), []byte("app"), []byte("host")
	meta.Facility, meta.Severity = 4, 2
	meta.Fields = []abi.Field{field("risk", "high")}
	meta.Structured = []abi.Param{{ID: []byte("audit@1"), Name: []byte("risk"), Value: []byte(`"high"]\`)}}
	withMeta := event(len(all))
	withMeta.Meta = &meta
	return append(all, withMeta)
}

// clone copies an event and all its bytes.
func clone(e *abi.Event) abi.Event {
	c := *e
	c.Fields = cloneFields(e.Fields)
	c.Body = bytes.Clone(e.Body)
	if e.Meta != nil {
		m := *e.Meta
		for _, text := range texts(&m) {
			*text = bytes.Clone(*text)
		}
		m.Fields = cloneFields(m.Fields)
		m.Structured = nil
		for _, p := range e.Meta.Structured {
			m.Structured = append(m.Structured, abi.Param{ID: bytes.Clone(p.ID), Name: bytes.Clone(p.Name), Value: bytes.Clone(p.Value)})
		}
		c.Meta = &m
	}
	return c
}

func cloneFields(fields []abi.Field) []abi.Field {
	c := make([]abi.Field, len(fields))
	for i, f := range fields {
		c[i] = abi.Field{Key: bytes.Clone(f.Key), Value: bytes.Clone(f.Value), JSON: f.JSON}
	}
	return c
}

func cloneAll(events []abi.Event) []abi.Event {
	c := make([]abi.Event, len(events))
	for i := range events {
		c[i] = clone(&events[i])
	}
	return c
}

func texts(m *abi.Meta) []*[]byte {
	return []*[]byte{&m.Index, &m.Source, &m.SourceType, &m.Host, &m.AppName, &m.ProcID, &m.MsgID, &m.Hostname, &m.Route}
}

// scribble overwrites every byte of the events, and the events themselves.
func scribble(events []abi.Event) {
	fill := func(b []byte) {
		for i := range b {
			b[i] = '!'
		}
	}
	for i := range events {
		e := &events[i]
		fill(e.Body)
		fields := e.Fields
		if e.Meta != nil {
			fields = append(append([]abi.Field(nil), fields...), e.Meta.Fields...)
			for _, text := range texts(e.Meta) {
				fill(*text)
			}
			for _, p := range e.Meta.Structured {
				fill(p.ID)
				fill(p.Name)
				fill(p.Value)
			}
		}
		for _, f := range fields {
			fill(f.Key)
			fill(f.Value)
		}
		clear(e.Fields)
		*e = abi.Event{}
	}
}
