package slstest

import (
	"bytes"
	"testing"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"google.golang.org/protobuf/encoding/protowire"
)

func TestMarshalIsWhatTheSDKReads(t *testing.T) {
	g := Group{
		Topic: "topic", Source: "source", Tags: []KV{{"k", "v"}, {"", "\xff"}},
		Logs: []Log{
			{Time: 1, Nanos: 999_999_999, Contents: []KV{{"a", "1"}, {"a", "2"}, {"\x00", ""}}},
			{Time: 0xFFFFFFFF},
		},
	}
	raw := g.Marshal()
	if n, err := checkGroup(raw); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	var read sls.LogGroup
	must(t, read.Unmarshal(raw))
	if read.GetTopic() != "topic" || read.GetSource() != "source" || len(read.LogTags) != 2 || len(read.Logs) != 2 {
		t.Fatalf("%v", read.String())
	}
	if l := read.Logs[0]; l.GetTime() != 1 || l.GetTimeNs() != 999_999_999 || len(l.Contents) != 3 || l.Contents[1].GetValue() != "2" {
		t.Errorf("%v", l)
	}
	if l := read.Logs[1]; l.GetTime() != 0xFFFFFFFF || l.TimeNs != nil {
		t.Errorf("%v", l)
	}
}

func TestCheckGroupIsStrict(t *testing.T) {
	kv := KV{"k", "v"}.marshal()
	tm := protowire.AppendVarint(protowire.AppendTag(nil, logTime, protowire.VarintType), 7)
	cat := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	logOf := func(parts ...[]byte) []byte { return appendBytes(nil, groupLogs, cat(parts...)) }
	varint := func(num protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), v)
	}
	tests := []struct {
		name string
		raw  []byte
		ok   bool
	}{
		{"log", logOf(tm, appendBytes(nil, logContents, kv)), true},
		{"log without contents", logOf(tm), true},
		{"unknown fields", cat(logOf(tm, varint(99, 1)), varint(100, 5), appendBytes(nil, 101, []byte("x"))), true},
		{"time again", logOf(tm, tm), true},
		{"no time", logOf(appendBytes(nil, logContents, kv)), false},
		{"time as text", logOf(appendBytes(nil, logTime, []byte("7"))), false},
		{"time of 33 bits", logOf(varint(logTime, 1<<32)), false},
		{"nanoseconds as varint", logOf(tm, varint(logTimeNs, 1)), false},
		{"content without value", logOf(tm, appendBytes(nil, logContents, appendBytes(nil, pairKey, nil))), false},
		{"content without key", logOf(tm, appendBytes(nil, logContents, appendBytes(nil, pairValue, nil))), false},
		{"key as varint", logOf(tm, appendBytes(nil, logContents, cat(varint(pairKey, 1), appendBytes(nil, pairValue, nil)))), false},
		{"tag without value", appendBytes(nil, groupTags, appendBytes(nil, pairKey, []byte("k"))), false},
		{"topic as varint", varint(groupTopic, 1), false},
		{"logs as varint", varint(groupLogs, 1), false},
		{"field 0", []byte{0x02, 0x00}, false},
		{"cut off", logOf(tm)[:2], false},
		{"text", []byte("hello, this is no protobuf"), false},
	}
	for _, tt := range tests {
		_, err := checkGroup(tt.raw)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
		// The SDK's decoder is no stricter.
		if sdkErr := new(sls.LogGroup).Unmarshal(tt.raw); err == nil && sdkErr != nil {
			t.Errorf("%s: accepted, but the SDK says %v", tt.name, sdkErr)
		}
	}
}

// What is accepted can be read by the SDK after everything the emulator does
// to it: the arrival tag, the frame of a pull, a query.
func FuzzCheckGroup(f *testing.F) {
	f.Add(group(2, "k", "v"))
	f.Add([]byte{})
	f.Add([]byte("text"))
	f.Add([]byte{0x0a, 0x02, 0x08, 0x01, 0x32, 0x04, 0x0a, 0x00, 0x12, 0x00})
	q := &query{field: "k", values: []string{"v"}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		logs, err := checkGroup(raw)
		if err != nil {
			return
		}
		sh := &shard{}
		sh.append(raw, logs, 1_700_000_000, true)
		list, err := sls.LogsBytesDecode(sh.stored[0].framed)
		if err != nil || len(list.LogGroups) != 1 {
			t.Fatalf("%x: %v", raw, err)
		}
		g := list.LogGroups[0]
		if len(g.Logs) != logs || g.LogTags[len(g.LogTags)-1].GetKey() != receiveTime {
			t.Fatalf("%d logs, want %d: %v", len(g.Logs), logs, g.LogTags)
		}
		out, n := q.filter(sh.stored[0].raw())
		if m, err := checkGroup(out); err != nil || m != n || n > logs {
			t.Fatalf("query: %d of %d logs, said %d: %v", m, logs, n, err)
		}
	})
}
