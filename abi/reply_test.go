package abi

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// apply gives each of the logs its own copy of nothing: it fails the test
// when Apply writes to what it must share.
func apply(t testing.TB, d *Descriptor, in []Event, r reply, lim Limits) (*Output, error) {
	t.Helper()
	before := make([]string, len(in))
	for i := range in {
		before[i] = fmt.Sprintf("%+v %s", in[i], show(in[i]))
	}
	var o Output
	err := o.Apply(d, in, 0, r, lim)
	for i := range in {
		if now := fmt.Sprintf("%+v %s", in[i], show(in[i])); now != before[i] {
			t.Fatalf("log %d changed:\nfrom %s\n  to %s", i, before[i], now)
		}
	}
	return &o, err
}

func TestOps(t *testing.T) {
	d := describe("a", "b", "none")
	edit := func() reply { return newReply(1).u8(byte(Edit)) }
	for _, c := range []struct {
		name string
		ops  reply
		want string
	}{
		{"no op", edit(), "a=1 b=2 c=3"},
		{"set where it stands", edit().op(OpSet, "b", "two"), "a=1 b=two c=3"},
		{"set a new one at the end", edit().op(OpSet, "d", ""), "a=1 b=2 c=3 d="},
		{"set a slot", edit().slotOp(OpSet, 1, "two"), "a=1 b=two c=3"},
		{"set a slot that is absent", edit().slotOp(OpSet, 2, "x"), "a=1 b=2 c=3 none=x"},
		{"set_json", edit().op(OpSetJSON, "b", `{"x":[1,"\ud800",null]}`), `a=1 b:={"x":[1,"\ud800",null]} c=3`},
		{"set_json with bytes that are not UTF-8", edit().op(OpSetJSON, "b", "\"\xff\""), "a=1 b:=\"\xff\" c=3"},
		{"set after set_json is text", edit().op(OpSetJSON, "b", "1").op(OpSet, "b", "1"), "a=1 b=1 c=3"},
		{"delete", edit().op(OpDelete, "a"), "b=2 c=3"},
		{"delete nothing", edit().op(OpDelete, "zz"), "a=1 b=2 c=3"},
		{"delete a slot and set it again", edit().slotOp(OpDelete, 0).slotOp(OpSet, 0, "x"), "b=2 c=3 a=x"},
		{"rename", edit().op(OpRename, "a", "z"), "z=1 b=2 c=3"},
		{"rename over an earlier field", edit().op(OpRename, "c", "a"), "b=2 a=3"},
		{"rename over a later field", edit().op(OpRename, "a", "c"), "c=1 b=2"},
		{"rename to itself", edit().op(OpRename, "a", "a"), "a=1 b=2 c=3"},
		{"rename nothing", edit().op(OpRename, "zz", "a"), "a=1 b=2 c=3"},
		{"rename keeps JSON", edit().op(OpSetJSON, "a", "1").op(OpRename, "a", "j"), "j:=1 b=2 c=3"},
		{"a slot stands for its name", edit().slotOp(OpRename, 0, "z").slotOp(OpSet, 0, "new"), "z=1 b=2 c=3 a=new"},
		{"clear", edit().op(OpClear).op(OpSet, "x", "y"), "x=y"},
		{"clear what was set", edit().op(OpSet, "x", "y").op(OpClear).op(OpSet, "z", "1"), "z=1"},
		{"body", edit().op(OpBody, "text\n"), "a=1 b=2 c=3 body=text\n json=false"},
		{"empty body", edit().op(OpBody, ""), "a=1 b=2 c=3 body= json=false"},
		{"body_json", edit().op(OpBodyJSON, ` {"x":1} `), `a=1 b=2 c=3 body= {"x":1}  json=true`},
		{"body after body_json", edit().op(OpBodyJSON, "1").op(OpBody, "t"), "a=1 b=2 c=3 body=t json=false"},
		{
			"texts of metadata", edit().meta(MetaIndex, "i").meta(MetaSource, "s").meta(MetaSourceType, "st").
				meta(MetaHost, "h").meta(MetaAppName, "app").meta(MetaProcID, "7").meta(MetaMsgID, "m").
				meta(MetaHostname, "hn").meta(MetaRoute, "r"),
			"a=1 b=2 c=3 meta=i|s|st|h|-1.-1|app|7|m|hn|r",
		},
		{
			"levels and lists", edit().meta(MetaFacility).u8(23).meta(MetaSeverity).u8(0).
				meta(MetaField, "f", "1").meta(MetaField, "f", "2").meta(MetaStructured, "id", "n", "v"),
			"a=1 b=2 c=3 meta=||||23.0||||| +f=1 +f=2 [id n=v]",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := apply(t, d, []Event{log("a", "1", "b", "2", "c", "3")}, c.ops.u8(byte(OpEnd)), DefaultLimits())
			if err != nil || len(o.Events) != 1 {
				t.Fatalf("%d events, %v", len(o.Events), err)
			}
			if got := show(o.Events[0]); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestVerdicts(t *testing.T) {
	in := []Event{log("n", "0"), log("n", "1"), log("n", "2"), log("n", "3"), log("n", "4"), log("n", "5")}
	for i := range in {
		in[i].Origin = 100 + i
	}
	in[3].Body, in[3].Meta = []byte("earlier"), &Meta{Index: []byte("old"), Facility: Unset, Severity: 3}
	r := newReply(len(in)).
		u8(byte(Keep)).
		u8(byte(Drop)).
		u8(byte(Fail)).text("no such\nuser").
		u8(byte(Emit)).u32(3).
		u8(byte(Clone)).meta(MetaHost, "h").u8(byte(OpEnd)).
		u8(byte(Empty)).op(OpSet, "x", "y").u8(byte(OpTime)).i64(7).u8(byte(OpEnd)).
		u8(byte(Clone)).u8(byte(OpEnd)).
		u8(byte(Emit)).u32(0).
		u8(byte(Edit)).op(OpSet, "n", "five").u8(byte(OpEnd))
	var o Output
	if err := o.Apply(describe(), in, 40, r, DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range o.Events {
		got = append(got, fmt.Sprintf("%d@%d.%d %s", e.Origin, e.Time, e.Group, show(e)))
	}
	want := []string{
		"100@1700000000000000000.3 n=0",
		"103@1700000000000000000.3 n=3 body=earlier json=false meta=old|||h|-1.3|||||",
		"103@7.3 x=y",
		"103@1700000000000000000.3 n=3 body=earlier json=false meta=old||||-1.3|||||",
		"105@1700000000000000000.3 n=five",
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	fail := []Failure{{Index: 42, At: 1, Err: FailError(`no such\nuser`)}}
	if o.Dropped != 2 || !reflect.DeepEqual(o.Failures, fail) {
		t.Errorf("dropped %d, failures %v", o.Dropped, o.Failures)
	}
	if &o.Events[0].Fields[0] != &in[0].Fields[0] || &o.Events[3].Fields[0] != &in[3].Fields[0] {
		t.Error("an event without a change does not share the log's fields")
	}
}

type replyError struct {
	name string
	r    reply
	want string
}

// replyErrors are replies to a batch of two logs of one slot.
func replyErrors() []replyError {
	keep := slices.Clip(newReply(2).u8(byte(Keep)))
	edit := slices.Clip(keep.u8(byte(Edit)))
	return []replyError{
		{"empty", reply{}, "byte 0: 4 bytes expected, 0 left"},
		{"n", newReply(3).u8(0, 0, 0), "byte 0: n is 3, but the batch has 2 records"},
		{"stops short", keep, "record 1, byte 5: 1 bytes expected, 0 left"},
		{"trailing", keep.u8(byte(Keep), 1, 2), "record 1, byte 6: 2 bytes after the last verdict"},
		{"verdict", keep.u8(5), "record 1, byte 5: verdict 5 is not known"},
		{"op", edit.u8(10), "record 1, byte 6: op 10 is not known"},
		{"no end", edit.op(OpClear), "record 1, byte 7: 1 bytes expected, 0 left"},
		{"base", keep.u8(byte(Emit)).u32(1).u8(2), "record 1, byte 10: base 2 is not known"},
		{"emit stops short", keep.u8(byte(Emit)).u32(9).u8(0, 0), "record 1, byte 12: 1 bytes expected, 0 left"},
		{"slot", edit.slotOp(OpDelete, 1), "record 1, byte 7: slot 1 is not declared"},
		{"great slot", edit.slotOp(OpDelete, 1<<31-1), "record 1, byte 7: slot 2147483647 is not declared"},
		{"empty key", edit.op(OpSet, "", "x"), "record 1, byte 7: a key is empty"},
		{"empty name", edit.op(OpRename, "a", ""), "record 1, byte 12: a key is empty"},
		{"long text", edit.u8(byte(OpBody)).u32(1<<31 - 1), "record 1, byte 11: 2147483647 bytes expected, 0 left"},
		{"longest text", edit.u8(byte(OpBody)).u32(1<<32 - 1), "record 1, byte 11: 4294967295 bytes expected, 0 left"},
		{"fail text", keep.u8(byte(Fail)).u32(9), "record 1, byte 10: 9 bytes expected, 0 left"},
		{"set_json", edit.op(OpSetJSON, "a", "{"), "record 1, byte 12: not one JSON value"},
		{"two values", edit.op(OpSetJSON, "a", "1 2"), "record 1, byte 12: not one JSON value"},
		{"no value", edit.op(OpBodyJSON, ""), "record 1, byte 7: not one JSON value"},
		{"time", edit.u8(byte(OpTime)).i64(-1), "record 1, byte 6: time -1 is negative"},
		{"metadata", edit.meta(99), "record 1, byte 7: metadata 99 is not known"},
		{"facility", edit.meta(MetaFacility).u8(24), "record 1, byte 8: facility 24 is above 23"},
		{"severity", edit.meta(MetaSeverity).u8(8), "record 1, byte 8: severity 8 is above 7"},
	}
}

func TestReplyErrors(t *testing.T) {
	for _, c := range replyErrors() {
		t.Run(c.name, func(t *testing.T) {
			o, err := apply(t, describe("a"), []Event{log("a", "1"), log("a", "2")}, c.r, DefaultLimits())
			if err == nil || err.Error() != c.want {
				t.Errorf("\n got %v\nwant %s", err, c.want)
			}
			if len(o.Events)+o.Dropped+len(o.Failures) != 0 {
				t.Errorf("left behind: %+v", o.Events)
			}
		})
	}
}

type limitError struct {
	r           reply
	lim, enough Limits
	want        string
}

// limitLogs is one log that is worth multiplying.
func limitLogs() []Event {
	in := []Event{log("k", strings.Repeat("v", 1000))}
	in[0].Meta = &Meta{Fields: []Field{{Value: make([]byte, 100)}}, Structured: []Param{{Value: make([]byte, 100)}}}
	return in
}

// limitErrors are replies to limitLogs.
func limitErrors() []limitError {
	clones := newReply(1).u8(byte(Emit)).u32(10)
	for range 10 {
		clones = clones.u8(byte(Clone)).op(OpDelete, "k").u8(byte(OpEnd))
	}
	meta := newReply(1).u8(byte(Edit))
	for range 9 {
		meta = meta.meta(MetaField, "a", "b").meta(MetaStructured, "a", "b", "c")
	}
	meta = meta.u8(byte(OpEnd))
	return []limitError{
		{
			clones, Limits{Events: 9, Fields: 99, Bytes: 1e5, Work: 99}, Limits{Events: 10, Fields: 10, Bytes: 12101, Work: 20},
			"record 0, byte 9: more output than the host's limit of 9 events",
		},
		{
			clones, Limits{Events: 10, Fields: 9, Bytes: 1e5, Work: 99}, Limits{Events: 10, Fields: 10, Bytes: 1e5, Work: 99},
			"record 0, byte 88: more output than the host's limit of 9 fields",
		},
		{
			clones, Limits{Events: 10, Fields: 99, Bytes: 9000, Work: 99}, Limits{Events: 10, Fields: 99, Bytes: 1e5, Work: 99},
			"record 0, byte 66: more output than the host's limit of 9000 bytes",
		},
		{
			clones, Limits{Events: 10, Fields: 99, Bytes: 10, Work: 99}, Limits{Events: 10, Fields: 99, Bytes: 1e5, Work: 99},
			"byte 0: more output than the host's limit of 10 bytes",
		},
		{
			clones, Limits{Events: 10, Fields: 99, Bytes: 1e5, Work: 19}, Limits{Events: 10, Fields: 99, Bytes: 1e5, Work: 20},
			"record 0, byte 88: more output than the host's limit of 19 steps of work",
		},
		{
			meta, Limits{Events: 1, Fields: 19, Bytes: 1e5, Work: 99}, Limits{Events: 1, Fields: 20, Bytes: 1e5, Work: 99},
			"record 0, byte 266: more output than the host's limit of 19 fields",
		},
	}
}

func TestLimits(t *testing.T) {
	in := limitLogs()
	for _, c := range limitErrors() {
		o, err := apply(t, describe(), in, c.r, c.lim)
		if !errors.Is(err, ErrLimit) || err.Error() != c.want {
			t.Errorf("\n got %v\nwant %s", err, c.want)
		}
		if len(o.Events) != 0 {
			t.Errorf("%s: %d events left behind", c.want, len(o.Events))
		}
		if _, err := apply(t, describe(), in, c.r, c.enough); err != nil {
			t.Errorf("%+v: %v", c.enough, err)
		}
	}
}

// A reply that fails leaves what earlier replies made as it was.
func TestApplyRewinds(t *testing.T) {
	var o Output
	good := newReply(1).u8(byte(Edit)).op(OpSet, "x", "first").meta(MetaField, "f", "1").u8(byte(OpEnd))
	if err := o.Apply(describe(), []Event{log("a", "1")}, 0, good, DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	bad := newReply(2).u8(byte(Edit)).op(OpSet, "x", "second").meta(MetaField, "g", "2").u8(byte(OpEnd)).u8(99)
	for range 100 {
		if err := o.Apply(describe(), []Event{log("a", "1"), log()}, 1, bad, DefaultLimits()); err == nil {
			t.Fatal("no error")
		}
	}
	if got, want := show(o.Events[0]), "a=1 x=first meta=||||-1.-1||||| +f=1"; len(o.Events) != 1 || got != want {
		t.Errorf("%d events: %s", len(o.Events), got)
	}
	if n := len(o.bytes.chunks); n != 1 {
		t.Errorf("%d chunks for one small reply", n)
	}
}

// Nothing in an Output may point into the guest's memory.
func TestApplyCopies(t *testing.T) {
	r := newReply(1).u8(byte(Edit)).op(OpSet, "key", "value").meta(MetaIndex, "main").op(OpBody, "body").u8(byte(OpEnd))
	var o Output
	if err := o.Apply(describe(), []Event{log()}, 0, r, DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	want := show(o.Events[0])
	copy(r, bytes.Repeat([]byte{'!'}, len(r)))
	if got := show(o.Events[0]); got != want {
		t.Errorf("changed with the guest's memory: %s", got)
	}
}

// edits is a reply as a guest makes it that sets two fields, deletes one and
// sets two pieces of metadata of each log.
func edits(n int) reply {
	r := newReply(n)
	for range n {
		r = r.u8(byte(Edit)).slotOp(OpSet, 1, "masked").op(OpSet, "severity", "high").op(OpDelete, "some_field_9").
			meta(MetaIndex, "security").meta(MetaSeverity).u8(3).u8(byte(OpEnd))
	}
	return r
}

func TestApplyAllocatesNothing(t *testing.T) {
	in, r, d := audit(256), edits(256), describe("__topic__", "some_field_1")
	var o Output
	run := func() {
		o.Reset()
		if err := o.Apply(d, in, 0, r, DefaultLimits()); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if n := testing.AllocsPerRun(20, run); n != 0 {
		t.Errorf("%v allocations for a batch", n)
	}
}

func BenchmarkApply(b *testing.B) {
	in, d := audit(256), describe("__topic__", "some_field_1")
	for name, r := range map[string]reply{"edit": edits(256), "keep": append(newReply(256), make(reply, 256)...)} {
		b.Run(name, func(b *testing.B) {
			var o Output
			b.ReportAllocs()
			for b.Loop() {
				o.Reset()
				if err := o.Apply(d, in, 0, r, DefaultLimits()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(in)), "ns/log")
		})
	}
}

func FuzzApply(f *testing.F) {
	f.Add([]byte(newReply(3).u8(byte(Keep), byte(Drop), byte(Fail)).text("why")))
	f.Add([]byte(newReply(3).u8(byte(Keep), byte(Emit)).u32(2).u8(byte(Clone)).op(OpRename, "a", "b").u8(0, 1, 0).
		u8(byte(Edit)).slotOp(OpSet, 0, "x").op(OpSetJSON, "j", "[1]").op(OpClear).op(OpBody, "b").
		meta(MetaStructured, "i", "n", "v").meta(MetaSeverity).u8(7).u8(byte(OpTime)).i64(5).u8(0)))
	f.Fuzz(func(t *testing.T, r []byte) {
		in := []Event{log("a", "1", "b", "2"), log(), log("b", "3", "c", "4", "a", "5")}
		for i := range in {
			in[i].Origin = i
		}
		in[2].Meta = &Meta{Fields: []Field{{Key: []byte("k")}}, Facility: Unset, Severity: Unset}
		o, err := apply(t, describe("a", "x"), in, r, Limits{Events: 50, Fields: 500, Bytes: 1 << 20, Work: 5000})
		if err != nil {
			if len(o.Events)+o.Dropped+len(o.Failures) != 0 {
				t.Fatalf("left behind by %v: %+v", err, o)
			}
			return
		}
		settled := map[int]bool{}
		for _, e := range o.Events {
			settled[e.Origin] = true
			seen := map[string]bool{}
			for _, f := range e.Fields {
				if len(f.Key) == 0 || seen[string(f.Key)] {
					t.Fatalf("key %q is empty or there twice: %s", f.Key, show(e))
				}
				seen[string(f.Key)] = true
			}
		}
		if len(settled)+o.Dropped+len(o.Failures) != len(in) {
			t.Fatalf("%d logs went in; %d made events, %d dropped, %d failed", len(in), len(settled), o.Dropped, len(o.Failures))
		}
	})
}
