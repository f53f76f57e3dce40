package offline

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
)

func text(s string) []byte { return []byte(s) }

func TestLines(t *testing.T) {
	log := &abi.Event{Log: abi.Log{Time: 5}}
	all := abi.NoMeta()
	all.Index, all.Source, all.SourceType, all.Host = text("i"), text("s"), text("st"), text("h")
	all.Fields = []abi.Field{{Key: text("f"), Value: text("1")}}
	all.Facility, all.Severity = 0, 7
	all.AppName, all.ProcID, all.MsgID, all.Hostname = text("an"), text("p"), text("m"), text("hn")
	all.Structured = []abi.Param{{ID: text("id"), Name: text("n"), Value: text("v")}}
	all.Route = text("r")
	none := abi.NoMeta()
	fields := []abi.Field{{Key: text("a"), Value: text("<\xff>")}, {Key: text("b"), Value: text(`{ "c": [1] }`), JSON: true}}
	for name, c := range map[string]struct {
		o    Outcome
		want []string
	}{
		"drop":  {Outcome{}, []string{`{"drop":true}`}},
		"fail":  {Outcome{Err: abi.FailError("why")}, []string{`{"fail":"why"}`}},
		"fault": {Outcome{Err: &guest.Fault{Guest: "/some/path", Kind: guest.Trap, Err: errors.New("unreachable")}}, []string{`{"fail":"trap: unreachable"}`}},
		"events": {Outcome{Events: []abi.Event{
			{Log: abi.Log{Time: 5, Fields: fields}, Meta: &none},
			{Log: abi.Log{Time: 6}, Body: text("x\ny")},
			{Log: abi.Log{Time: 5}, Body: text(`[ 1,"2" ]`), BodyJSON: true, Meta: &all},
		}}, []string{
			`{"fields":{"a":"<` + "\\ufffd" + `>","b":{"c":[1]}}}`,
			`{"time":"6","body":"x\ny"}`,
			`{"body_json":[1,"2"],"meta":{"index":"i","source":"s","sourcetype":"st","host":"h","fields":{"f":"1"},"facility":0,"severity":7,` +
				`"app_name":"an","procid":"p","msgid":"m","hostname":"hn","structured":[["id","n","v"]],"route":"r"}}`,
		}},
	} {
		c.o.Log = log
		if d := cmp.Diff(c.want, c.o.Lines()); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

func TestNormal(t *testing.T) {
	for a, b := range map[string]string{
		`{ "a" : "\u00e9\/", "b":[1 , null] }`: `{"a":"é/","b":[1,null]}`,
		`{"a":"\\\"<x>"}`:                      `{"a":"\\\"\u003cx\u003e"}`,
		"{\"a\":\"\xff\"}":                     `{"a":"\ufffd"}`,
	} {
		x, ok1 := normal(a)
		y, ok2 := normal(b)
		if !ok1 || !ok2 || x != y {
			t.Errorf("%s is %s, and %s is %s", a, x, b, y)
		}
	}
	for a, b := range map[string]string{`{"a":1,"b":2}`: `{"b":2,"a":1}`, `1`: `1.0`, `"1"`: `1`} {
		x, _ := normal(a)
		if y, _ := normal(b); x == y {
			t.Errorf("%s and %s are both %s", a, b, x)
		}
	}
	if _, ok := normal(`{"a":}`); ok {
		t.Error("not JSON")
	}
}
