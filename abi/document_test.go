package abi

import (
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// What ABI.md shows must be what the code does: these tests read the document.

func document(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("ABI.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks returns the fenced blocks of one kind.
func blocks(t *testing.T, kind string) (list []string) {
	t.Helper()
	for _, m := range regexp.MustCompile("(?s)\n```"+kind+"\n(.*?)```\n").FindAllStringSubmatch(document(t), -1) {
		list = append(list, m[1])
	}
	if len(list) == 0 {
		t.Fatalf("ABI.md has no block of kind %s", kind)
	}
	return list
}

var hexLine = regexp.MustCompile(`^([0-9a-f]{4})  ((?:[0-9a-f]{2} ?)+)(?:  .*)?$`)

// dump reads a block of lines of offset, bytes and a remark.
func dump(t *testing.T, block string) (b []byte) {
	t.Helper()
	for line := range strings.Lines(block) {
		m := hexLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			t.Fatalf("not a line of bytes: %s", line)
		}
		if want := fmt.Sprintf("%04x", len(b)); m[1] != want {
			t.Errorf("this line is at %s: %s", want, line)
		}
		part, err := hex.DecodeString(strings.ReplaceAll(m[2], " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, part...)
	}
	return b
}

// exampleLogs are the logs of "A whole batch".
func exampleLogs() []Event {
	topic := []byte("app")
	a, b := log("__topic__", "", "level", "info", "msg", "up"), log("__topic__", "", "msg", "\xff")
	a.Fields[0].Value, b.Fields[0].Value = topic, topic
	a.Group, b.Group = 1, 1
	b.Time += 1e9
	a.Origin, b.Origin = 0, 1
	return []Event{a, b}
}

func TestDocumentedBatch(t *testing.T) {
	shown := dump(t, blocks(t, "hex")[0])
	if got := encode(t, describe("level", "*"), exampleLogs()); hex.EncodeToString(got) != hex.EncodeToString(shown) {
		t.Errorf("ABI.md shows\n%s, but it is\n%s", hex.Dump(shown), hex.Dump(got))
	}
}

func TestDocumentedTape(t *testing.T) {
	const text = `{"to":"a@b","n":[1]}`
	if !strings.Contains(document(t), "The tape of `"+text+"`") {
		t.Fatal("ABI.md shows the tape of another text")
	}
	tape := make([]byte, len(text)*TapeEntry)
	n := WriteTape(tape, []byte(text))
	if shown := dump(t, blocks(t, "hex")[2]); hex.EncodeToString(tape[:n*TapeEntry]) != hex.EncodeToString(shown) {
		t.Errorf("ABI.md shows\n%s, but it is\n%s", hex.Dump(shown), hex.Dump(tape[:n*TapeEntry]))
	}
}

func TestDocumentedReply(t *testing.T) {
	reply := dump(t, blocks(t, "hex")[1])
	var o Output
	if err := o.Apply(describe("level", "*"), exampleLogs(), 0, reply, DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, e := range o.Events {
		got += fmt.Sprintf("log %d:", e.Origin)
		for _, f := range e.Fields {
			got += fmt.Sprintf(" %s=%q", f.Key, f.Value)
		}
		if e.Body != nil {
			got += fmt.Sprintf(" body=%s", e.Body)
		}
		if e.Meta != nil {
			got += fmt.Sprintf(" index=%q", e.Meta.Index)
		}
		got += "\n"
	}
	if want := blocks(t, "text")[0]; got != want {
		t.Errorf("ABI.md says\n%sbut it is\n%s", want, got)
	}
}

// Numbers in tables: name and number in one row.
func TestDocumentedNumbers(t *testing.T) {
	text := document(t)
	lim := DefaultLimits()
	own := lim.PerLog
	rows := []string{
		fmt.Sprintf("| %d | i64 | time_ns |", RecTime), fmt.Sprintf("| %d | u32 | group |", RecGroup),
		fmt.Sprintf("| %d | u32 | fields_off |", RecFields), fmt.Sprintf("| %d | u32 | n_fields |", RecCount),
		fmt.Sprintf("| %d | n_slots x {u32 off, u32 len} |", RecordSize), fmt.Sprintf("`len` of 0x%X means", uint32(Absent)),
		fmt.Sprintf("rows of %d bytes", FieldSize), fmt.Sprintf("%d + %d * n_slots", RecordSize, SlotSize),
		fmt.Sprintf("1 to %s | %d |", thousands(MaxBatchMax), DefaultBatchMax), fmt.Sprintf("| slots | %s |", thousands(MaxSlots)),
		fmt.Sprintf("| nesting of a JSON value | %s |", thousands(jsonDepth)),
		fmt.Sprintf("| text of a fail | %s bytes |", thousands(failTextMax)),
		fmt.Sprintf("| events emitted | %d, one for each %d bytes of it | %s |", own.Events, own.EventBytes, thousands(lim.Events)),
		fmt.Sprintf("| fields copied or added | %d, %d for each of its fields, one for each %d bytes of it | %s |",
			own.Fields, own.FieldTimes, own.FieldBytes, thousands(lim.Fields)),
		fmt.Sprintf("becomes several events | %s, %d for each byte of it | %s (64 MiB) |", thousands(own.Bytes), own.ByteTimes, thousands(lim.Bytes)),
		fmt.Sprintf("| bytes of one reply | %s (64 MiB) |", thousands(lim.Bytes)),
		fmt.Sprintf("| comparisons and moves of fields for one reply | %s |", thousands(lim.Work)),
	}
	for i, name := range []string{"hdr_len", "flags", "n", "n_slots", "stride", "cursor"} {
		rows = append(rows, fmt.Sprintf("| %d | u32 | %s |", []int{OffHeaderLen, OffFlags, OffCount, OffSlots, OffStride, OffCursor}[i], name))
	}
	for v, name := range []string{Keep: "keep", Drop: "drop", Edit: "edit", Emit: "emit", Fail: "fail"} {
		rows = append(rows, fmt.Sprintf("| %d | %s |", v, name))
	}
	for op, name := range []string{
		OpEnd: "end", OpSet: "set", OpSetJSON: "set_json", OpDelete: "delete", OpRename: "rename", OpClear: "clear",
		OpBody: "body", OpBodyJSON: "body_json", OpTime: "time", OpMeta: "meta",
	} {
		rows = append(rows, fmt.Sprintf("| %d | %s |", op, name))
	}
	for id, name := range map[MetaID]string{
		MetaIndex: "index", MetaSource: "source", MetaSourceType: "sourcetype", MetaHost: "host", MetaField: "field",
		MetaFacility: "facility", MetaSeverity: "severity", MetaAppName: "app_name", MetaProcID: "procid", MetaMsgID: "msgid",
		MetaHostname: "hostname", MetaStructured: "structured", MetaRoute: "route",
	} {
		rows = append(rows, fmt.Sprintf("| %d | %s |", id, name))
	}
	for _, row := range rows {
		if !strings.Contains(text, row) {
			t.Errorf("ABI.md does not hold: %s", row)
		}
	}
}

// thousands writes a number as the document does.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

var example = regexp.MustCompile(`0x[0-9a-f]+|-?\d+|"[^"]*"`)

// The document lists every message of the codecs, but for its numbers.
func TestDocumentedMessages(t *testing.T) {
	listed := map[string]bool{}
	for _, block := range blocks(t, "messages") {
		for line := range strings.Lines(block) {
			listed[example.ReplaceAllString(strings.TrimSuffix(line, "\n"), "…")] = true
		}
	}
	check := func(err error) {
		t.Helper()
		if err == nil {
			t.Error("no error")
		} else if !listed[example.ReplaceAllString(err.Error(), "…")] {
			t.Errorf("ABI.md does not list: %v", err)
		}
	}
	for _, c := range replyErrors() {
		_, err := apply(t, describe("a"), []Event{log("a", "1"), log("a", "2")}, c.r, DefaultLimits())
		check(err)
	}
	for _, c := range limitErrors() {
		_, err := apply(t, describe(), limitLogs(), c.r, c.lim)
		check(err)
	}
	for text := range descriptorErrors() {
		if _, err := ParseDescriptor([]byte(text)); !strings.Contains(err.Error(), "json: ") && !strings.Contains(err.Error(), "not a JSON") {
			check(err) // the words of encoding/json are its own
		}
	}
}
