package guest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/abi"
)

// gluttons are guests that compute too much at the log that is bad.
func gluttons() map[string]string {
	return map[string]string{
		"spin": "fuel: used up its 100000 units, in transform; --fuel-per-log allows no more",
	}
}

// The log that wants too much fuel fails, whatever its neighbours have left.
// Together they have more than a guest is given at once.
func TestFuel(t *testing.T) {
	for name, want := range gluttons() {
		for _, interpreted := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " interpreted ", interpreted), func(t *testing.T) {
				t.Parallel()
				m := mustCompile(t, name, func(c *Config) {
					c.FuelPerLog, c.TimeLimit, c.Interpreter = 100_000, time.Hour, interpreted
				})
				in := logs(12, 5, 11)
				var out Output
				if err := m.Transform(t.Context(), in, &out); err != nil {
					t.Fatal(err)
				}
				balance(t, in, &out)
				if !slices.Equal(failed(&out), []int{5, 11}) {
					t.Fatalf("failures %v", out.Failures)
				}
				if got := out.Failures[0].Err.Error(); got != "guest spin.wasm: "+want {
					t.Errorf("\n got %s\nwant %s", got, want)
				}
				if f, ok := errors.AsType[*Fault](out.Failures[0].Err); !ok || f.Kind != Fuel {
					t.Errorf("%+v", out.Failures[0].Err)
				}
			})
		}
	}
}

// A batch has what its logs have together, but for its own limit; and a log
// alone is told of the limit that stopped it.
func TestFuelPerBatch(t *testing.T) {
	m := mustCompile(t, "spin", func(c *Config) { c.FuelPerLog, c.FuelPerBatch = 1<<62, 100_000 })
	for logs, want := range map[int]int64{1: 100_000, 1000: 100_000} {
		if got := m.fuelFor(logs); got != want {
			t.Errorf("%d units for %d logs", got, logs)
		}
	}
	m.cfg.FuelPerLog = 1000
	if got := m.fuelFor(7); got != 7000 {
		t.Errorf("%d units for 7 logs", got)
	}
	m.cfg.FuelPerLog = 200_000
	var out Output
	if err := m.Transform(t.Context(), logs(4, 2), &out); err != nil || len(out.Failures) != 1 ||
		!strings.HasSuffix(out.Failures[0].Err.Error(), "; --fuel-per-batch allows no more") {
		t.Errorf("%v, failures %v", err, out.Failures)
	}
}

// The same logs cost the same fuel, compiled and interpreted.
func TestFuelIsRepeatable(t *testing.T) {
	for _, name := range []string{"keep-table", "stateful", "slow", "print"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var first int64
			for _, interpreted := range []bool{false, false, true} {
				m := mustCompile(t, name, func(c *Config) { c.Interpreter, c.TimeLimit = interpreted, time.Hour })
				var out Output
				if err := m.Transform(t.Context(), logs(5, 3), &out); err != nil {
					t.Fatal(err)
				}
				if first == 0 {
					first = m.Fuel()
				}
				if got := m.Fuel(); got == 0 || got != first {
					t.Errorf("%d units, and %d before", got, first)
				}
			}
		})
	}
}

// The old way is there for who asks for it, with the same faults.
func TestInterrupt(t *testing.T) {
	for _, name := range []string{"spin", "nap", "trap", "exit", "recurse"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := mustCompile(t, name, func(c *Config) { c.Interrupt, c.TimeLimit = true, 200*time.Millisecond })
			if m.Info().Unmetered == "" {
				t.Error("it is metered")
			}
			in := logs(20, 5)
			var out Output
			if err := m.Transform(t.Context(), in, &out); err != nil {
				t.Fatal(err)
			}
			balance(t, in, &out)
			if len(out.Failures) != 1 || out.Failures[0].Err.Error() != "guest "+name+".wasm: "+faults()[name] {
				t.Errorf("failures %v", out.Failures)
			}
			if m.Fuel() != 0 {
				t.Errorf("%d units without metering", m.Fuel())
			}
		})
	}
}

// A module that takes the name of what metering imports is not metered, and
// cannot run without.
func TestFuelIsNoImportOfGuests(t *testing.T) {
	wasm := []byte("\x00asm\x01\x00\x00\x00\x01\x06\x01\x60\x01\x7e\x01\x7e\x02\x15\x01\x0cslswasm_fuel\x04more\x00\x00")
	const want = `guest : imports "slswasm_fuel" "more", which is not offered; `
	if _, err := Compile(t.Context(), Config{Wasm: wasm}); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}

// What a guest costs that does nothing but turn round.
func BenchmarkFuel(b *testing.B) {
	for _, interrupt := range []bool{false, true} {
		b.Run(map[bool]string{false: "metered", true: "interrupted"}[interrupt], func(b *testing.B) {
			m := mustCompile(b, "slow", func(c *Config) { c.Interrupt = interrupt })
			in := logs(1, 0)
			in[0].Fields = append(in[0].Fields, abi.Field{Key: []byte("bad")})
			var out Output
			b.ReportAllocs()
			for b.Loop() {
				if err := m.Transform(b.Context(), in, &out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
