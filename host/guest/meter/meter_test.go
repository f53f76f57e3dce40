package meter

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// wasmOf makes a module with a memory, a table, and one exported function "f"
// of a parameter and two locals of type i32.
func wasmOf(body ...byte) []byte {
	code := append([]byte{1, byte(len(body) + 4), 1, 2, 0x7f}, append(body, opEnd)...)
	code[1] = byte(len(code) - 2)
	return append([]byte("\x00asm\x01\x00\x00\x00"+
		"\x01\x05\x01\x60\x01\x7f\x00"+ // type: (param i32)
		"\x03\x02\x01\x00"+ // function
		"\x04\x04\x01\x70\x00\x20"+ // table of 32
		"\x05\x04\x01\x01\x01\x20"+ // memory of 1 to 32 pages
		"\x07\x05\x01\x01f\x00\x00"), // export
		append([]byte{secCode, byte(len(code))}, code...)...)
}

// run calls f(arg) with so much fuel.
func run(t *testing.T, config wazero.RuntimeConfig, wasm []byte, arg uint64, limit int64) (used int64, err error) {
	t.Helper()
	ctx, fuel := t.Context(), &tank{limit: limit}
	rt := wazero.NewRuntimeWithConfig(ctx, config)
	defer rt.Close(context.Background()) //nolint:errcheck // of a test
	offer(t, rt, fuel)
	out, _, err := Rewrite(wasm)
	if err != nil {
		t.Fatal(err)
	}
	mod, err := rt.Instantiate(ctx, out)
	if err != nil {
		t.Fatal(err)
	}
	_, err = mod.ExportedFunction("f").Call(ctx, arg)
	if errors.Is(err, errGone) {
		return fuel.used, err
	}
	return fuel.total(mod), err
}

const fill64K = "\x41\x00\x41\x00\x41\x80\x80\x04\xfc\x0b\x00" // memory.fill 0 0 65536

// Whatever could go on for ever, or for long, stops when the fuel is gone:
// soon after, and in both engines alike.
func TestStops(t *testing.T) {
	const limit = 1_000_000
	for name, body := range map[string]string{
		"a loop":                  "\x03\x40\x0c\x00\x0b",
		"a loop in dead code":     "\x03\x40\x0c\x00\x03\x40\x0c\x00\x0b\x0b",
		"loops within loops":      "\x03\x40\x03\x40\x03\x40\x0c\x02\x0b\x0b\x0b",
		"a table of labels":       "\x03\x40\x02\x40\x20\x00\x0e\x01\x01\x00\x0b\x0c\x00\x0b",
		"calls without a loop":    "\x20\x00\x10\x00\x20\x00\x10\x00",
		"twice itself, bounded":   "\x20\x00\x04\x40\x20\x00\x41\x01\x6b\x10\x00\x20\x00\x41\x01\x6b\x10\x00\x0b",
		"fills":                   "\x03\x40" + fill64K + "\x0c\x00\x0b",
		"growing by nothing":      "\x03\x40\x41\x00\x40\x00\x1a\x0c\x00\x0b",
		"growing a table by none": "\x03\x40\xd0\x70\x41\x00\xfc\x0f\x00\x1a\x0c\x00\x0b",
		"table fills":             "\x03\x40\x41\x00\xd0\x70\x41\x20\xfc\x11\x00\x0c\x00\x0b",
	} {
		t.Run(name, func(t *testing.T) {
			var first int64
			for engine, config := range engines {
				begin := time.Now()
				used, err := run(t, config(), wasmOf([]byte(body)...), 1000, limit)
				if overflow := strings.HasSuffix(problem(err), "stack overflow"); !errors.Is(err, errGone) && !overflow {
					t.Fatalf("%s: %v", engine, err)
				} else if overflow {
					continue // whichever comes first
				}
				if used <= limit || used > limit+limit/10 {
					t.Errorf("%s: stopped at %d of %d", engine, used, limit)
				}
				if first == 0 {
					first = used
				}
				if used != first {
					t.Errorf("%s: %d, and %d in the other engine", engine, used, first)
				}
				t.Log(engine, time.Since(begin))
			}
		})
	}
}

