package abi

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"testing"
)

// encode plans and writes one batch of all the logs.
func encode(t testing.TB, d *Descriptor, in []Event) []byte {
	t.Helper()
	b := NewBatch(d)
	n, size := b.Plan(in, len(in), math.MaxUint32)
	if n != len(in) {
		t.Fatalf("planned %d of %d", n, len(in))
	}
	dst := bytes.Repeat([]byte{0xAA}, int(size))
	b.Write(dst)
	return dst
}

// The layout byte by byte, so that the two codecs cannot be wrong together.
func TestBatchLayout(t *testing.T) {
	in := []Event{log("k", "vv", "x", "y")}
	in[0].Time, in[0].Group = 0x0102030405060708, 9
	got := encode(t, describe("*", "none", "x"), in)
	want := strings.Join([]string{
		"20000000" + "00000000" + "01000000" + "02000000" + "28000000" + "00000000" + "0000000000000000",
		"0807060504030201" + "09000000" + "48000000" + "02000000" + "00000000", // record
		"00000000" + "ffffffff" + "6c000000" + "01000000",                      // slots: none, x
		"68000000" + "01000000" + "69000000" + "02000000",                      // k=vv
		"6b000000" + "01000000" + "6c000000" + "01000000",                      // x=y
		hex.EncodeToString([]byte("kvvxy")),
	}, "")
	if g := hex.EncodeToString(got); g != want {
		t.Errorf("\n got %s\nwant %s", g, want)
	}
}

func checkBatch(t *testing.T, d *Descriptor, in []Event, batch []byte) {
	t.Helper()
	recs, err := decodeBatch(batch)
	if err != nil || len(recs) != len(in) {
		t.Fatalf("%d records of %d, %v", len(recs), len(in), err)
	}
	for i, r := range recs {
		if r.Time != in[i].Time || r.Group != in[i].Group {
			t.Errorf("record %d: time %d group %d", i, r.Time, r.Group)
		}
		want := ""
		if d.Table {
			want = show(Event{Log: Log{Fields: in[i].Fields}})
		}
		if got := show(Event{Log: r.Log}); got != want {
			t.Errorf("record %d:\n got %q\nwant %q", i, got, want)
		}
		for s, name := range d.Slots {
			v, ok := in[i].Get(string(name))
			if ok != (r.slots[s] != nil) || !bytes.Equal(v, r.slots[s]) {
				t.Errorf("record %d, slot %s: %q, want %q %t", i, name, r.slots[s], v, ok)
			}
		}
	}
}

func TestBatchRoundTrip(t *testing.T) {
	shared := []byte("a topic that neighbours share")
	var in []Event
	for i := range 5 {
		e := log("a", fmt.Sprint(i), "\x00\xff", "", "long", strings.Repeat("z", i*100))
		e.Fields = append(e.Fields[:1], append([]Field{{Key: []byte("t"), Value: shared}}, e.Fields[1:]...)...)
		e.Time += int64(i)
		in = append(in, e)
	}
	in = append(in, log(), log("t", "another"), in[0])
	for _, d := range []*Descriptor{
		describe(), describe("*"), describe("t"), describe("t", "a", "missing", "\x00\xff"), describe("t", "*", "long", "missing"),
	} {
		t.Run(fmt.Sprintf("%s table %t", d.Slots, d.Table), func(t *testing.T) {
			checkBatch(t, d, in, encode(t, d, in))
		})
	}
}

func TestBatchShares(t *testing.T) {
	topic := []byte(strings.Repeat("t", 1000))
	in := make([]Event, 10)
	for i := range in {
		in[i] = log("topic", "", "n", "1")
		in[i].Fields[0].Value = topic
	}
	for _, c := range []struct {
		d    *Descriptor
		want int
	}{
		{describe("topic"), HeaderSize + 10*(RecordSize+SlotSize) + 1000},
		{describe("*"), HeaderSize + 10*(RecordSize+2*FieldSize) + len("topic") + len("n") + 1000 + 10},
		{describe("*", "topic"), HeaderSize + 10*(RecordSize+SlotSize+2*FieldSize) + len("topic") + len("n") + 1000 + 10},
	} {
		if got := len(encode(t, c.d, in)); got != c.want {
			t.Errorf("%s: %d bytes, want %d", c.d.Slots, got, c.want)
		}
	}
}

