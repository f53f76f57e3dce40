package offline

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/slswasm/slswasm/abi"
)

func open(t testing.TB, name string) *Module {
	t.Helper()
	return &Module{Name: name + ".wasm", Wasm: fixture(t, name)}
}

// Logs of several calls come back in order, each with what became of it.
func TestTry(t *testing.T) {
	m, err := open(t, "trap").Compile(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(context.Background())
	logs := make([]abi.Event, 2*tryAtOnce+1)
	for i := range logs {
		logs[i].Time = int64(i)
		if i%500 == 7 {
			logs[i].Fields = []abi.Field{{Key: text("bad")}}
		}
	}
	next, failed := 0, 0
	err = Try(t.Context(), m, logs, func(n int, o *Outcome) error {
		if n != next || o.Log.Time != int64(n) || (o.Err != nil) != (n%500 == 7) || len(o.Events) == 0 && o.Err == nil {
			return fmt.Errorf("%d, after %d: %+v", n, next-1, o)
		}
		if next++; o.Err != nil {
			failed++
		}
		return nil
	})
	if err != nil || next != len(logs) || failed != 5 {
		t.Errorf("%d logs, %d failed, %v", next, failed, err)
	}
	stop := errors.New("stop")
	if err := Try(t.Context(), m, logs, func(int, *Outcome) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

func TestDiffOfOutcome(t *testing.T) {
	field := func(k, v string, json bool) abi.Field { return abi.Field{Key: text(k), Value: text(v), JSON: json} }
	log := &abi.Event{Log: abi.Log{Fields: []abi.Field{field("a", "1\x1b", false), field("e", `{"x":{"y":1,"z":[2]},"w":{}}`, false)}}}
	edited := abi.Event{Log: abi.Log{Fields: []abi.Field{field("a", "1\x1b", false), field("e", `{"x":{"y":2,"z":[2]},"w":{}}`, false), field("j", "[ 1 ]", true)}}}
	later := abi.Event{Log: abi.Log{Time: 3, Fields: log.Fields}}
	for _, c := range []struct {
		o             Outcome
		verdict, diff string
	}{
		{Outcome{Log: log}, "dropped", ` a: 1\x1b` + "\n e (an object as text)\n   e.x.y: 1\n   e.x.z: [2]\n   e.w: {}\n"},
		{Outcome{Log: log, Err: abi.FailError("why")}, "failed: why", ` a: 1\x1b` + "\n e (an object as text)\n   e.x.y: 1\n   e.x.z: [2]\n   e.w: {}\n"},
		{Outcome{Log: log, Events: []abi.Event{*log}}, "unchanged", ` a: 1\x1b` + "\n e (an object as text)\n   e.x.y: 1\n   e.x.z: [2]\n   e.w: {}\n"},
		{
			Outcome{Log: log, Events: []abi.Event{edited}}, "changed",
			` a: 1\x1b` + "\n e (an object as text)\n-  e.x.y: 1\n+  e.x.y: 2\n   e.x.z: [2]\n   e.w: {}\n+j: [1]\n",
		},
		{Outcome{Log: &abi.Event{}, Events: []abi.Event{{Body: text("b")}}}, "changed", "+body: b\n"},
		{Outcome{Log: &abi.Event{}, Events: []abi.Event{{Log: abi.Log{Time: 3}}}}, "changed", "+time: 3 ns\n"},
		{Outcome{Log: log, Events: []abi.Event{later, edited}}, "became 2 events", ` a: 1\x1b` + "\n e (an object as text)\n   e.x.y: 1\n   e.x.z: [2]\n   e.w: {}\n+time: 3 ns\n"},
	} {
		if got := show(c.o.Diff(0)); c.o.Verdict() != c.verdict || got != c.diff {
			t.Errorf("%s, want %s:\n%swant\n%s", c.o.Verdict(), c.verdict, got, c.diff)
		}
	}
}
