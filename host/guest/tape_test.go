package guest

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/slswasm/slswasm/abi"
)

// taped is a log for testdata/wat/json.wat.
func taped(text string, most int, out ...string) []abi.Event {
	l := abi.Log{Fields: []abi.Field{{Key: []byte("text"), Value: []byte(text)}, {Key: []byte("most"), Value: bytes.Repeat([]byte("."), most)}}}
	for _, o := range out {
		l.Fields = append(l.Fields, abi.Field{Key: []byte("out"), Value: []byte(o)})
	}
	return []abi.Event{{Log: l}}
}

// A guest gets the tape that abi.WriteTape writes, from both engines.
func TestTape(t *testing.T) {
	const event = `{"eventName":"Create\u0041","n":[1,{"to":"a@example.com"}]}`
	for _, interpreter := range []bool{false, true} {
		m, err := Compile(t.Context(), Config{Name: "json.wasm", Wasm: fixture(t, "json"), Interpreter: interpreter})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			text string
			most int
			want int
		}{
			{event, 9, 9}, {event, len(event), 9}, {event, 8, abi.TapeFull}, {event, 0, abi.TapeFull}, {event[1:], 9, abi.TapeInvalid},
			{"", 8, abi.TapeInvalid}, {"1", 1, 1}, {"\"\xff\"", 8, abi.TapeInvalid},
		} {
			want := make([]byte, 9*abi.TapeEntry)
			if n := abi.WriteTape(want, []byte(c.text)); c.want > 0 && n != c.want {
				t.Fatalf("%s: %d entries, want %d", c.text, n, c.want)
			}
			want = append(binary.LittleEndian.AppendUint32(nil, uint32(c.want)), want[:max(c.want, 0)*abi.TapeEntry]...)
			var out Output
			if err := m.Transform(t.Context(), taped(c.text, c.most), &out); err != nil || len(out.Failures) > 0 {
				t.Fatal(err, out.Failures)
			}
			fields := out.Events[0].Fields
			if got := fields[len(fields)-1]; string(got.Key) != "tape" || !bytes.Equal(got.Value, want) {
				t.Errorf("%s, room for %d:\ngot  %s=%x\nwant %x", c.text, c.most, got.Key, got.Value, want)
			}
		}
		if err := m.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// What it does is paid for: a unit for each byte.
func TestATapeTakesFuel(t *testing.T) {
	m := mustCompile(t, "json")
	used := func(text string) int64 {
		before := m.Fuel()
		var out Output
		if err := m.Transform(t.Context(), taped(text, 1), &out); err != nil || len(out.Failures) > 0 {
			t.Fatal(err, out.Failures)
		}
		return m.Fuel() - before
	}
	little, much := used(`"x"`), used(`"`+strings.Repeat("x", 3001)+`"`)
	if more := much - little; more != 3000 {
		t.Errorf("3000 bytes more take %d units more", more)
	}
}

func TestATapeOutOfPlaceIsAFault(t *testing.T) {
	m := mustCompile(t, "json")
	for out, want := range map[string]string{
		"":     "trap: json: a tape of 24 bytes at 0xfffffff0 lies outside of the memory of 2621440, in slswasm_v1.json < transform",
		"over": "trap: json: a tape of 24 bytes at 0x100050 lies over its text of 4 at 0x100050, in slswasm_v1.json < transform",
	} {
		var o Output
		if err := m.Transform(t.Context(), taped(`"xy"`, 1, out), &o); err != nil {
			t.Fatal(err)
		}
		if len(o.Failures) != 1 || o.Failures[0].Err.Error() != "guest json.wasm: "+want {
			t.Errorf("%q: %v", out, o.Failures)
		}
	}
}
