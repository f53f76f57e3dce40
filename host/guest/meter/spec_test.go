package meter

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// The core test suite of WebAssembly 2.0, as wazero carries it: each of its
// modules does the same before and after metering.
func TestSpecification(t *testing.T) {
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	base := filepath.Join(strings.TrimSpace(string(dir)), "internal", "integration_test", "spectest")
	scripts, _ := filepath.Glob(filepath.Join(base, "v2", "testdata", "*.json"))
	if err != nil || len(scripts) == 0 {
		t.Skipf("SKIPPED: the specification's test suite is not in the module cache: %v", err)
	}
	var caches [2]wazero.CompilationCache // what scripts have in common is compiled once
	for k := range caches {
		caches[k] = wazero.NewCompilationCache()
		defer caches[k].Close(context.Background()) //nolint:errcheck // of a test
	}
	var all tally
	for _, file := range scripts {
		if strings.HasPrefix(filepath.Base(file), "skip-stack-guard-page") {
			continue // ten stack overflows, a second each
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) { all.add(runScript(t, caches, base, file)) })
	}
	t.Logf("%d modules, %d calls that return, %d that trap", all.modules, all.returns, all.traps)
	if all.modules < 1000 || all.returns < 15_000 || all.traps < 1000 {
		t.Error("that is not the whole suite")
	}
}

type tally struct{ modules, returns, traps int }

func (c *tally) add(d tally) { c.modules += d.modules; c.returns += d.returns; c.traps += d.traps }

// A script is what wast2json makes of a file of the suite.
type script struct {
	Commands []struct {
		Type, Name, Filename, As string
		Line                     int
		Action                   struct {
			Type, Field, Module string
			Args                []struct {
				Type     string
				LaneType string `json:"lane_type"`
				Value    any
			}
		}
	}
}

// A world is one runtime with the modules of a script.
type world struct {
	metered bool
	rt      wazero.Runtime
	named   map[string]api.Module
	last    api.Module
	funcs   map[api.Module]map[string]api.Function // that were called: each is a stack
}

func newWorld(t *testing.T, cache wazero.CompilationCache, base string, metered bool) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{
		metered: metered, rt: wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(cache)),
		named: map[string]api.Module{}, funcs: map[api.Module]map[string]api.Function{},
	}
	t.Cleanup(func() { _ = w.rt.Close(context.Background()) })
	offerMore(t, w.rt, &tank{limit: math.MaxInt64})
	wasm, err := os.ReadFile(filepath.Join(base, "testdata", "spectest.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.rt.Instantiate(ctx, wasm); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) instantiate(t *testing.T, wasm []byte, as string) (api.Module, string) {
	var err error
	if w.metered {
		if wasm, _, err = Rewrite(wasm); err != nil {
			t.Fatal(err)
		}
	}
	mod, err := w.rt.InstantiateWithConfig(t.Context(), wasm, wazero.NewModuleConfig().WithName(as))
	return mod, problem(err)
}

// problem is what an error says, without the stack.
func problem(err error) string {
	if err == nil {
		return ""
	}
	head, _, _ := strings.Cut(err.Error(), "\nwasm stack trace:")
	if start, cause, ok := strings.Cut(head, " failed: "); ok && strings.HasPrefix(start, "start function[") {
		head = cause // the function's index is another one now
	}
	return head
}

func runScript(t *testing.T, caches [2]wazero.CompilationCache, base, file string) (did tally) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var s script
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	worlds := [2]*world{newWorld(t, caches[0], base, false), newWorld(t, caches[1], base, true)}
	calls := map[string]int{}
	for i, c := range s.Commands {
		var got [2]string
		switch c.Type {
		case "module", "assert_uninstantiable":
			as := ""
			if next := s.Commands[min(i+1, len(s.Commands)-1)]; next.Type == "register" {
				as = next.As
			}
			wasm, err := os.ReadFile(filepath.Join(filepath.Dir(file), c.Filename))
			if err != nil {
				t.Fatal(err)
			}
			for k, w := range worlds {
				var mod api.Module
				if mod, got[k] = w.instantiate(t, wasm, as); c.Type == "module" {
					w.last, w.named[c.Name] = mod, mod
				}
			}
			clear(calls)
			did.modules++
		case "assert_return", "action", "assert_trap", "assert_exhaustion":
			if c.Type == "assert_exhaustion" && !strings.HasSuffix(file, "fac.json") {
				continue // a stack overflow takes a second
			}
			if calls[c.Action.Field]++; arithmetic(file) && calls[c.Action.Field] > 20 {
				continue
			}
			var args []uint64
			for _, a := range c.Action.Args {
				args = append(args, bits(t, a.Type, a.LaneType, a.Value)...)
			}
			for k, w := range worlds {
				mod := w.last
				if c.Action.Module != "" {
					mod = w.named[c.Action.Module]
				}
				got[k] = w.act(t.Context(), mod, c.Action.Type, c.Action.Field, args)
			}
			if trapped := isTrap(got[0]); trapped {
				did.traps++
			} else {
				did.returns++
			}
			if want := c.Type == "assert_trap" || c.Type == "assert_exhaustion"; want != isTrap(got[1]) {
				t.Errorf("line %d: %s came to %q", c.Line, c.Type, got[1])
			}
		}
		if got[0] != got[1] {
			t.Errorf("line %d: %s %s: %q, and metered %q", c.Line, c.Type, c.Action.Field, got[0], got[1])
		}
	}
	return did
}

// arithmetic says whether a script calls functions of one instruction hundreds
// of times with other numbers. How often it is called, rewritten it was once.
func arithmetic(file string) bool {
	name := filepath.Base(file)
	return slices.ContainsFunc([]string{"f32", "f64", "simd_f32x4", "simd_f64x2"}, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

func isTrap(what string) bool {
	return strings.HasPrefix(what, "wasm error") || what == "stack overflow"
}

// act returns what an action came to.
func (w *world) act(ctx context.Context, mod api.Module, kind, field string, args []uint64) string {
	if kind == "get" {
		return fmt.Sprint(mod.ExportedGlobal(field).Get())
	}
	if w.funcs[mod] == nil {
		w.funcs[mod] = map[string]api.Function{}
	}
	fn := w.funcs[mod][field]
	if fn == nil {
		fn = mod.ExportedFunction(field)
		w.funcs[mod][field] = fn
	}
	results, err := fn.Call(ctx, args...)
	if err != nil {
		return problem(err)
	}
	types := fn.Definition().ResultTypes()
	for i := range results {
		if slices.Contains(types, 0x70) { // of a function: an address
			results[i] = min(results[i], 1)
		}
	}
	return fmt.Sprintf("%v %x", types, results)
}

// bits are an argument as wazero takes it.
func bits(t *testing.T, kind, lane string, value any) []uint64 {
	t.Helper()
	if list, ok := value.([]any); ok {
		out, width := make([]uint64, 2), 128/len(list)
		for i, v := range list {
			out[i*width/64] |= bits(t, lane, "", v)[0] & (1<<width - 1) << (i * width % 64)
		}
		return out
	}
	text, _ := value.(string)
	switch {
	case value == nil || text == "null":
		return []uint64{0}
	case strings.HasPrefix(text, "nan"):
		return []uint64{map[string]uint64{"f32": 0x7fc00000, "f64": 0x7ff8000000000000}[kind]}
	}
	if v, err := strconv.ParseInt(text, 10, 64); err == nil && v < 0 {
		return []uint64{uint64(v)}
	}
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if kind == "externref" {
		v++ // 0 is null
	}
	return []uint64{v}
}
