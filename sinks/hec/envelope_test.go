package hec

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/slswasm/slswasm/abi"
)

func encode(cfg Config, e *abi.Event) string {
	out, _ := newEncoder(cfg.withDefaults()).appendEnvelope(nil, e, nil)
	return string(out)
}

func jsonField(key, value string) abi.Field {
	f := field(key, value)
	f.JSON = true
	return f
}

func TestEnvelope(t *testing.T) {
	all := Config{Index: "i", Source: "s", SourceType: "st", Host: "h"}
	fields := []abi.Field{field("__time__", "1700000000"), field("__topic__", "tp"), field("a", `x"y`), jsonField("b", `{"c":[1]}`)}
	audit := []abi.Field{field("__topic__", "actiontrail_audit_event"), field("event", `{"id":1}`), field("other", `{"id":2}`)}
	for _, c := range []struct {
		name string
		cfg  Config
		e    abi.Event
		want string
	}{
		{"nothing", Config{}, abi.Event{}, `{"time":0.000000,"event":{}}`},
		{
			"fields", all, abi.Event{Log: abi.Log{Time: 1_700_000_000_123_456_789, Fields: fields}},
			`{"index":"i","source":"s","sourcetype":"st","host":"h","time":1700000000.123456,"event":{"__topic__":"tp","a":"x\"y","b":{"c":[1]}}}`,
		},
		{
			"as a string", Config{Event: EventString}, abi.Event{Log: abi.Log{Time: 1.7e18, Fields: fields}},
			`{"time":1700000000.000000,"event":"{\"__topic__\":\"tp\",\"a\":\"x\\\"y\",\"b\":{\"c\":[1]}}"}`,
		},
		{
			"a content in the time's place", Config{}, abi.Event{Log: abi.Log{Time: 1e18, Fields: []abi.Field{field("__time__", "by the writer"), field("n", "1")}}},
			`{"time":1000000000.000000,"event":{"__time__":"by the writer","n":"1"}}`,
		},
		{"identity", Config{}, abi.Event{ID: []byte("p/l/0/c=/1")}, `{"time":0.000000,"event":{},"fields":{"sls_event_id":"p/l/0/c=/1"}}`},
		{
			"identity before the guest's fields", Config{},
			abi.Event{ID: []byte("id"), Meta: &abi.Meta{Fields: []abi.Field{field("a", "1"), field("sls_event_id", "forged"), field("b", "2")}}},
			`{"time":0.000000,"event":{},"fields":{"sls_event_id":"id","a":"1","b":"2"}}`,
		},
		{"times before 1970 are 1970", Config{}, abi.Event{Log: abi.Log{Time: -5}}, `{"time":0.000000,"event":{}}`},
		{"microseconds", Config{}, abi.Event{Log: abi.Log{Time: 1_000_007_999}}, `{"time":1.000007,"event":{}}`},
		{"the last time there is", Config{}, abi.Event{Log: abi.Log{Time: 1<<63 - 1}}, `{"time":9223372036.854775,"event":{}}`},
		{
			"body", Config{Event: EventString}, abi.Event{Log: abi.Log{Fields: fields}, Body: []byte("a\n\"b\"")},
			`{"time":0.000000,"event":"a\n\"b\""}`,
		},
		{
			"body in JSON", Config{Event: EventString}, abi.Event{Log: abi.Log{Fields: fields}, Body: []byte(`{"x": "` + "\xff" + `"}`), BodyJSON: true},
			`{"time":0.000000,"event":{"x": "` + "\ufffd" + `"}}`,
		},
		{
			"metadata before settings", all,
			abi.Event{Meta: &abi.Meta{Index: []byte("I"), Host: []byte("\"H\"")}},
			`{"index":"I","source":"s","sourcetype":"st","host":"\"H\"","time":0.000000,"event":{}}`,
		},
		{
			"indexed fields", Config{}, abi.Event{Meta: &abi.Meta{Fields: []abi.Field{
				field("", "no name"), field("a", "1"), field("b", "2"), field("a", "3"), jsonField("c", `{"not":"nested"}`), field("a", ""),
			}}},
			`{"time":0.000000,"event":{},"fields":{"a":["1","3",""],"b":"2","c":"{\"not\":\"nested\"}"}}`,
		},
		{"no indexed fields", Config{}, abi.Event{Meta: &abi.Meta{Fields: []abi.Field{field("", "x")}}}, `{"time":0.000000,"event":{}}`},
		{
			"documented parsing", Config{Nest: DefaultNest()}, abi.Event{Log: abi.Log{Fields: audit}},
			`{"time":0.000000,"event":{"__topic__":"actiontrail_audit_event","event":{"id":1},"other":"{\"id\":2}"}}`,
		},
		{
			"documented parsing as a string", Config{Nest: DefaultNest(), Event: EventString}, abi.Event{Log: abi.Log{Fields: audit}},
			`{"time":0.000000,"event":"{\"__topic__\":\"actiontrail_audit_event\",\"event\":{\"id\":1},\"other\":\"{\\\"id\\\":2}\"}"}`,
		},
		{
			"no parsing", Config{}, abi.Event{Log: abi.Log{Fields: audit[:2]}},
			`{"time":0.000000,"event":{"__topic__":"actiontrail_audit_event","event":"{\"id\":1}"}}`,
		},
		{
			"no parsing of other topics", Config{Nest: DefaultNest()}, abi.Event{Log: abi.Log{Fields: audit[1:2]}},
			`{"time":0.000000,"event":{"event":"{\"id\":1}"}}`,
		},
		{
			"what is not JSON stays text", Config{Nest: []string{"t"}},
			abi.Event{Log: abi.Log{Fields: []abi.Field{field("event", `{"id":1`), field("__topic__", "t")}}},
			`{"time":0.000000,"event":{"event":"{\"id\":1","__topic__":"t"}}`,
		},
		{
			"two values are not JSON", Config{Nest: []string{"t"}},
			abi.Event{Log: abi.Log{Fields: []abi.Field{field("__topic__", "t"), field("event", `{},"index":"other"`)}}},
			`{"time":0.000000,"event":{"__topic__":"t","event":"{},\"index\":\"other\""}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := encode(c.cfg, &c.e)
			if d := cmp.Diff(c.want+"\n", got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if !json.Valid([]byte(got)) {
				t.Error("not JSON")
			}
		})
	}
}

func TestBlank(t *testing.T) {
	for _, c := range []struct {
		body string
		json bool
		want bool
	}{
		{"", false, true}, {" \t\n", false, true}, {"x", false, false}, {"null", false, false}, {`""`, false, false},
		{"null", true, true}, {" false ", true, true}, {`""`, true, true}, {`"  \n"`, true, true}, {`"\u0020"`, true, true},
		{"true", true, false}, {"0", true, false}, {"{}", true, false}, {"[]", true, false}, {`"x"`, true, false}, {`"` + strings.Repeat("x", 99) + `"`, true, false},
	} {
		if got := blank(&abi.Event{Body: []byte(c.body), BodyJSON: c.json}); got != c.want {
			t.Errorf("%q (JSON %v): %v, want %v", c.body, c.json, got, c.want)
		}
	}
	if blank(&abi.Event{}) {
		t.Error("an event without a body is not blank")
	}
}

// FuzzEnvelope: whatever the bytes of an event, its envelope is one valid
// JSON object whose keys are the program's, and which holds the content.
func FuzzEnvelope(f *testing.F) {
	f.Add([]byte("key"), []byte("value"), []byte("host"), int64(1e18), false, uint8(0))
	f.Add([]byte("event"), []byte(`{"a":1}`), []byte("\"},{"), int64(0), true, uint8(1))
	f.Add([]byte("\xff\x00"), []byte("\xed\xa0\x80\\"), []byte("日志"), int64(-1), false, uint8(2))
	f.Add([]byte("__topic__"), []byte("actiontrail_audit_event"), []byte{}, int64(1<<62), false, uint8(3))
	f.Fuzz(func(t *testing.T, key, value, meta []byte, at int64, asString bool, shape uint8) {
		cfg := Config{Nest: DefaultNest(), Index: "main"}
		if asString {
			cfg.Event = EventString
		}
		e := abi.Event{Log: abi.Log{Time: at, Fields: []abi.Field{
			{Key: []byte("__topic__"), Value: []byte("actiontrail_audit_event")}, {Key: key, Value: value},
		}}}
		e.Meta = &abi.Meta{Host: meta, Fields: []abi.Field{{Key: key, Value: meta}, {Key: meta, Value: value}, {Key: key, Value: value}}}
		switch shape % 4 {
		case 1:
			e.Body = append([]byte{}, value...)
		case 2:
			e.Body, e.BodyJSON = append([]byte{}, value...), json.Valid(value)
		case 3:
			e.Fields[1].JSON = json.Valid(value)
		}
		out := encode(cfg, &e)
		checkEnvelope(t, out, &e, key, value, asString)
	})
}

func checkEnvelope(t *testing.T, out string, e *abi.Event, key, value []byte, asString bool) {
	t.Helper()
	if !utf8.ValidString(out) || strings.IndexByte(out, 0) >= 0 {
		t.Fatalf("bytes that may not be sent: %q", out)
	}
	dec := json.NewDecoder(strings.NewReader(out))
	dec.DisallowUnknownFields()
	var envelope struct {
		Time               json.Number
		Host, Index        string
		Event              json.RawMessage
		Fields             map[string]any
		Source, SourceType string
	}
	if err := dec.Decode(&envelope); err != nil || dec.More() {
		t.Fatalf("%v in %q", err, out)
	}
	if envelope.Index != "main" || envelope.Source != "" {
		t.Fatalf("an envelope key came from the content: %q", out)
	}
	if e.Body != nil || isTime(e, e.Fields[1]) || string(key) == topicKey {
		return
	}
	event := []byte(envelope.Event)
	if asString {
		var text string
		if err := json.Unmarshal(event, &text); err != nil {
			t.Fatal(err)
		}
		event = []byte(text)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(event, &fields); err != nil {
		t.Fatalf("%v in %q", err, event)
	}
	text, _ := json.Marshal(string(value))
	got, found := fields[string([]rune(string(key)))]
	nested := e.Fields[1].JSON || string(key) == nestKey && json.Valid(value)
	if !found || !nested && !sameText(got, text) {
		t.Fatalf("field %q is %q, want %q in %q", key, got, text, out)
	}
}

func sameText(a, b []byte) bool {
	var x, y string
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && x == y
}

func TestFillKeepsNothing(t *testing.T) {
	value := []byte("before")
	e := abi.Event{Log: abi.Log{Fields: []abi.Field{{Key: []byte("k"), Value: value}}}}
	b := new(body)
	b.fill(newEncoder(Config{}), []abi.Event{e}, 1000)
	copy(value, "after!")
	if !bytes.Contains(b.plain, []byte("before")) {
		t.Error("the body shares memory with the event")
	}
}
