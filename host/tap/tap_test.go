package tap

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slswasm/slswasm/abi"
)

func TestNobodyWatches(t *testing.T) {
	var none *Tap
	if none.Watched() {
		t.Error("a nil tap is watched")
	}
	none.Offer(Batch{Logs: logs(1)})

	tap := New()
	batch := Batch{Logs: logs(100)}
	if n := testing.AllocsPerRun(100, func() { tap.Offer(batch) }); n != 0 {
		t.Errorf("an offer that nobody watches costs %v allocations", n)
	}
	w := watch(t, tap, Filter{})
	w.Close()
	w.Close()
	if tap.Watched() {
		t.Error("the tap is watched after its only watcher is closed")
	}
}

func TestPairsAreCopies(t *testing.T) {
	tap := New()
	w := watch(t, tap, Filter{})
	in := logs(1)
	tap.Offer(Batch{Flow: "main", Source: "p/l", Shard: 3, Logs: in, Events: events(in)})
	for _, f := range in[0].Fields {
		for i := range f.Value {
			f.Value[i] = 'x'
		}
	}
	p := next(t, w)
	if p.Topic != "topic-0" || p.Flow != "main" || p.Source != "p/l" || p.Shard != 3 || p.Verdict != Kept {
		t.Errorf("got %+v", p)
	}
	if got := p.After[0].Rows[1].Before.Text; got != "0" {
		t.Errorf("the value is %q: it was not copied", got)
	}
}

func TestFilter(t *testing.T) {
	in := logs(40)
	batch := Batch{Flow: "a", Source: "p/l", Logs: in, Events: events(in)[:39], Failures: []Failure{{5, "g.wasm", errors.New("bad")}}}
	for _, c := range []struct {
		filter Filter
		want   func(*Pair) bool // nil: none comes
	}{
		{Filter{Flow: "a"}, func(p *Pair) bool { return p.Flow == "a" }},
		{Filter{Flow: "b"}, nil},
		{Filter{Source: "p/l"}, func(p *Pair) bool { return p.Source == "p/l" }},
		{Filter{Source: "p/m"}, nil},
		{Filter{Topic: "topic-17"}, func(p *Pair) bool { return p.Topic == "topic-17" }},
		{Filter{Topic: "-17"}, func(p *Pair) bool { return p.Topic == "topic-17" }},
		{Filter{Topic: "other"}, nil},
		{Filter{Verdict: Dropped}, func(p *Pair) bool { return p.Topic == "topic-39" }},
		{Filter{Verdict: Failed}, func(p *Pair) bool { return p.Topic == "topic-5" && p.Guest == "g.wasm" && p.Reason == "bad" }},
		{Filter{Verdict: Several}, nil},
	} {
		t.Run(fmt.Sprint(c.filter), func(t *testing.T) {
			tap := New()
			w := watch(t, tap, c.filter)
			tap.Offer(batch)
			if c.want == nil {
				if len(w.Pairs()) > 0 {
					t.Fatalf("got %+v", <-w.Pairs())
				}
				return
			}
			for n := len(w.Pairs()); n >= 0; n-- {
				if p := next(t, w); !c.want(p) {
					t.Fatalf("got %+v", p)
				}
				if n <= 1 {
					return
				}
			}
		})
	}
}

// A busy pipeline must not be slowed by who watches, or by one who does not
// look: a few pairs a second, and none beyond what waits.
func TestSampled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tap := New()
		eager, asleep := watch(t, tap, Filter{}), watch(t, tap, Filter{})
		in := logs(1000)
		batch := Batch{Logs: in, Events: events(in)}
		got := 0
		for range 100 { // ten seconds of a batch each 100 ms
			tap.Offer(batch)
			for len(eager.Pairs()) > 0 {
				<-eager.Pairs()
				got++
			}
			time.Sleep(100 * time.Millisecond)
		}
		if want := burst + 10*perSecond; got < want-perSecond || got > want {
			t.Errorf("%d pairs in ten seconds; want about %d", got, want)
		}
		if n := len(asleep.Pairs()); n != waiting {
			t.Errorf("%d pairs wait; want %d", n, waiting)
		}
	})
}

// What comes last is shown to one who has seen enough for this second.
func TestLastIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tap := New()
		w := watch(t, tap, Filter{})
		in := logs(1)
		for range 100 {
			tap.Offer(Batch{Logs: in, Events: events(in)})
		}
		before := len(w.Pairs())
		tap.Offer(Batch{Logs: in, Failures: []Failure{{0, "g.wasm", errors.New("bad")}}, Last: true})
		if n := len(w.Pairs()); before != burst || n != burst+1 {
			t.Errorf("%d pairs, and %d with the last", before, n)
		}
	})
}

