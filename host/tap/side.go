package tap

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/slswasm/slswasm/abi"
)

// side compares an event with its log.
func (c *copier) side(log *abi.Log, e *abi.Event) Side {
	var s Side
	add := func(row func() Row) {
		if len(s.Rows) < maxRows {
			s.Rows = append(s.Rows, row())
		} else {
			s.More++
		}
	}
	// What the receiver gets beside the fields comes first: it is short.
	for _, m := range beside(log, e) {
		add(func() Row {
			return Row{Key: m.key, Mark: m.mark, Beside: true, Before: m.before(c), After: c.text(m.after)}
		})
	}
	for i := range log.Fields {
		add(func() Row { return c.row(&log.Fields[i], field(e.Fields, log.Fields[i].Key)) })
	}
	for i := range e.Fields {
		if field(log.Fields, e.Fields[i].Key) == nil {
			add(func() Row { return c.row(nil, &e.Fields[i]) })
		}
	}
	return s
}

func field(fields []abi.Field, key []byte) *abi.Field {
	for i := range fields {
		if bytes.Equal(fields[i].Key, key) {
			return &fields[i]
		}
	}
	return nil
}

// row compares two fields of one key, of which one may be missing.
func (c *copier) row(before, after *abi.Field) Row {
	switch {
	case before == nil:
		return Row{Key: c.text(after.Key).Text, Mark: Added, After: c.text(after.Value), JSON: after.JSON}
	case after == nil:
		return Row{Key: c.text(before.Key).Text, Mark: Removed, Before: c.text(before.Value)}
	case sameValue(before, after):
		return Row{Key: c.text(before.Key).Text, Before: c.text(before.Value)}
	}
	r := Row{Key: c.text(before.Key).Text, Mark: Changed, JSON: after.JSON, Within: c.within(before.Value, after.Value)}
	r.Before, r.After = c.text(before.Value), c.text(after.Value)
	return r
}

// An extra is what an event says beside its fields.
type extra struct {
	key   string
	mark  Mark
	was   []byte
	after []byte
}

func (x extra) before(c *copier) *Text {
	if x.mark != Changed {
		return nil
	}
	return c.text(x.was)
}

func beside(log *abi.Log, e *abi.Event) (all []extra) {
	if e.Time != log.Time {
		at := func(ns int64) []byte { return time.Unix(0, ns).UTC().AppendFormat(nil, time.RFC3339Nano) }
		all = append(all, extra{"time of the event", Changed, at(log.Time), at(e.Time)})
	}
	set := func(key string, value []byte) {
		if value != nil {
			all = append(all, extra{key: key, mark: Added, after: value})
		}
	}
	set("body", e.Body)
	m := e.Meta
	if m == nil {
		return all
	}
	set("route", m.Route)
	set("index", m.Index)
	set("source", m.Source)
	set("sourcetype", m.SourceType)
	set("host", m.Host)
	for _, f := range m.Fields {
		set("indexed "+string(f.Key), f.Value)
	}
	level := func(key string, n int8) {
		if n != abi.Unset {
			set(key, strconv.AppendInt(nil, int64(n), 10))
		}
	}
	level("facility", m.Facility)
	level("severity", m.Severity)
	set("app-name", m.AppName)
	set("procid", m.ProcID)
	set("msgid", m.MsgID)
	set("hostname", m.Hostname)
	for _, p := range m.Structured {
		set(string(p.ID)+" "+string(p.Name), p.Value)
	}
	return all
}

// Of nested JSON, so much is compared.
const (
	maxNested = 64 << 10 // bytes of each value
	maxWithin = 50       // rows
	maxDepth  = 8        // objects in objects; below, they are values
)

// within compares two values member by member when both are JSON objects: what
// was masked in two kilobytes of JSON is one member.
func (c *copier) within(before, after []byte) (rows []Row) {
	a, b := object(before), object(after)
	if a == nil || b == nil {
		return nil
	}
	c.compare(&rows, "", a, b, 1)
	return rows
}

func object(text []byte) map[string]any {
	if len(text) > maxNested || len(text) == 0 || text[0] != '{' {
		return nil
	}
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

func (c *copier) compare(rows *[]Row, path string, a, b map[string]any, depth int) {
	keys := slices.Sorted(maps.Keys(a))
	for key := range b {
		if _, ok := a[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys[len(a):])
	for _, key := range keys {
		if len(*rows) >= maxWithin {
			return
		}
		was, old := a[key]
		is, still := b[key]
		inA, okA := was.(map[string]any)
		inB, okB := is.(map[string]any)
		if okA && okB && depth < maxDepth {
			c.compare(rows, path+key+".", inA, inB, depth+1)
			continue
		}
		row := Row{Key: c.text([]byte(path + key)).Text, Mark: Changed}
		before, now := plain(was), plain(is)
		switch {
		case !old:
			row.Mark, row.After = Added, c.text(now)
		case !still:
			row.Mark, row.Before = Removed, c.text(before)
		case bytes.Equal(before, now):
			continue
		default:
			row.Before, row.After = c.text(before), c.text(now)
		}
		*rows = append(*rows, row)
	}
}

// plain is a JSON value as people read it.
func plain(v any) []byte {
	if s, ok := v.(string); ok {
		return []byte(s)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // it came from JSON
	return bytes.TrimSpace(b.Bytes())
}
