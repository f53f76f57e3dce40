package shard

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"testing"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/gogo/protobuf/proto"

	"github.com/slswasm/slswasm/abi"
)

// flat is the documented flattening, written the plain way: the reference.
func flat(list *sls.LogGroupList) [][][2]string {
	var logs [][][2]string
	for _, g := range list.LogGroups {
		for _, l := range g.Logs {
			var out [][2]string
			at := map[string]int{}
			put := func(k, v string) {
				if i, ok := at[k]; ok {
					out[i][1] = v
					return
				}
				at[k] = len(out)
				out = append(out, [2]string{k, v})
			}
			put("__time__", strconv.FormatUint(uint64(l.GetTime()), 10))
			put("__topic__", g.GetTopic())
			put("__source__", g.GetSource())
			if l.GetTimeNs() != 0 {
				put("__time_ns_part__", strconv.FormatUint(uint64(l.GetTimeNs()), 10))
			}
			for _, t := range g.LogTags {
				put("__tag__:"+t.GetKey(), t.GetValue())
			}
			for _, c := range l.Contents {
				put(c.GetKey(), c.GetValue())
			}
			logs = append(logs, out)
		}
	}
	return logs
}

// decode flattens a pull in one part.
func (d *decoder) decode(raw []byte) ([]abi.Log, error) {
	d.start(raw, math.MaxInt)
	return d.part()
}

func texts(logs []abi.Log) [][][2]string {
	var all [][][2]string
	for _, l := range logs {
		var out [][2]string
		for _, f := range l.Fields {
			out = append(out, [2]string{string(f.Key), string(f.Value)})
		}
		all = append(all, out)
	}
	return all
}

