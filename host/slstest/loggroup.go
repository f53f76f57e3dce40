package slstest

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of the service's protobuf messages (log.proto of the SDK).
const (
	groupLogs     protowire.Number = 1
	groupCategory protowire.Number = 2
	groupTopic    protowire.Number = 3
	groupSource   protowire.Number = 4
	groupMachine  protowire.Number = 5
	groupTags     protowire.Number = 6

	logTime     protowire.Number = 1
	logContents protowire.Number = 2
	logTimeNs   protowire.Number = 4

	pairKey   protowire.Number = 1
	pairValue protowire.Number = 2

	listGroups protowire.Number = 1 // LogGroupList.logGroupList
)

// receiveTime is the tag that the service adds to every log group.
const receiveTime = "__receive_time__"

// A KV is one key and its value; values are bytes and may be invalid UTF-8.
type KV struct{ Key, Value string }

// A Log is one log to put.
type Log struct {
	Time     uint32 // seconds since 1970
	Nanos    uint32 // of that second; 0 leaves the field out
	Contents []KV
}

// A Group is a log group to put.
type Group struct {
	Topic, Source string
	Tags          []KV
	Logs          []Log
}

// Marshal writes the group as the protobuf message LogGroup.
func (g *Group) Marshal() []byte {
	var b []byte
	for _, l := range g.Logs {
		b = appendBytes(b, groupLogs, l.marshal())
	}
	b = appendBytes(b, groupTopic, []byte(g.Topic))
	b = appendBytes(b, groupSource, []byte(g.Source))
	for _, t := range g.Tags {
		b = appendBytes(b, groupTags, t.marshal())
	}
	return b
}

func (l *Log) marshal() []byte {
	b := protowire.AppendTag(nil, logTime, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(l.Time))
	for _, c := range l.Contents {
		b = appendBytes(b, logContents, c.marshal())
	}
	if l.Nanos != 0 {
		b = protowire.AppendTag(b, logTimeNs, protowire.Fixed32Type)
		b = protowire.AppendFixed32(b, l.Nanos)
	}
	return b
}

func (kv KV) marshal() []byte {
	return appendBytes(appendBytes(nil, pairKey, []byte(kv.Key)), pairValue, []byte(kv.Value))
}

func appendBytes(b []byte, num protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), v)
}

func receiveTimeTag(seconds int64) []byte {
	tag := KV{receiveTime, strconv.FormatInt(seconds, 10)}
	return appendBytes(nil, groupTags, tag.marshal())
}

// A field is one field of a message; value is without the length prefix.
type field struct {
	num   protowire.Number
	typ   protowire.Type
	whole []byte // tag and all
	value []byte
}

// eachField walks over one message.
func eachField(b []byte, visit func(field) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		m := protowire.ConsumeFieldValue(num, typ, b[n:])
		if m < 0 {
			return protowire.ParseError(m)
		}
		f := field{num, typ, b[:n+m], b[n : n+m]}
		if typ == protowire.BytesType {
			f.value, _ = protowire.ConsumeBytes(f.value)
		}
		if err := visit(f); err != nil {
			return err
		}
		b = b[n+m:]
	}
	return nil
}

func (f field) want(typ protowire.Type) error {
	if f.typ != typ {
		return fmt.Errorf("field %d has wire type %d, want %d", f.num, f.typ, typ)
	}
	return nil
}

// checkGroup says whether b is a LogGroup, by the rules of proto2: right wire
// types, nothing cut off, required fields there, unknown fields passed over.
// It returns the number of logs.
func checkGroup(b []byte) (logs int, err error) {
	err = eachField(b, func(f field) error {
		switch f.num {
		case groupLogs:
			logs++
			return nested(f, "Logs", checkLog)
		case groupTags:
			return nested(f, "LogTags", checkPair)
		case groupCategory, groupTopic, groupSource, groupMachine:
			return f.want(protowire.BytesType)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("LogGroup: %w", err)
	}
	return logs, nil
}

func nested(f field, name string, check func([]byte) error) error {
	err := f.want(protowire.BytesType)
	if err == nil {
		err = check(f.value)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func checkLog(b []byte) error {
	timed := false
	err := eachField(b, func(f field) error {
		switch f.num {
		case logTime:
			timed = true
			if err := f.want(protowire.VarintType); err != nil {
				return err
			}
			if v, _ := protowire.ConsumeVarint(f.value); v > math.MaxUint32 {
				return fmt.Errorf("time %d is no uint32", v)
			}
		case logContents:
			return nested(f, "Contents", checkPair)
		case logTimeNs:
			return f.want(protowire.Fixed32Type)
		}
		return nil
	})
	if err == nil && !timed {
		err = errors.New("field Time is missing")
	}
	return err
}

func checkPair(b []byte) error {
	var key, value bool
	err := eachField(b, func(f field) error {
		switch f.num {
		case pairKey:
			key = true
			return f.want(protowire.BytesType)
		case pairValue:
			value = true
			return f.want(protowire.BytesType)
		}
		return nil
	})
	if err == nil && (!key || !value) {
		err = errors.New("field Key or Value is missing")
	}
	return err
}

// decodePair reads a checked LogContent or LogTag; the last occurrence of a
// field wins, as in every protobuf decoder.
func decodePair(b []byte) (key, value []byte) {
	_ = eachField(b, func(f field) error { // checked when it was put
		switch f.num {
		case pairKey:
			key = f.value
		case pairValue:
			value = f.value
		}
		return nil
	})
	return key, value
}