// Fills one after the other, without a loop: the known gap of a clock that is
// looked at where loops turn round.
func TestStopsStraightFills(t *testing.T) {
	for _, config := range engines {
		used, err := run(t, config(), wasmOf([]byte(strings.Repeat(fill64K, 10))...), 0, 50_000)
		if !errors.Is(err, errGone) || used > 60_000 {
			t.Errorf("used %d: %v", used, err)
		}
	}
}

// The same costs the same, in both engines and each time.
func TestCosts(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want int64
	}{
		"nothing":         {"", 1},
		"a constant":      {"\x41\x00\x1a", 2},
		"a fill":          {fill64K, 4 + 1<<13},
		"ten turns":       {"\x41\x0a\x21\x00\x03\x40\x20\x00\x41\x01\x6b\x22\x00\x0d\x00\x0b", 2 + 10*5},
		"an empty if":     {"\x41\x00\x04\x40\x0b", 2},
		"a page":          {"\x41\x01\x40\x00\x1a", 3 + costGrow - 1 + costPage},
		"a page refused":  {"\x41\x7f\x40\x00\x1a", 3 + costGrow - 1},
		"a long else":     {"\x20\x00\x04\x40\x05" + strings.Repeat("\x41\x00\x1a", 20) + "\x0b", 2},
		"a grown table":   {"\xd0\x70\x41\x05\xfc\x0f\x00\x1a", 4 + costGrow + 5},
		"a constant fill": {"\x41\x00\xd0\x70\x41\x20\xfc\x11\x00", 4 + 32},
	} {
		for engine, config := range engines {
			for range 2 {
				if used, err := run(t, config(), wasmOf([]byte(c.body)...), 1, 1<<40); err != nil || used != c.want {
					t.Errorf("%s, %s: %d units, want %d: %v", name, engine, used, c.want, err)
				}
			}
		}
	}
}

