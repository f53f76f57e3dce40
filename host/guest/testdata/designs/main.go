// Command designs does one and the same small job in the ways that a guest ABI
// could ask for, one of them by its configuration: it reads two fields, sets
// two, deletes one, and sets two pieces of metadata. BenchmarkDesigns in
// host/guest measures them, for abi/RATIONALE.md.
package main

import (
	"encoding/json"
	"fmt"

	slswasm "github.com/slswasm/slswasm/guests/go"
)

var (
	topic, user    slswasm.Key
	deleted, whole slswasm.Key
	job            func(*slswasm.Log)

	_ = slswasm.Configure(configure)
	_ = slswasm.Handle(func(l *slswasm.Log) { job(l) })
)

func main() {}

func configure(config []byte) error {
	job = map[string]func(*slswasm.Log){"keep": keep, "slots": slots, "edits": edits, "whole": record, "json": text}[string(config)]
	topic, user, deleted = slswasm.Named("__topic__"), slswasm.Named("field_1"), slswasm.Named("field_9")
	switch string(config) {
	case "keep", "slots":
		topic, user = slswasm.Field("__topic__"), slswasm.Field("field_1")
	case "edits", "whole":
		slswasm.AllFields()
	case "json":
		whole = slswasm.Field("whole")
	default:
		return fmt.Errorf("there is no design %q", config)
	}
	return nil
}

var level = slswasm.Named("level")

func found(topic, user []byte) bool {
	return string(topic) == "actiontrail_audit_event" && len(user) > 0
}

// keep reads, and changes nothing.
func keep(l *slswasm.Log) { found(l.Get(topic), l.Get(user)) }

// slots: the two fields come in slots, the changes go back as edits.
func slots(l *slswasm.Log) {
	if found(l.Get(topic), l.Get(user)) {
		edit(l)
	}
}

func edit(l *slswasm.Log) {
	l.SetString(user, "masked")
	l.SetString(level, "high")
	l.Delete(deleted)
	l.HEC().Index("security").SourceType("audit")
}

// edits: the whole log comes as a table, the changes go back as edits.
func edits(l *slswasm.Log) {
	var t, u []byte
	for k, v := range l.All() {
		switch string(k) {
		case "__topic__":
			t = v
		case "field_1":
			u = v
		}
	}
	if found(t, u) {
		edit(l)
	}
}

// record: the whole log comes as a table, and goes back whole.
func record(l *slswasm.Log) {
	e := l.EmitEmpty()
	for k, v := range l.All() {
		switch string(k) {
		case "field_1":
			v = []byte("masked")
		case "field_9":
			continue
		}
		e.Set(slswasm.Named(string(k)), v)
	}
	e.SetString(level, "high")
	e.HEC().Index("security").SourceType("audit")
}

// text: the whole log comes as JSON, and goes back as JSON.
func text(l *slswasm.Log) {
	var fields map[string]string
	if err := json.Unmarshal(l.Get(whole), &fields); err != nil {
		l.Fail(err.Error())
		return
	}
	if found([]byte(fields["__topic__"]), []byte(fields["field_1"])) {
		fields["field_1"], fields["level"] = "masked", "high"
		delete(fields, "field_9")
	}
	back, err := json.Marshal(fields)
	if err != nil {
		l.Fail(err.Error())
		return
	}
	l.BodyJSON(back)
	l.HEC().Index("security").SourceType("audit")
}
