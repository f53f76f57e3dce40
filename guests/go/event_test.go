package slswasm_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	slswasm "github.com/slswasm/slswasm/guests/go"
	"github.com/slswasm/slswasm/guests/go/slswasmtest"
)

// show writes an event's fields and body in short.
func show(e slswasmtest.Event) string {
	s := fmt.Sprint(time.Duration(e.Time))
	for _, f := range e.Fields {
		s += " " + f.Key + "=" + f.Value
		if f.JSON {
			s += "(json)"
		}
	}
	if e.Body != nil {
		s += fmt.Sprintf(" body %s %v", *e.Body, e.BodyJSON)
	}
	return s
}

func TestOps(t *testing.T) {
	b, c := slswasm.Named("b"), slswasm.Named("c")
	tests := []struct {
		name string
		do   func(e slswasm.Event, a slswasm.Key)
		want string
	}{
		{"set", func(e slswasm.Event, a slswasm.Key) { e.Set(a, []byte("x")); e.SetString(c, "") }, "5s a=x b=2 c="},
		{"set json", func(e slswasm.Event, a slswasm.Key) { e.SetJSON(a, []byte(`{"x":1}`)) }, `5s a={"x":1}(json) b=2`},
		{"json, then text", func(e slswasm.Event, a slswasm.Key) { e.SetJSON(b, []byte(`{}`)); e.SetString(b, "y") }, `5s a=1 b=y`},
		{"delete", func(e slswasm.Event, a slswasm.Key) { e.Delete(a); e.Delete(c) }, "5s b=2"},
		{"rename", func(e slswasm.Event, a slswasm.Key) { e.Rename(a, "z"); e.Rename(c, "y") }, "5s z=1 b=2"},
		{"rename over another", func(e slswasm.Event, a slswasm.Key) { e.Rename(b, "a") }, "5s a=2"},
		{"rename to itself", func(e slswasm.Event, a slswasm.Key) { e.Rename(a, "a") }, "5s a=1 b=2"},
		{"clear, set", func(e slswasm.Event, a slswasm.Key) { e.Clear(); e.SetString(c, "3") }, "5s c=3"},
		{"body", func(e slswasm.Event, a slswasm.Key) { e.BodyJSON([]byte("[]")); e.Body([]byte("text")) }, "5s a=1 b=2 body text false"},
		{"body json", func(e slswasm.Event, a slswasm.Key) { e.BodyJSON([]byte("[1]")) }, "5s a=1 b=2 body [1] true"},
		{"time", func(e slswasm.Event, a slswasm.Key) { e.SetTime(time.Unix(7, 0)) }, "7s a=1 b=2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			log := slswasmtest.NewLog("a", "1", "b", "2")
			log.Time = 5e9
			check := func(kind string, r slswasmtest.Result) {
				if len(r.Events) != 1 || show(r.Events[0]) != test.want {
					t.Errorf("%s: got %+v", kind, r)
				}
			}
			check("edit", handle(t, func(l *slswasm.Log, a slswasm.Key) { test.do(l.Event, a) }).Run(log))
			check("clone", handle(t, func(l *slswasm.Log, a slswasm.Key) { test.do(l.EmitClone(), a) }).Run(log))
		})
	}
}

func TestEmit(t *testing.T) {
	g := handle(t, func(l *slswasm.Log, a slswasm.Key) {
		l.SetString(a, "does not carry over")
		l.EmitClone().SetString(a, "x")
		e := l.EmitEmpty()
		e.SetString(slswasm.Named("n"), "2")
		e.HEC().Index("i")
		l.EmitClone()
	})
	for _, r := range g.RunBatch(slswasmtest.NewLog("a", "1"), slswasmtest.NewLog("a", "2")) {
		if r.Verdict != slswasmtest.Emit || len(r.Events) != 3 {
			t.Fatalf("got %+v", r)
		}
		first, second, third := r.Events[0], r.Events[1], r.Events[2]
		if first.Get("a") != "x" || len(second.Fields) != 1 || second.Get("n") != "2" || second.Meta.Index != "i" ||
			third.Get("a") == "x" || third.Time != second.Time {
			t.Errorf("got %+v", r.Events)
		}
	}
}

func TestMeta(t *testing.T) {
	g := handle(t, func(l *slswasm.Log, _ slswasm.Key) {
		l.HEC().Index("i").Source("s").SourceType("st").Host("h").Field("n", "v").Field("n2", "")
		l.Syslog().Facility(23).Severity(slswasm.Emergency).AppName("app").ProcID("pid").MsgID("mid").Hostname("hn").
			Structured("id", "n", "v").Structured("id", "n2", "v2")
		l.Route("west")
	})
	var facility, severity uint8 = 23, 0
	want := slswasmtest.Meta{
		Index: "i", Source: "s", SourceType: "st", Host: "h",
		Fields:   []slswasmtest.Field{{Key: "n", Value: "v"}, {Key: "n2"}},
		Facility: &facility, Severity: &severity, AppName: "app", ProcID: "pid", MsgID: "mid", Hostname: "hn",
		Structured: []slswasmtest.Param{{ID: "id", Name: "n", Value: "v"}, {ID: "id", Name: "n2", Value: "v2"}},
		Route:      "west",
	}
	r := g.Run(slswasmtest.NewLog("a", "1"))
	if r.Verdict != slswasmtest.Edit || !reflect.DeepEqual(r.Events[0].Meta, want) {
		t.Errorf("got  %+v\nwant %+v", r.Events, want)
	}
}

func busy(l *slswasm.Log, a slswasm.Key) {
	if len(l.Get(a)) > 10 {
		l.Drop()
		return
	}
	l.Set(a, l.Get(a))
	l.SetString(a, "text")
	l.Delete(a)
	l.HEC().Index("main").SourceType("x")
	l.Syslog().Severity(slswasm.Notice)
	l.EmitClone().Rename(a, "b")
	l.EmitEmpty().SetTime(l.Time())
}

func TestNothingIsAllocatedForALog(t *testing.T) {
	g := handle(t, busy)
	batch := g.Batch(slswasmtest.NewLog("a", "1"), slswasmtest.NewLog("a", "2"), slswasmtest.NewLog("b", "3"))
	if n := testing.AllocsPerRun(100, func() { slswasm.Transform(batch) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestListingDoesNotAllocate(t *testing.T) {
	n := 0
	g := start(t, func() {
		slswasm.AllFields()
		slswasm.Handle(func(l *slswasm.Log) {
			for k, v := range l.All() {
				n += len(k) + len(v)
			}
		})
	})
	batch := g.Batch(slswasmtest.NewLog("a", "1", "b", "2"))
	if n := testing.AllocsPerRun(100, func() { slswasm.Transform(batch) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkTransform(b *testing.B) {
	g := handle(b, busy)
	logs := make([]slswasmtest.Log, 256)
	for i := range logs {
		logs[i] = slswasmtest.NewLog("a", "1")
	}
	batch := g.Batch(logs...)
	b.ReportAllocs()
	for b.Loop() {
		slswasm.Transform(batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(logs)), "ns/log")
}