func TestPlanLimits(t *testing.T) {
	in := []Event{log("k", strings.Repeat("v", 1000)), log("k", "v"), log("k", "v"), log("k", strings.Repeat("v", 1000))}
	b := NewBatch(describe("k"))
	for _, c := range []struct {
		records  int
		bytes    uint64
		wantN    int
		wantSize uint64
	}{
		{1, 1 << 20, 1, 32 + 32 + 1000},
		{4, 10, 1, 32 + 32 + 1000}, // one always goes
		{4, 32 + 3*32 + 1002, 3, 32 + 3*32 + 1002},
		{4, 32 + 3*32 + 1001, 2, 32 + 2*32 + 1001},
		{9, 1 << 20, 4, 32 + 4*32 + 2002},
	} {
		n, size := b.Plan(in, c.records, c.bytes)
		if n != c.wantN || size != c.wantSize {
			t.Errorf("%d records, %d bytes: %d records of %d bytes", c.records, c.bytes, n, size)
		}
		dst := make([]byte, size)
		b.Write(dst)
		checkBatch(t, b.desc, in[:n], dst)
	}
}

// FuzzBatch makes logs of the fuzzer's bytes; equal bytes become one value
// that records share.
func FuzzBatch(f *testing.F) {
	f.Add("a=1,b=2;a=1,c=;;b=2,a=\xff", "a,b", true)
	f.Add("a=1;b=1,a=1;a=1,b=1", "b,a", false)
	f.Fuzz(func(t *testing.T, text, names string, table bool) {
		d := &Descriptor{Table: table, BatchMax: 1}
		for name := range strings.SplitSeq(names, ",") {
			if len(d.Slots) < 8 && name != "" {
				d.Slots = append(d.Slots, []byte(name))
			}
		}
		values := map[string][]byte{}
		var in []Event
		for rec := range strings.SplitSeq(text, ";") {
			e, seen := log(), map[string]bool{}
			for kv := range strings.SplitSeq(rec, ",") {
				k, v, _ := strings.Cut(kv, "=")
				if seen[k] {
					continue
				}
				seen[k] = true
				if values[v] == nil {
					values[v] = []byte(v)
				}
				e.Fields = append(e.Fields, Field{Key: []byte(k), Value: values[v]})
			}
			in = append(in, e)
		}
		checkBatch(t, d, in, encode(t, d, in))
	})
}

// audit is a batch of logs as a pull makes them: keys are apart, what the
// group owns is shared.
func audit(n int) []Event {
	topic, source := []byte("actiontrail_audit_event"), []byte("10.0.0.1")
	in := make([]Event, n)
	for i := range in {
		e := log("__time__", "1700000000", "__topic__", "", "__source__", "")
		e.Fields[1].Value, e.Fields[2].Value = topic, source
		for j := range 12 {
			e.Fields = append(e.Fields, Field{
				Key:   fmt.Appendf(nil, "some_field_%d", j),
				Value: fmt.Appendf(nil, "the value of %d in record %d, long", j, i),
			})
		}
		in[i] = e
	}
	return in
}

func BenchmarkBatch(b *testing.B) {
	in := audit(256)
	for name, d := range map[string]*Descriptor{
		"slots": describe("__topic__", "some_field_1", "some_field_7"), "table": describe("*"),
	} {
		b.Run(name, func(b *testing.B) {
			batch := NewBatch(d)
			_, size := batch.Plan(in, len(in), math.MaxUint32)
			dst := make([]byte, size)
			b.ReportAllocs()
			for b.Loop() {
				batch.Plan(in, len(in), math.MaxUint32)
				batch.Write(dst)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(in)), "ns/log")
		})
	}
}