func marshal(t testing.TB, list *sls.LogGroupList) []byte {
	t.Helper()
	raw, err := proto.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func group(topic, source string, logs ...*sls.Log) *sls.LogGroup {
	return &sls.LogGroup{Topic: proto.String(topic), Source: proto.String(source), Logs: logs}
}

func logOf(seconds, nanos uint32, pairs ...string) *sls.Log {
	l := &sls.Log{Time: proto.Uint32(seconds)}
	if nanos != 0 {
		l.TimeNs = proto.Uint32(nanos)
	}
	for i := 0; i < len(pairs); i += 2 {
		l.Contents = append(l.Contents, &sls.LogContent{Key: proto.String(pairs[i]), Value: proto.String(pairs[i+1])})
	}
	return l
}

func tagged(g *sls.LogGroup, pairs ...string) *sls.LogGroup {
	for i := 0; i < len(pairs); i += 2 {
		g.LogTags = append(g.LogTags, &sls.LogTag{Key: proto.String(pairs[i]), Value: proto.String(pairs[i+1])})
	}
	return g
}

func many(n int, key func(i int) string) *sls.Log {
	l := logOf(7, 0)
	for i := range n {
		l.Contents = append(l.Contents, &sls.LogContent{Key: proto.String(key(i)), Value: proto.String(strconv.Itoa(i))})
	}
	return l
}

// samples are LogGroupLists that hold each rule of flattening.
func samples() map[string]*sls.LogGroupList {
	of := func(groups ...*sls.LogGroup) *sls.LogGroupList { return &sls.LogGroupList{LogGroups: groups} }
	return map[string]*sls.LogGroupList{
		"empty":         of(),
		"group of none": of(group("t", "s")),
		"nothing set":   of(&sls.LogGroup{Logs: []*sls.Log{logOf(0, 0)}}),
		"plain":         of(tagged(group("audit", "10.1.2.3", logOf(1700000000, 0, "a", "1", "b", "2")), "__receive_time__", "1700000001")),
		"nanoseconds":   of(tagged(group("", "", logOf(1, 999999999, "a", "")), "k", "v")),
		"last value wins": of(group("t", "s",
			logOf(1, 0, "a", "1", "b", "2", "a", "3", "c", "4", "b", "5"), logOf(1, 0, "a", "1", "b", "2"))),
		"override reserved": of(tagged(group("t", "s",
			logOf(1, 2, "x", "y", "__time__", "T", "__topic__", "O", "__source__", "S", "__time_ns_part__", "N", "__tag__:k", "G"),
			logOf(1, 0, "x", "y", "__time_ns_part__", "N", "__time_ns_part__", "M", "__tag__:k", "G")), "k", "v", "k", "w")),
		"tags again":   of(tagged(group("t", "s", logOf(1, 0, "a", "b")), "k", "1", "l", "2", "k", "3"), tagged(group("u", "v", logOf(1, 0, "__tag__:k", "b")))),
		"empty keys":   of(tagged(group("t", "s", logOf(1, 0, "", "1", "", "2")), "", "3")),
		"any bytes":    of(group("\xff\x00", "\xc3\x28", logOf(1, 0, "\x00", "\xff\xfe", "日本", "\u2028"))),
		"many fields":  of(group("t", "s", many(10000, func(i int) string { return fmt.Sprintf("field-%d", i%9000) }), logOf(1, 0, "field-1", "x"))),
		"many tags":    of(tagged(group("t", "s", many(500, func(i int) string { return fmt.Sprintf("__tag__:%d", i) })), manyPairs(400)...)),
		"large values": of(group("t", "s", logOf(1, 0, "a", string(bytes.Repeat([]byte("x"), 1<<20)), "b", string(bytes.Repeat([]byte("y"), 200))))),
	}
}

func manyPairs(n int) []string {
	var pairs []string
	for i := range n {
		pairs = append(pairs, strconv.Itoa(i%300), "v")
	}
	return pairs
}

func TestDecodeFlattensAsDocumented(t *testing.T) {
	d := newDecoder() // one for all, so that nothing may survive from the last pull
	for round := range 2 {
		for name, list := range samples() {
			t.Run(fmt.Sprint(name, " ", round), func(t *testing.T) {
				logs, err := d.decode(marshal(t, list))
				if err != nil {
					t.Fatal(err)
				}
				same(t, texts(logs), flat(list))
				if d.groups != len(list.LogGroups) {
					t.Errorf("%d groups, not %d", d.groups, len(list.LogGroups))
				}
				checkNumbers(t, d, logs, list)
			})
		}
	}
}

func inParts(d *decoder, raw []byte, limit int) (all [][][2]string, err error) {
	groups, err := check(raw, nil)
	if err != nil {
		return nil, err
	}
	logs, err := d.open(raw, len(groups), limit)
	for ; ; logs, err = d.part() {
		if err != nil {
			return nil, err
		}
		if d.first != len(all) {
			return nil, fmt.Errorf("a part begins at log %d, not at %d", d.first, len(all))
		}
		all = append(all, texts(logs)...)
		if !d.more {
			return all, nil
		}
	}
}

func TestDecodeInParts(t *testing.T) {
	d := newDecoder()
	for name, list := range samples() {
		for _, limit := range []int{1, 300, 3000, math.MaxInt} {
			got, err := inParts(d, marshal(t, list), limit)
			if err != nil {
				t.Fatalf("%s, %d bytes: %v", name, limit, err)
			}
			same(t, got, flat(list))
		}
	}
}

// However much the logs of a group have in common, a part stays small.
func TestPartsBoundTheMemory(t *testing.T) {
	const limit = 128 << 10
	var pairs []string
	for i := range 500 {
		pairs = append(pairs, fmt.Sprint("t", i), "v")
	}
	for name, g := range map[string]*sls.LogGroup{
		"many tags":    tagged(group("t", "s"), pairs...),
		"a large tag":  tagged(group("t", "s"), "k", string(bytes.Repeat([]byte("v"), 10_000))),
		"nothing much": group("", ""),
	} {
		for range 2_000 {
			g.Logs = append(g.Logs, logOf(1, 0))
		}
		raw := marshal(t, &sls.LogGroupList{LogGroups: []*sls.LogGroup{g, g}})
		d := newDecoder()
		_, err := d.open(raw, 2, limit)
		logs, parts := 0, 1
		for ; err == nil; _, err = d.part() {
			logs += len(d.logs)
			if most := limit + 2*limit/10; d.size() > most || d.bytes > most {
				t.Fatalf("%s: a part of %d bytes and views of %d", name, d.bytes, d.size())
			}
			if !d.more {
				break
			}
			parts++
		}
		if err != nil || logs != 4_000 || parts < 3 {
			t.Errorf("%s: %d logs in %d parts, %v", name, logs, parts, err)
		}
		if held := viewSize*(cap(d.fields)+cap(d.logs)) + cap(d.arena); held > 3*limit {
			t.Errorf("%s: the decoder holds %d bytes", name, held)
		}
	}
}

// Nothing is handed over of a pull that is broken further on.
func TestOpenReadsAllPartsFirst(t *testing.T) {
	raw := marshal(t, auditLike(10, 10))
	d := newDecoder()
	if _, err := d.open(raw, 10, 5000); err != nil || !d.more || d.first != 0 || d.groups > 1 {
		t.Fatalf("group %d, log %d, %v", d.groups, d.first, err)
	}
	if _, err := d.open(raw[:len(raw)-1], 10, 5000); err == nil {
		t.Error("a pull that is cut short was opened")
	}
	for _, limit := range []int{5000, math.MaxInt} {
		if _, err := d.open(raw, 9, limit); err == nil {
			t.Error("ten groups were taken for nine")
		}
	}
}

func same(t *testing.T, got, want [][][2]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d logs, not %d", len(got), len(want))
	}
	for i := range want {
		if fmt.Sprint(got[i]) != fmt.Sprint(want[i]) {
			t.Fatalf("log %d:\n got %.300q\nwant %.300q", i, got[i], want[i])
		}
	}
}