func TestSpread(t *testing.T) {
	for n := 1; n < 300; n++ {
		seen := make([]bool, n)
		for k, i := 0, 0; k < n; k, i = k+1, (i+stride(n))%n {
			if seen[i] {
				t.Fatalf("of %d logs, log %d is looked at twice", n, i)
			}
			seen[i] = true
		}
	}
}

func TestBusy(t *testing.T) {
	tap := New()
	for range MaxWatchers {
		watch(t, tap, Filter{})
	}
	if _, err := tap.Watch(Filter{}); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	tap := New()
	in := logs(10)
	batch := Batch{Logs: in, Events: events(in)}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				tap.Offer(batch)
			}
		})
		all.Go(func() {
			for range 50 {
				w, err := tap.Watch(Filter{})
				if err != nil {
					continue
				}
				tap.Offer(batch)
				<-w.Pairs()
				w.Close()
			}
		})
	}
	all.Wait()
	if tap.Watched() {
		t.Error("all are closed and the tap is watched")
	}
}

func BenchmarkOfferUnwatched(b *testing.B) {
	tap, batch := New(), Batch{Logs: logs(1000)}
	for b.Loop() {
		tap.Offer(batch)
	}
}

func BenchmarkOfferWatched(b *testing.B) {
	tap := New()
	w, err := tap.Watch(Filter{})
	if err != nil {
		b.Fatal(err)
	}
	in := logs(1000)
	batch := Batch{Logs: in, Events: events(in)}
	for b.Loop() {
		tap.Offer(batch)
		for len(w.Pairs()) > 0 {
			<-w.Pairs()
		}
	}
}

func watch(t *testing.T, tap *Tap, f Filter) *Watcher {
	t.Helper()
	w, err := tap.Watch(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func next(t *testing.T, w *Watcher) *Pair {
	t.Helper()
	select {
	case p := <-w.Pairs():
		return p
	default:
		t.Fatal("no pair came")
		return nil
	}
}

func logs(n int) []abi.Log {
	all := make([]abi.Log, n)
	for i := range all {
		all[i] = abi.Log{Time: 1e18, Fields: fields("__topic__", fmt.Sprint("topic-", i), "n", fmt.Sprint(i))}
	}
	return all
}

func fields(pairs ...string) (fs []abi.Field) {
	for i := 0; i < len(pairs); i += 2 {
		fs = append(fs, abi.Field{Key: []byte(pairs[i]), Value: []byte(pairs[i+1])})
	}
	return fs
}

// events are what a guest makes that keeps all.
func events(in []abi.Log) (out []abi.Event) {
	for i := range in {
		out = append(out, abi.Event{Log: in[i], Origin: i})
	}
	return out
}

func FuzzPair(f *testing.F) {
	f.Add([]byte(`{"a":{"b":1}}`), []byte(`{"a":{"b":2},"c":null}`))
	f.Add([]byte("\xff\xfe"), []byte(""))
	f.Add([]byte(strings.Repeat(`{"a":`, 1000)+"1"+strings.Repeat("}", 1000)), []byte(`{"a":{}}`))
	f.Add(bytes.Repeat([]byte("é"), maxText), []byte("{"))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		in := []abi.Log{{Fields: []abi.Field{{Key: []byte("k"), Value: before}, {Key: before, Value: after}}}}
		b := Batch{Logs: in, Events: []abi.Event{{Log: abi.Log{Fields: []abi.Field{{Key: []byte("k"), Value: after}}}, Body: before}}}
		p := b.pair(0, time.Time{})
		if p.Verdict != Edited {
			t.Errorf("the verdict is %s", p.Verdict)
		}
		if n := size(p); n > 4*maxPair { // a byte that is no text becomes three
			t.Errorf("the pair has %d bytes", n)
		}
	})
}

func size(p *Pair) int {
	n := len(p.Reason) + rowsSize(p.Before)
	for _, s := range p.After {
		n += rowsSize(s.Rows)
	}
	return n
}

func rowsSize(rows []Row) (n int) {
	for _, r := range rows {
		n += len(r.Key) + rowsSize(r.Within)
		for _, t := range []*Text{r.Before, r.After} {
			if t != nil {
				n += len(t.Text)
			}
		}
	}
	return n
}
