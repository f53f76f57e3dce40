package guest

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"
)

// see runs the fixture that tells what it sees of the world.
func see(t *testing.T, m *Module) (wall, mono int64, random uint64) {
	t.Helper()
	var out Output
	if err := m.Transform(t.Context(), logs(1), &out); err != nil || len(out.Events) != 1 || len(out.Events[0].Body) != 24 {
		t.Fatal(out, err)
	}
	body := out.Events[0].Body
	number := binary.LittleEndian.Uint64
	return int64(number(body)), int64(number(body[8:])), number(body[16:])
}

func TestRepeatable(t *testing.T) {
	repeatable := func(c *Config) { c.Repeatable = true }
	interpreted := func(c *Config) { c.Repeatable, c.Interpreter = true, true }
	begin := time.Now()
	wall, mono, random := see(t, mustCompile(t, "clock", repeatable))
	if wall != RepeatableTime*1e9 || mono < int64(time.Hour) {
		t.Errorf("the time of day is %d, and after an hour's sleep the clock is at %d", wall, mono)
	}
	if w, m, r := see(t, mustCompile(t, "clock", interpreted)); w != wall || m != mono || r != random {
		t.Errorf("another engine sees %d, %d, %x and not %d, %d, %x", w, m, r, wall, mono, random)
	}
	m := mustCompile(t, "clock")
	now, _, r1 := see(t, m)
	if _, _, r2 := see(t, m); r1 == random || r1 == r2 || now < begin.UnixNano() || now > time.Now().UnixNano() {
		t.Errorf("the guest of a real run sees the time %d and the random numbers %x and %x", now, r1, r2)
	}
}

func TestMeasure(t *testing.T) {
	m := mustCompile(t, "keep")
	if took, err := m.StartInstance(t.Context()); err != nil || took <= 0 {
		t.Errorf("start took %v, %v", took, err)
	}
	if size, err := m.Memory(t.Context()); err != nil || size != 40*pageSize {
		t.Errorf("memory of %d bytes, %v", size, err)
	}
	m = mustCompile(t, "trap", func(c *Config) { c.Instances = 1 })
	var out Output
	if err := m.Transform(t.Context(), logs(1, 0), &out); err != nil || len(out.Failures) != 1 {
		t.Fatal(out, err)
	}
	if size, err := m.Memory(t.Context()); err != nil || size != 0 {
		t.Errorf("memory of %d bytes after a fault, %v", size, err)
	}
}

func TestRefusal(t *testing.T) {
	_, err := compile(t, "init-error")
	if r, ok := errors.AsType[*Refusal](err); !ok || r.Reason != "region: \"mars\" is\nunknown" {
		t.Errorf("%v", err)
	}
	if _, err := compile(t, "init-trap"); err == nil {
		t.Error("no error")
	} else if _, ok := errors.AsType[*Refusal](err); ok {
		t.Errorf("%v is no refusal", err)
	}
}