func checkNumbers(t *testing.T, d *decoder, logs []abi.Log, list *sls.LogGroupList) {
	t.Helper()
	i, size := 0, 0
	for n, g := range list.LogGroups {
		for _, l := range g.Logs {
			if want := int64(l.GetTime())*1e9 + int64(l.GetTimeNs()); logs[i].Time != want {
				t.Errorf("log %d: time %d, not %d", i, logs[i].Time, want)
			}
			if logs[i].Group != uint32(n) {
				t.Errorf("log %d: group %d, not %d", i, logs[i].Group, n)
			}
			for _, f := range logs[i].Fields {
				size += len(f.Key) + len(f.Value)
			}
			i++
		}
	}
	if d.bytes != size {
		t.Errorf("%d bytes, not %d", d.bytes, size)
	}
}

func TestDecodeNamesTheOffset(t *testing.T) {
	valid := marshal(t, samples()["plain"])
	for name, c := range map[string]struct {
		raw    []byte
		offset int
	}{
		"cut short":         {valid[:len(valid)-1], 1},
		"field number 0":    {[]byte{0x02, 0x00}, 0},
		"end without group": {[]byte{0x0c}, 0},
		"wrong type":        {[]byte{0x08, 0x01}, 2},
		"endless varint":    {bytes.Repeat([]byte{0xff}, 12), 0},
		"length too long":   {[]byte{0x0a, 0x7f}, 1},
		"inside a log":      {[]byte{0x0a, 0x04, 0x0a, 0x02, 0x08, 0xff}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newDecoder().decode(c.raw)
			var m *Malformed
			if !errors.As(err, &m) {
				t.Fatalf("got %v", err)
			}
			if m.Offset != c.offset {
				t.Errorf("offset %d, not %d: %v", m.Offset, c.offset, err)
			}
		})
	}
}

// Whatever the SDK decodes, decode must flatten in the same way.
func FuzzDecode(f *testing.F) {
	for name, list := range samples() {
		if name != "large values" && name != "many fields" {
			f.Add(marshal(f, list))
		}
	}
	f.Add([]byte{0x0a, 0x06, 0x0a, 0x04, 0x08, 0x01, 0x1b, 0x1c}) // an unknown group
	f.Add([]byte{0x0a, 0x04, 0x0a, 0x02, 0x12, 0x00})             // what required fields may lack
	d := newDecoder()
	f.Fuzz(func(t *testing.T, raw []byte) {
		parts, errParts := inParts(d, raw, 200)
		logs, err := d.decode(raw)
		if (err == nil) != (errParts == nil) {
			t.Fatalf("at once: %v, in parts: %v", err, errParts)
		}
		if err == nil {
			same(t, parts, texts(logs))
		}
		list := &sls.LogGroupList{}
		if theirs := list.Unmarshal(raw); theirs != nil {
			return
		}
		if err != nil {
			t.Fatalf("the SDK decodes it, but: %v", err)
		}
		same(t, texts(logs), flat(list))
	})
}

func auditLike(groups, logs int) *sls.LogGroupList {
	list := &sls.LogGroupList{}
	for g := range groups {
		lg := tagged(group("actiontrail_audit_event", "10.0.0.1"), "__receive_time__", "1700000000", "__pack_id__", "A-1")
		for i := range logs {
			l := logOf(uint32(1700000000+i), 0)
			for k := range 15 {
				l.Contents = append(l.Contents, &sls.LogContent{
					Key:   proto.String(fmt.Sprintf("field_name_%d", k)),
					Value: proto.String(fmt.Sprintf("value %d of the field %d in group %d", i, k, g)),
				})
			}
			lg.Logs = append(lg.Logs, l)
		}
		list.LogGroups = append(list.LogGroups, lg)
	}
	return list
}

func TestDecodeAllocatesNothing(t *testing.T) {
	raw := marshal(t, auditLike(20, 50))
	d := newDecoder()
	if n := testing.AllocsPerRun(10, func() {
		if _, err := d.decode(raw); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for 1000 logs", n)
	}
}

func BenchmarkDecode(b *testing.B) {
	raw := marshal(b, auditLike(100, 50))
	d := newDecoder()
	if _, err := d.decode(raw); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(d.bytes))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.decode(raw); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*5000), "ns/log")
}