// What cannot be metered is named, and a module cannot lay hands on its fuel.
func TestRefuses(t *testing.T) {
	for want, wasm := range map[string][]byte{
		"not a WebAssembly module":                                       []byte("\x00asm\x02\x00\x00\x00"),
		"section 10: an instruction that is not known, 0x12":             wasmOf(0x12, 0),
		"section 10: an instruction that is not known, 0xfe":             wasmOf(0xfe, 0),
		"section 10: an instruction that is not known, 0xfc 18":          wasmOf(0xfc, 18),
		"section 10: an instruction that is not known, 0xfd 256":         wasmOf(0xfd, 0x80, 2),
		"section 10: cut off or damaged":                                 wasmOf(opI64Const, 0, opGlobalSet, 0),
		"section 2: it imports from \"slswasm_fuel\", which is kept for": []byte("\x00asm\x01\x00\x00\x00\x02\x12\x01\x0cslswasm_fuel\x01f\x00\x00"),
		"section 13 is not known":                                        []byte("\x00asm\x01\x00\x00\x00\x0d\x00"),
	} {
		if _, _, err := Rewrite(wasm); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// What a later proposal brings is refused by name; the engine, told to take
// it, runs it as it is, and the context ends it.
func TestProposals(t *testing.T) {
	const spin = "\x03\x40\x0c\x00\x0b"
	for want, c := range map[string]struct {
		feature api.CoreFeatures
		body    string
	}{
		"an instruction that is not known, 0xfe": {experimental.CoreFeaturesThreads, "\xfe\x03\x00" + spin},
		"an instruction that is not known, 0x12": {experimental.CoreFeaturesTailCall, "\x20\x00\x04\x40\x41\x00\x12\x00\x0b" + spin},
	} {
		wasm := wasmOf([]byte(c.body)...)
		if _, _, err := Rewrite(wasm); err == nil || err.Error() != "section 10: "+want {
			t.Errorf("%v, want %s", err, want)
		}
		for engine, config := range engines {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			rt := wazero.NewRuntimeWithConfig(ctx, config().WithCoreFeatures(api.CoreFeaturesV2|c.feature).WithCloseOnContextDone(true))
			defer rt.Close(context.Background()) //nolint:errcheck // of a test
			mod, err := rt.Instantiate(ctx, wasm)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = mod.ExportedFunction("f").Call(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s, %s: %v", want, engine, err)
			}
		}
	}
}

// An export of the name that the fuel would get stays what it is.
func TestNameIsTaken(t *testing.T) {
	wasm := append([]byte("\x00asm\x01\x00\x00\x00\x06\x06\x01\x7f\x00\x41\x07\x0b\x07\x10\x01\x0c"), ImportModule+"\x03\x00"...)
	out, report, err := Rewrite(wasm)
	if err != nil || report.Fuel != ImportModule+"_" {
		t.Fatal(report, err)
	}
	rt := wazero.NewRuntime(t.Context())
	defer rt.Close(context.Background()) //nolint:errcheck // of a test
	offer(t, rt, &tank{})
	mod, err := rt.Instantiate(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	if mod.ExportedGlobal(ImportModule).Get() != 7 || mod.ExportedGlobal(report.Fuel).Type() != api.ValueTypeI64 {
		t.Error("globals are mixed up")
	}
}

// FuzzRewrite: no bytes make Rewrite panic, and a module that is valid before
// is valid after it, or cannot be metered.
func FuzzRewrite(f *testing.F) {
	for _, wasm := range samples(f) {
		f.Add(wasm)
		f.Add(wasm[:len(wasm)*2/3])
	}
	f.Add(wasmOf([]byte(fill64K)...))
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(64))
	f.Cleanup(func() { _ = rt.Close(ctx) })
	f.Fuzz(func(t *testing.T, wasm []byte) {
		out, _, err := Rewrite(wasm)
		if err != nil {
			return
		}
		before, err := rt.CompileModule(ctx, wasm)
		if err != nil {
			return
		}
		_ = before.Close(ctx)
		after, err := rt.CompileModule(ctx, out)
		if err != nil {
			t.Fatal(err)
		}
		_ = after.Close(ctx)
	})
}

// manyOf makes a module of so many functions without parameters and locals.
func manyOf(n int, body string) []byte {
	types, code := binary.AppendUvarint(nil, uint64(n)), binary.AppendUvarint(nil, uint64(n))
	for range n {
		types = append(types, 0)
		code = append(append(code, byte(len(body)+2), 0), body+"\x0b"...)
	}
	out := []byte("\x00asm\x01\x00\x00\x00" + "\x01\x04\x01\x60\x00\x00")
	out = append(binary.AppendUvarint(append(out, secFunction), uint64(len(types))), types...)
	return append(binary.AppendUvarint(append(out, secCode), uint64(len(code))), code...)
}

// What is put on the heap for a module does not grow with its functions: it is
// rewritten at every start.
func TestAllocations(t *testing.T) {
	allocs := func(n int) float64 {
		wasm := manyOf(n, "\x03\x40\x41\x0a\x04\x40\x10\x00\x0c\x01\x05\x02\x40\x41\x00\x0e\x02\x00\x01\x02\x0b\x0b\x0b")
		return testing.AllocsPerRun(5, func() {
			if _, report, err := Rewrite(wasm); err != nil || report.Checks != 2*n {
				t.Fatal(report, err)
			}
		})
	}
	if few, many := allocs(10), allocs(10_000); many > few+40 { // a slice grows some times
		t.Errorf("%v allocations for 10 functions, %v for 10,000", few, many)
	}
}
