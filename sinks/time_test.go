package sinks_test

import (
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

func TestRepeatsTime(t *testing.T) {
	const at = 1_700_000_000_999_999_999
	for _, c := range []struct {
		key, value string
		ns         int64
		want       bool
	}{
		{"__time__", "1700000000", at, true},
		{"__time__", "0", 999, true},
		{"__time__", "9223372036", 1<<63 - 1, true},
		{"__time__", "1700000001", at, false},
		{"__time__", "set by the writer", at, false},
		{"__time__", "01700000000", at, false},
		{"__time__", "", 0, false},
		{"__topic__", "1700000000", at, false},
	} {
		f := abi.Field{Key: []byte(c.key), Value: []byte(c.value)}
		if got := sinks.RepeatsTime(&f, c.ns); got != c.want {
			t.Errorf("%s=%q at %d: %v", c.key, c.value, c.ns, got)
		}
	}
	f := abi.Field{Key: []byte("__time__"), Value: []byte("1700000000")}
	if n := testing.AllocsPerRun(10, func() { sinks.RepeatsTime(&f, at) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
