package hec

import (
	"errors"
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

func TestRender(t *testing.T) {
	e := &abi.Event{Log: abi.Log{Time: 1e9, Fields: []abi.Field{field("a", "1")}}}
	got, err := Render(Config{Index: "i"}, e)
	if want := `{"index":"i","time":1.000000,"event":{"a":"1"}}`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	if want := encode(Config{Index: "i"}, e); string(got)+"\n" != want {
		t.Errorf("the sink sends %s", want)
	}
	var rejected *sinks.Rejected
	if got, err := Render(Config{}, &abi.Event{Body: []byte(" ")}); !errors.As(err, &rejected) || got != nil {
		t.Errorf("a blank event: %q, %v", got, err)
	}
}
