package tck

import (
	"bytes"
	"fmt"
	"math"

	"github.com/slswasm/slswasm/abi"
)

// values are what a field may hold: any bytes at all.
var values = []string{
	"200", "", "debug", "GET", `{"a":{"b":[1,"c",null]},"level":"info"}`, "10.0.0.1", "2026-01-02T03:04:05Z", "true",
	"-1", "1767225600", "ünïcode 日本", "\xff\xfe\x80", "a\x00b", "\x00", `"quoted" \ | = , and more`, "two\r\nlines\t", "{", "[1,", "null",
	"a value that is the end of another: 日本", "key=value other=\"x y\"", "18446744073709551616", "1e999", "\u202e",
}

// some are fields for guests that ask for all of them.
var some = []string{"__time__", "__topic__", "__source__", "__tag__:k", "level", "message", "\x00\xff", "key with = and \"", "", "ключ"}

// samples are logs that show a guest what it may meet. They need no guest's
// particular names: fields are made for those that it declared.
func samples(d *abi.Descriptor) []abi.Event {
	names := make([][]byte, 0, len(d.Slots)+len(some))
	for _, s := range d.Slots {
		if len(names) < 64 { // of those, the rest is absent
			names = append(names, s)
		}
	}
	declared := len(names)
	for _, s := range some {
		if _, ok := (&abi.Log{Fields: fields(names, "")}).Get(s); !ok {
			names = append(names, []byte(s))
		}
	}
	logs := []abi.Event{
		event(fields(names, "")),         // all there, all empty
		event(nil),                       // no field at all
		event(fields(names, "\xff\x00")), // no text
		event(fields(names[declared:], "x")),
		event(fields(names[:declared], "x")),
	}
	for i := range 2 * len(values) {
		var fs []abi.Field
		for j, name := range names {
			if v := (i*7 + j*5) % (len(values) + 3); v < len(values) { // else absent
				fs = append(fs, abi.Field{Key: name, Value: []byte(values[v])})
			}
		}
		logs = append(logs, event(fs))
	}
	for i := range logs {
		logs[i].Group = uint32(i / 10)
	}
	logs[0].Time, logs[1].Time, logs[2].Time = 0, math.MaxInt64, 1
	logs[len(logs)-1].Group = math.MaxUint32
	return logs
}

// large are logs with one value of a megabyte each, nearly what alloc must serve.
func large(d *abi.Descriptor) (logs []abi.Event) {
	const size = 1_000_000
	names := d.Slots[:min(len(d.Slots), 4)]
	if d.Table {
		names = append([][]byte{[]byte("message")}, names...)
	}
	for i, name := range names {
		logs = append(logs, event([]abi.Field{{Key: name, Value: bytes.Repeat([]byte("0123456789abcde\xff"), size/16)}}))
		if i == 0 { // nested as deep as a parser by recursion may not go
			logs = append(logs, event([]abi.Field{{Key: name, Value: bytes.Repeat([]byte("["), size)}}))
		}
	}
	return logs
}

// small are n logs of one short field each.
func small(d *abi.Descriptor, n int) []abi.Event {
	name := []byte("level")
	if len(d.Slots) > 0 {
		name = d.Slots[0]
	}
	logs := make([]abi.Event, n)
	for i := range logs {
		logs[i] = event([]abi.Field{{Key: name, Value: fmt.Append(nil, i%7)}})
	}
	return logs
}

func event(fields []abi.Field) abi.Event {
	return abi.Event{Log: abi.Log{Time: 1_767_225_600_000_000_000, Group: 1, Fields: fields}}
}

func fields(names [][]byte, value string) []abi.Field {
	fs := make([]abi.Field, len(names))
	for i, name := range names {
		fs[i] = abi.Field{Key: name, Value: []byte(value)}
	}
	return fs
}
