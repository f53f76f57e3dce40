package offline

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/gogo/protobuf/proto"
)

func TestParseLogs(t *testing.T) {
	events, err := ParseLogs([]byte(`{"__time__":"1760000000","__time_ns_part__":"5","__topic__":"t","a":"x\"y"}

  {"__topic__":"t","b":""}
{"__topic__":"t","__tag__:k":"v"}
`))
	if err != nil || len(events) != 3 {
		t.Fatal(events, err)
	}
	if e := events[0]; e.Time != 1760000000_000000005 || len(e.Fields) != 4 || string(e.Fields[3].Value) != `x"y` {
		t.Errorf("%+v", e)
	}
	if e := events[1]; e.Time != 0 || e.Origin != 1 {
		t.Errorf("%+v", e)
	}
	if groups := [3]uint32{events[0].Group, events[1].Group, events[2].Group}; groups != [3]uint32{0, 0, 1} {
		t.Errorf("groups %v: logs of equal topic, source and tags are one group", groups)
	}
}

func TestParseLogsRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"\n\n[1]":                            "line 3: not a JSON object: [1]",
		`{"a":`:                              `line 1: field "a": not a text`,
		`{"a":1}`:                            `line 1: field "a": not a text, and the Log Service flattens everything to text`,
		`{"a":null}`:                         `line 1: field "a": not a text`,
		`{"a":"1"`:                           "line 1: not a JSON object: ",
		`{"a":"1",}`:                         "line 1: ",
		`{"a":"1"} x`:                        "line 1: something follows the JSON object",
		`{"a":"1","a":"2"}`:                  `line 1: field "a": empty name, or given twice`,
		`{"":"1"}`:                           `line 1: field "": empty name`,
		`{"__time__":"now"}`:                 `line 1: field __time__: "now" is not a number of 32 bits`,
		`{"__time__":"-1"}`:                  `line 1: field __time__: "-1" is not a number`,
		`{"__time_ns_part__":"99999999999"}`: `line 1: field __time_ns_part__:`,
		"\x00\x01":                           "line 1: not a JSON object: ",
	} {
		if _, err := ParseLogs([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func savedPull(t testing.TB) []byte {
	t.Helper()
	raw, err := proto.Marshal(&sls.LogGroupList{LogGroups: []*sls.LogGroup{{
		Topic: proto.String("t"), Source: proto.String("s"),
		Logs: []*sls.Log{{Time: proto.Uint32(7), Contents: []*sls.LogContent{{Key: proto.String("a"), Value: proto.String("1")}}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestReadLogs(t *testing.T) {
	events, err := ReadLogs(savedPull(t))
	if err != nil || len(events) != 1 || events[0].Time != 7e9 {
		t.Fatal(events, err)
	}
	if got := fieldsObject(events[0].Fields); got != `{"__time__":"7","__topic__":"t","__source__":"s","a":"1"}` {
		t.Error(got)
	}
	events, err = ReadLogs([]byte("\n{\"a\":\"1\"}\n")) // begins as a pull does
	if err != nil || len(events) != 1 {
		t.Error(events, err)
	}
	if _, err := ReadLogs(savedPull(t)[:15]); err == nil {
		t.Error("half a pull is not refused")
	}
}

func FuzzReadLogs(f *testing.F) {
	f.Add([]byte(`{"__time__":"1760000000","__topic__":"t","a":"1"}`))
	f.Add([]byte("\n{\"a\":\"\xff\"}"))
	f.Add(savedPull(f))
	f.Fuzz(func(t *testing.T, text []byte) {
		events, err := ReadLogs(text)
		if err != nil {
			return
		}
		for i := range events {
			o := Outcome{Log: &events[i], Events: events[i : i+1]}
			line := o.Lines()[0]
			if _, ok := normal(line); !ok {
				t.Errorf("%q became %q, which is not JSON", text, line)
			}
			var keys []string
			for _, f := range events[i].Fields {
				if slices.Contains(keys, string(f.Key)) {
					t.Errorf("%q: the key %q is there twice", text, f.Key)
				}
				keys = append(keys, string(f.Key))
			}
			if bytes.Contains([]byte(line), []byte{'\n'}) {
				t.Errorf("%q is not one line", line)
			}
		}
	})
}
