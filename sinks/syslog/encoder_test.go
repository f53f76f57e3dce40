package syslog

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

var eventTime = time.Date(2024, 2, 9, 3, 4, 5, 123456789, time.UTC).UnixNano()

func field(k, v string) abi.Field { return abi.Field{Key: []byte(k), Value: []byte(v)} }

func event(fields ...abi.Field) abi.Event {
	return abi.Event{Log: abi.Log{Time: eventTime, Fields: fields}}
}

func meta(set func(*abi.Meta)) *abi.Meta {
	m := abi.NoMeta()
	set(&m)
	return &m
}

// encode writes one message as cfg says.
func encode(t testing.TB, cfg Config, ev abi.Event) string {
	t.Helper()
	return string(encoderFor(t, cfg).bytes(&ev))
}

func (e *encoder) bytes(ev *abi.Event) []byte {
	e.buf = e.buf[:0]
	e.append(ev)
	return e.buf
}

func encoderFor(t testing.TB, cfg Config) *encoder {
	t.Helper()
	cfg.Host = "receiver"
	if cfg.Hostname == "" {
		cfg.Hostname = "h"
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	f, err := newFormat(cfg.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	return newEncoder(f)
}

func TestMessage(t *testing.T) {
	const head = "<14>1 2024-02-09T03:04:05.123456Z h - - - - "
	full := meta(func(m *abi.Meta) {
		m.Facility, m.Severity = 16, 3
		m.Hostname, m.AppName, m.ProcID, m.MsgID = []byte("web-1"), []byte("audit"), []byte("77"), []byte("LOGIN")
		m.Structured = []abi.Param{
			{ID: []byte("who@1"), Name: []byte("name"), Value: []byte(`a"b\c]d`)},
			{ID: []byte("at@1"), Name: []byte("zone"), Value: []byte("é\n")},
			{ID: []byte("who@1"), Name: []byte("id"), Value: nil},
		}
	})
	withMeta := event(field("k", "v"))
	withMeta.Meta = full
	text := event()
	text.Body = []byte("CEF:0|a|b\tc\nd")
	nested := event()
	nested.Body, nested.BodyJSON = []byte("{\"a\":\n \"b\\n\x7f\"}"), true
	empty := event()
	empty.Body = []byte{}
	named := withMeta
	named.ID = []byte("p/l/0/c=/1")
	named.Meta = meta(func(m *abi.Meta) {
		m.Structured = []abi.Param{
			{ID: []byte("slswasm@32473"), Name: []byte("id"), Value: []byte("forged")},
			{ID: []byte("who@1"), Name: []byte("name"), Value: []byte("a")},
		}
	})
	onlyNamed := event(field("k", "v"))
	onlyNamed.ID = []byte("id")
	onTheSecond := event(field("k", "v"))
	onTheSecond.Time = eventTime / 1e9 * 1e9

	for name, c := range map[string]struct {
		cfg  Config
		ev   abi.Event
		want string
	}{
		"kv":             {Config{}, event(field("__time__", "1707447845"), field("a", "1"), field("b", "")), head + "||a=1||b=\n"},
		"kv, own time":   {Config{}, event(field("__time__", "of the writer"), field("a", "1")), head + "||__time__=of the writer||a=1\n"},
		"json, own time": {Config{Payload: JSON}, event(field("__time__", "1")), head + `{"__time__":"1"}` + "\n"},
		"own separator":  {Config{Sep: " "}, event(field("a", "1"), field("b", "2")), head + " a=1 b=2\n"},
		"json":           {Config{Payload: JSON}, event(field("__time__", "1707447845"), field("a\"", "1\t\\"), abi.Field{Key: []byte("n"), Value: []byte("[1,\n2]"), JSON: true}), head + `{"a\"":"1\t\\","n":[1, 2]}` + "\n"},
		"json, nothing":  {Config{Payload: JSON}, event(), head + "{}\n"},
		"kv, json value": {Config{}, event(abi.Field{Key: []byte("n"), Value: []byte("[1,\r\n2]"), JSON: true}), head + "||n=[1,  2]\n"},
		"text body":      {Config{Payload: JSON}, text, head + "CEF:0|a|b\tc\\nd\n"},
		"json body":      {Config{}, nested, head + `{"a":  "b\n\u007f"}` + "\n"},
		"empty body":     {Config{}, empty, strings.TrimSuffix(head, " ") + "\n"},
		"controls":       {Config{}, event(field("k", "a\x00b\x1bc\rd\x7f\u0085e\u2028")), head + `||k=a\u0000b\u001bc\rd\u007f\u0085e` + "\u2028\n"},
		"invalid UTF-8":  {Config{}, event(field("k", "a\xff\xc3(\xe6\x97")), head + "||k=a\uFFFD\uFFFD(\uFFFD\uFFFD\n"},
		"kept as it is":  {Config{}, event(field("k", "日本\uFFFD \\n ]\"")), head + "||k=日本\uFFFD \\n ]\"\n"},
		"octet":          {Config{Framing: Octet}, event(field("a", "1")), "49 " + head + "||a=1"},
		"whole second":   {Config{}, onTheSecond, "<14>1 2024-02-09T03:04:05Z h - - - - ||k=v\n"},
		"udp":            {Config{Protocol: UDP}, event(field("a", "1")), head + "||a=1"},
		"settings": {Config{Facility: "LOCAL7", Severity: "0", Hostname: "ho st", Tag: "ät", ProcID: "p", MsgID: "m"}, event(field("a", "1")),
			"<184>1 2024-02-09T03:04:05.123456Z ho_st _t p m - ||a=1\n"},
		"meta wins": {Config{Tag: "tag", Hostname: "host", ProcID: "1", MsgID: "2"}, withMeta,
			`<131>1 2024-02-09T03:04:05.123456Z web-1 audit 77 LOGIN [at@1 zone="é\\n"][who@1 name="a\"b\\c\]d" id=""] ||k=v` + "\n"},
		"identity":        {Config{}, onlyNamed, strings.TrimSuffix(head, "- ") + `[slswasm@32473 id="id"] ||k=v` + "\n"},
		"and the guest's": {Config{}, named, strings.TrimSuffix(head, "- ") + `[slswasm@32473 id="p/l/0/c=/1"][who@1 name="a"] ||k=v` + "\n"},
		"bom":             {Config{BOM: true}, event(field("a", "1")), head + "\ufeff||a=1\n"},
		"bom, nothing":    {Config{BOM: true}, empty, strings.TrimSuffix(head, " ") + "\n"},
		"3164":            {Config{Format: RFC3164, Tag: "-"}, event(field("a", "1")), "<14>Feb  9 03:04:05 h -: ||a=1\n"},
		"3164 and CEF":    {Config{Format: RFC3164, Tag: "tag"}, text, `<14>Feb  9 03:04:05 h CEF:0|a|b` + "\tc\\nd\n"},
		"3164 and LEEF":   {Config{Format: RFC3164, Payload: LEEF}, event(), "<14>Feb  9 03:04:05 h LEEF:1.0|Alibaba Cloud|Log Service|1.0|log|sev=2\n"},
		"3164 and meta":   {Config{Format: RFC3164}, withMeta, "<131>Feb  9 03:04:05 web-1 audit[77]: ||k=v\n"},
		"3164, bad tag":   {Config{Format: RFC3164, Tag: "a: [b]", ProcID: "1]"}, event(field("a", "1")), "<14>Feb  9 03:04:05 h a___b_[1_]: ||a=1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, encode(t, c.cfg, c.ev)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHeaderLimits(t *testing.T) {
	long := bytes.Repeat([]byte("é"), 300)
	ev := event()
	ev.Meta = meta(func(m *abi.Meta) {
		m.Facility, m.Severity = 24, 8 // out of range: the setting stays
		m.Hostname, m.AppName, m.ProcID, m.MsgID = long, long, long, long
		m.Structured = []abi.Param{
			{ID: append(bytes.Repeat([]byte("x"), 32), '1'), Name: []byte(`a=]" b`), Value: long},
			{ID: append(bytes.Repeat([]byte("x"), 32), '2'), Name: nil, Value: nil}, // the same, once cut
		}
	})
	m, err := sinktest.ParseRFC5424([]byte(strings.TrimSuffix(encode(t, Config{}, ev), "\n")))
	if err != nil {
		t.Fatal(err)
	}
	got := []int{len(m.Hostname), len(m.AppName), len(m.ProcID), len(m.MsgID), len(m.Structured), len(m.Structured[0].Params), m.Facility, m.Severity}
	if diff := cmp.Diff([]int{255, 48, 128, 32, 1, 2, 1, 6}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCut(t *testing.T) {
	for name, c := range map[string]struct {
		cfg Config
		ev  abi.Event
	}{
		"text":          {Config{MaxSize: 512}, event(field("k", strings.Repeat("日本", 200)))},
		"one rune over": {Config{MaxSize: 512}, event(field("k", strings.Repeat("a", 463)+"é"))},
		"structured data": {Config{MaxSize: 512, Protocol: UDP}, abi.Event{Meta: meta(func(m *abi.Meta) {
			m.Structured = []abi.Param{{ID: []byte("a"), Name: []byte("b"), Value: bytes.Repeat([]byte("]"), 600)}}
		}), Log: abi.Log{Fields: []abi.Field{field("k", "v")}}}},
		"3164": {Config{MaxSize: 512, Format: RFC3164, Framing: Octet}, event(field("k", strings.Repeat("\xff", 500)))},
	} {
		t.Run(name, func(t *testing.T) {
			e := encoderFor(t, c.cfg)
			message := e.bytes(&c.ev)
			if c.cfg.Framing == Octet {
				message = message[4:]
			}
			message = bytes.TrimSuffix(message, []byte("\n"))
			if e.cut != 1 || len(message) > 512 || !utf8.Valid(message) {
				t.Errorf("%d cut, %d bytes, %q", e.cut, len(message), message)
			}
			parse := sinktest.ParseRFC5424
			if e.rfc3164 {
				parse = sinktest.ParseRFC3164
			}
			if _, err := parse(message); err != nil {
				t.Error(err)
			}
		})
	}
	e := encoderFor(t, Config{MaxSize: 512})
	fits := event(field("k", strings.Repeat("a", 512-len("<14>1 2024-02-09T03:04:05.123456Z h - - - - ||k="))))
	if e.bytes(&fits); e.cut != 0 || len(e.buf) != 513 {
		t.Errorf("a message of the size allowed: %d cut, %d bytes", e.cut, len(e.buf))
	}
}

// TestOctetWidth moves through every number of digits in both directions.
func TestOctetWidth(t *testing.T) {
	e := encoderFor(t, Config{Framing: Octet})
	for _, n := range []int{0, 100000, 1, 900, 1100, 60, 50, 999999} {
		ev := event()
		ev.Body = bytes.Repeat([]byte("x"), n)
		length, message, _ := strings.Cut(string(e.bytes(&ev)), " ")
		if length != strconv.Itoa(len(message)) || strings.Count(message, "x") != n {
			t.Errorf("%d bytes in a frame of %s, want %d", len(message), length, n)
		}
	}
}

func TestEncodeAllocates(t *testing.T) {
	for name, cfg := range map[string]Config{
		"kv": {}, "json": {Payload: JSON, Framing: Octet}, "3164": {Format: RFC3164},
		"cef": {Payload: CEF}, "leef": {Payload: LEEF}, "leef2": {Payload: LEEF2},
	} {
		e := encoderFor(t, cfg)
		ev := sample()
		ev.Meta = meta(func(m *abi.Meta) {
			m.Structured = []abi.Param{{ID: []byte("b"), Name: []byte("n")}, {ID: []byte("a"), Name: []byte("n")}, {ID: []byte("b"), Name: []byte("m")}}
		})
		e.bytes(&ev)
		if n := testing.AllocsPerRun(100, func() { ev.Time++; e.bytes(&ev) }); n != 0 {
			t.Errorf("%s: %v allocations an event", name, n)
		}
	}
}

// FuzzFraming holds the writers against a strict parser: whatever the
// content, the stream reads back as the same messages.
func FuzzFraming(f *testing.F) {
	f.Add([]byte("key"), []byte("value"), []byte("app"), []byte("id"), []byte(`{"a":1}`), int64(0), uint8(0))
	f.Add([]byte("k\n1 <14>1"), []byte("\x00\r\n\xff]\"\\"), []byte("a b"), []byte("i=d]"), []byte("\n"), int64(-1), uint8(1))
	f.Add([]byte{}, []byte("\u0085\u2028\xe2\x80"), []byte("\u007f"), []byte{}, []byte{}, int64(1)<<62, uint8(7))
	f.Add([]byte("5 <1>"), bytes.Repeat([]byte("é"), 400), []byte("[:]"), []byte(`"`), []byte("x"), int64(1700000000999999999), uint8(31))
	f.Fuzz(func(t *testing.T, key, value, name, id, body []byte, ns int64, how uint8) {
		cfg := Config{Framing: LF, MaxSize: 512 * int(how&1)}
		if how&2 != 0 {
			cfg.Framing = Octet
		}
		if how&4 != 0 {
			cfg.Format = RFC3164
		}
		if how&8 != 0 {
			cfg.Payload = JSON
		}
		ev := abi.Event{Log: abi.Log{Time: ns, Fields: []abi.Field{{Key: key, Value: value}}}}
		if how&16 != 0 {
			ev.Body, ev.BodyJSON = body, how&32 != 0
		}
		ev.Meta = meta(func(m *abi.Meta) {
			m.AppName, m.Hostname, m.ProcID, m.MsgID = name, id, name, id
			m.Structured = []abi.Param{{ID: id, Name: name, Value: value}, {ID: key, Name: id, Value: key}, {ID: id, Name: key, Value: body}}
		})
		e := encoderFor(t, cfg)
		e.append(&ev)
		e.append(&ev)
		checkStream(t, e, &ev)
	})
}

// checkStream reads two equal messages of ev back from the encoder's buffer.
func checkStream(t *testing.T, e *encoder, ev *abi.Event) {
	t.Helper()
	framing := sinktest.FrameLF
	if e.octet {
		framing = sinktest.FrameOctet
	}
	got, err := sinktest.ReadSyslog(bytes.NewReader(e.buf), framing, e.rfc3164)
	if err != nil {
		t.Fatalf("%v: %q", err, e.buf)
	}
	if len(got) != 2 || !cmp.Equal(got[0], got[1]) {
		t.Fatalf("%d messages: %q", len(got), e.buf)
	}
	m := got[0]
	if !e.rfc3164 && m.Time.UnixNano()/1000 != floor(ev.Time, 1000) {
		t.Errorf("time %s of %d", m.Time, ev.Time)
	}
	if !utf8.Valid(m.Msg) || bytes.ContainsFunc(m.Msg, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
		t.Errorf("control characters in %q", m.Msg)
	}
	if e.kind == JSON && e.max == 0 && ev.Body == nil {
		checkObject(t, m.Msg, ev)
	}
}

func checkObject(t *testing.T, msg []byte, ev *abi.Event) {
	t.Helper()
	f := ev.Fields[0]
	want := map[string]string{toValid(f.Key): toValid(f.Value)}
	if isTime(ev, f) {
		want = map[string]string{}
	}
	var got map[string]string
	if err := json.Unmarshal(msg, &got); err != nil || !cmp.Equal(want, got) {
		t.Errorf("%q: %v, %v", msg, err, cmp.Diff(want, got))
	}
}

// toValid replaces each invalid byte, as the encoder does.
func toValid(b []byte) string { return string([]rune(string(b))) }

func floor(n, by int64) int64 {
	if n < 0 && n%by != 0 {
		return n/by - 1
	}
	return n / by
}

// sample is an audit log of 15 fields.
func sample() abi.Event {
	return event(
		field("__time__", "1707447845"), field("__topic__", "actiontrail_audit_event"), field("__source__", "actiontrail_internal"),
		field("event", `{"eventId":"9c0b1f2e-55a1-4c1b-8f2e-0a1b2c3d4e5f","eventName":"DescribeInstances","eventSource":"ecs.aliyuncs.com","eventTime":"2024-02-09T03:04:05Z","userIdentity":{"accountId":"1234567890123456","principalId":"200000000000000001","type":"ram-user","userName":"alice"}}`),
		field("owner_id", "1234567890123456"), field("region", "cn-hangzhou"), field("verb", "Describe"), field("code", "200"),
		field("client", "aliyun-cli/3.0.200 (Linux amd64)"), field("ip", "203.0.113.7"), field("request", "9C0B1F2E-55A1-4C1B-8F2E-0A1B2C3D4E5F"),
		field("service", "Ecs"), field("version", "2014-05-26"), field("read_only", "true"), field("level", "info"))
}

func BenchmarkEncode(b *testing.B) {
	for name, cfg := range map[string]Config{"kv": {Framing: Octet}, "json": {Payload: JSON, Framing: Octet}} {
		b.Run(name, func(b *testing.B) {
			e := encoderFor(b, cfg)
			ev := sample()
			raw := 0
			for _, f := range ev.Fields {
				raw += len(f.Key) + len(f.Value)
			}
			b.SetBytes(int64(raw))
			b.ReportAllocs()
			for b.Loop() {
				e.bytes(&ev)
			}
		})
	}
}
