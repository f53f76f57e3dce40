package slswasm_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	slswasm "github.com/slswasm/slswasm/guests/go"
	"github.com/slswasm/slswasm/guests/go/slswasmtest"
)

func TestReading(t *testing.T) {
	var got []string
	g := start(t, func() {
		a, b := slswasm.Field("a"), slswasm.Field("b")
		slswasm.Handle(func(l *slswasm.Log) {
			got = append(got, string(l.Get(a)))
			if l.Has(b) {
				got = append(got, "b="+strings.Clone(l.GetString(b)))
			}
			got = append(got, l.Time().Format(time.RFC3339Nano), string('0'+rune(l.Group())))
		})
	})
	second := slswasmtest.NewLog("b", "", "x", "y")
	second.Time, second.Group = 1, 3
	g.RunBatch(slswasmtest.NewLog("c", "z", "a", "\xff\x00"), second)
	const want = "\xff\x00 2023-11-14T22:13:20Z 0  b= 1970-01-01T00:00:00.000000001Z 3"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %q\nwant %q", s, want)
	}
}

func TestAllFields(t *testing.T) {
	var got []string
	g := start(t, func() {
		slswasm.AllFields()
		b, other, none := slswasm.Field("b"), slswasm.Named("a"), slswasm.Named("none")
		slswasm.Handle(func(l *slswasm.Log) {
			for k, v := range l.All() {
				got = append(got, string(k)+"="+string(v))
			}
			for range l.All() {
				break
			}
			got = append(got, string(l.Get(b)), string(l.Get(other)), string('0'+rune(l.Len())))
			if l.Has(none) {
				t.Error("found a field that is not there")
			}
		})
	})
	g.RunBatch(slswasmtest.NewLog("a", "1", "b", ""), slswasmtest.NewLog())
	if s := strings.Join(got, " "); s != "a=1 b=  1 2   0" {
		t.Errorf("got %q", s)
	}
}

