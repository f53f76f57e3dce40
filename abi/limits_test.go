package abi

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unsafe"
)

// applyAll gives each log the same reply, alone, and returns which failed.
func applyAll(t *testing.T, o *Output, in []Event, r reply) (failed []int) {
	t.Helper()
	for i := range in {
		err := o.Apply(describe(), in[i:i+1], i, r, DefaultLimits())
		switch {
		case errors.Is(err, ErrLimit):
			failed = append(failed, i)
		case err != nil:
			t.Fatal(err)
		}
	}
	return failed
}

func same(n int, e Event) []Event {
	in := make([]Event, n)
	for i := range in {
		in[i] = e
	}
	return in
}

// memory is what an Output holds.
func (o *Output) memory() int {
	return cap(o.Events)*int(unsafe.Sizeof(Event{})) + held(&o.bytes) + held(&o.fields) + held(&o.marked) + held(&o.params) + held(&o.metas)
}

func held[T any](s *slab[T]) (n int) {
	var t T
	for _, c := range s.chunks {
		n += cap(c) * int(unsafe.Sizeof(t))
	}
	return n
}

// wholesale makes k events in place of a log, each with fields of its own.
func wholesale(k, fields int, base Base) reply {
	r := newReply(1).u8(byte(Emit)).u32(uint32(k))
	for range k {
		r = r.u8(byte(base))
		for f := range fields {
			r = r.op(OpSet, fmt.Sprintf("field %d", f), "some value")
		}
		r = r.u8(byte(OpEnd))
	}
	return r
}

// What a guest that goes to the limits makes of many small logs grows with
// the logs, and not with the replies.
func TestOutputIsBounded(t *testing.T) {
	const n = 30
	in := same(n, log("n", "1"))
	body := newReply(1).u8(byte(Edit)).op(OpBody, strings.Repeat("x", 8<<20)).u8(byte(OpEnd))
	meta := newReply(1).u8(byte(Edit))
	for range 80_000 {
		meta = meta.meta(MetaStructured, "a", "b", "c")
	}
	for name, r := range map[string]reply{
		"bodies": body,
		"events": newReply(1).u8(byte(Emit)).u32(50_000).u8(make([]byte, 100_000)...), // clones without an op
		"fields": wholesale(8_000, 10, Empty),
		"meta":   meta.u8(byte(OpEnd)),
	} {
		t.Run(name, func(t *testing.T) {
			var o Output
			failed := applyAll(t, &o, in, r)
			if len(failed) < n/2 || len(failed) == n || failed[0] < 1 {
				t.Errorf("%d of %d replies failed", len(failed), n)
			}
			if size := o.memory(); size > 256<<20 {
				t.Errorf("%d logs of 2 bytes make the host hold %d MiB", n, size>>20)
			}
			if o.Reset(); len(applyAll(t, &o, in[:1], r)) != 0 {
				t.Error("Reset does not give back what was spent")
			}
		})
	}
}

// What honest guests do passes, however many logs a pull has.
func TestHonestOutput(t *testing.T) {
	sized := func(fields, size int) Event {
		var kv []string
		for i := range fields {
			kv = append(kv, fmt.Sprintf("key %02d", i), strings.Repeat("v", size/fields))
		}
		return log(kv...)
	}
	for name, c := range map[string]struct {
		n  int
		in Event
		r  reply
	}{
		"copies":    {5000, sized(15, 600), wholesale(8, 2, Clone)},
		"an array":  {150, sized(1, 100<<10), wholesale(500, 15, Empty)},
		"body":      {20_000, sized(5, 100), newReply(1).u8(byte(Edit)).op(OpBody, strings.Repeat("x", 2000)).u8(byte(OpEnd))},
		"large one": {1, sized(1, 4<<20), wholesale(20_000, 5, Empty)},
	} {
		t.Run(name, func(t *testing.T) {
			var o Output
			if failed := applyAll(t, &o, same(c.n, c.in), c.r); len(failed) != 0 {
				t.Errorf("%d of %d fail", len(failed), c.n)
			}
		})
	}
}

// A log that keeps to its own part passes when others took all that is shared.
func TestOwnPart(t *testing.T) {
	var o Output
	in := log("n", strings.Repeat("v", 256))
	hog := newReply(1).u8(byte(Emit)).u32(1 << 16).u8(make([]byte, 1<<17)...)
	if failed := applyAll(t, &o, same(4, in), hog); fmt.Sprint(failed) != "[2 3]" {
		t.Fatalf("failed: %v", failed)
	}
	for range 100 {
		if err := o.Apply(describe(), []Event{in}, 0, wholesale(6, 2, Clone), DefaultLimits()); err != nil {
			t.Fatal(err)
		}
	}
	const want = "record 0, byte 9: more output than the host's limit of 131072 events"
	if err := o.Apply(describe(), []Event{in}, 0, wholesale(100, 0, Clone), DefaultLimits()); err == nil || err.Error() != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
}

// What is taken back was not spent.
func TestRewindGivesBack(t *testing.T) {
	var o Output
	in := []Event{log("n", "1")}
	hog := newReply(1).u8(byte(Emit)).u32(1 << 17).u8(make([]byte, 1<<18)...)
	for range 3 {
		before := o.Mark()
		if err := o.Apply(describe(), in, 0, hog, DefaultLimits()); err != nil {
			t.Fatal(err)
		}
		o.Rewind(before)
	}
	if len(o.Events) != 0 {
		t.Errorf("%d events", len(o.Events))
	}
}
