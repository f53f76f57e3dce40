package syslog

import (
	"testing"

	"github.com/slswasm/slswasm/abi"
)

func TestRender(t *testing.T) {
	e := &abi.Event{Log: abi.Log{Time: 1_700_000_000e9, Fields: []abi.Field{{Key: []byte("a"), Value: []byte("x\ny")}}}}
	for want, cfg := range map[string]Config{
		`<14>1 2023-11-14T22:13:20Z h - - - - ||a=x\ny`:     {Hostname: "h"},
		`<12>1 2023-11-14T22:13:20Z h t - - - {"a":"x\ny"}`: {Hostname: "h", Tag: "t", Payload: JSON, Severity: "4", Framing: Octet},
		`<14>Nov 14 22:13:20 h t: ||a=x\ny`:                 {Hostname: "h", Tag: "t", Format: RFC3164},
	} {
		if got, err := Render(cfg, e); err != nil || string(got) != want {
			t.Errorf("\n got %s, %v\nwant %s", got, err, want)
		}
	}
	if _, err := Render(Config{Facility: "nobody"}, e); err == nil {
		t.Error("an unknown facility is no error")
	}
}