func TestVerdicts(t *testing.T) {
	key := slswasm.Named("k")
	tests := []struct {
		name string
		do   func(l *slswasm.Log)
		want slswasmtest.Verdict
		why  string
	}{
		{"nothing", func(*slswasm.Log) {}, slswasmtest.Keep, ""},
		{"drop", func(l *slswasm.Log) { l.Drop() }, slswasmtest.Drop, ""},
		{"fail", func(l *slswasm.Log) { l.Fail("why") }, slswasmtest.Fail, "why"},
		{"edit", func(l *slswasm.Log) { l.SetString(key, "v") }, slswasmtest.Edit, ""},
		{"emit", func(l *slswasm.Log) { l.EmitClone() }, slswasmtest.Emit, ""},
		{"edit, keep", func(l *slswasm.Log) { l.SetString(key, "v"); l.Keep() }, slswasmtest.Keep, ""},
		{"drop, keep, edit", func(l *slswasm.Log) { l.Drop(); l.Keep(); l.Clear() }, slswasmtest.Edit, ""},
		{"edit, drop", func(l *slswasm.Log) { l.SetString(key, "v"); l.Drop() }, slswasmtest.Drop, ""},
		{"emit, drop", func(l *slswasm.Log) { l.EmitClone(); l.EmitEmpty(); l.Drop() }, slswasmtest.Drop, ""},
		{"drop, emit", func(l *slswasm.Log) { l.Drop(); l.EmitClone() }, slswasmtest.Emit, ""},
		{"fail, fail", func(l *slswasm.Log) { l.Fail("one"); l.Fail("two") }, slswasmtest.Fail, "two"},
		{"drop, edit", func(l *slswasm.Log) { l.Drop(); l.SetString(key, "v") }, slswasmtest.Fail, "panic: slswasm: edit of a finished event"},
		{"emit, edit the log", func(l *slswasm.Log) { l.EmitClone(); l.SetString(key, "v") }, slswasmtest.Fail, "panic: slswasm: edit of a finished event"},
		{"emit twice, edit the first", func(l *slswasm.Log) { e := l.EmitClone(); l.EmitClone(); e.Clear() }, slswasmtest.Fail, "panic: slswasm: edit of a finished event"},
		{"panic with text", func(l *slswasm.Log) { l.Clear(); panic("oh") }, slswasmtest.Fail, "panic: oh"},
		{"panic with an error", func(*slswasm.Log) { panic(errors.New("oh")) }, slswasmtest.Fail, "panic: oh"},
		{"panic with a number", func(*slswasm.Log) { panic(5) }, slswasmtest.Fail, "panic with a value that has no text"},
		{"panic of the runtime", func(l *slswasm.Log) { _ = []int{}[l.Group()] }, slswasmtest.Fail, "panic: runtime error: index out of range"},
		{"read of what was not declared", func(l *slswasm.Log) { l.Get(key) }, slswasmtest.Fail, `panic: slswasm: cannot read "k"`},
		{"list of what was not asked for", func(l *slswasm.Log) { l.All() }, slswasmtest.Fail, "panic: slswasm: cannot list"},
		{"rename to nothing", func(l *slswasm.Log) { l.Rename(key, "") }, slswasmtest.Fail, `panic: slswasm: cannot rename "k"`},
		{"no key", func(l *slswasm.Log) { l.Delete(slswasm.Key{}) }, slswasmtest.Fail, "panic: slswasm: a Key comes from"},
		{"time before 1970", func(l *slswasm.Log) { l.SetTime(time.Unix(-1, 0)) }, slswasmtest.Fail, "panic: slswasm: the time"},
		{"time after 2262", func(l *slswasm.Log) { l.SetTime(time.Unix(1<<40, 0)) }, slswasmtest.Fail, "panic: slswasm: the time"},
		{"facility", func(l *slswasm.Log) { l.Syslog().Facility(24) }, slswasmtest.Fail, "panic: slswasm: a syslog facility or severity of 24 is over 23"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := handle(t, func(l *slswasm.Log, a slswasm.Key) {
				if l.GetString(a) == "test" {
					test.do(l)
				}
			})
			// Its neighbours must not notice.
			batch := []slswasmtest.Log{slswasmtest.NewLog("a", "before"), slswasmtest.NewLog("a", "test"), slswasmtest.NewLog("a", "after")}
			r := g.RunBatch(batch...)
			if r[1].Verdict != test.want || !strings.HasPrefix(r[1].Reason, test.why) {
				t.Errorf("got %s %q", r[1].Verdict, r[1].Reason)
			}
			if r[0].Verdict != slswasmtest.Keep || r[2].Verdict != slswasmtest.Keep {
				t.Errorf("neighbours: %s, %s", r[0].Verdict, r[2].Verdict)
			}
		})
	}
}

func TestEventsOfAnotherLogCannotBeEdited(t *testing.T) {
	var kept slswasm.Event
	first := true
	g := handle(t, func(l *slswasm.Log, _ slswasm.Key) {
		if first {
			kept, first = l.Event, false
			return
		}
		kept.Clear()
	})
	r := g.RunBatch(slswasmtest.NewLog(), slswasmtest.NewLog())
	if r[0].Verdict != slswasmtest.Keep || r[1].Verdict != slswasmtest.Fail {
		t.Errorf("got %s, %s", r[0].Verdict, r[1].Verdict)
	}
}

func TestKeepingAllIsNoReply(t *testing.T) {
	g := handle(t, func(*slswasm.Log, slswasm.Key) {})
	if reply := slswasm.Transform(g.Batch(slswasmtest.NewLog(), slswasmtest.NewLog())); reply != nil {
		t.Errorf("got %v", reply)
	}
}

func TestCursorNamesTheLogInHand(t *testing.T) {
	var batch []byte
	var seen []uint32
	g := handle(t, func(*slswasm.Log, slswasm.Key) {
		seen = append(seen, slswasm.Cursor(batch))
		panic("still counted")
	})
	batch = g.Batch(slswasmtest.NewLog(), slswasmtest.NewLog(), slswasmtest.NewLog())
	slswasm.Transform(batch)
	if len(seen) != 3 || seen[0] != 0 || seen[1] != 1 || seen[2] != 2 {
		t.Errorf("got %v", seen)
	}
}
