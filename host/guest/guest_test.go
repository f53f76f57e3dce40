package guest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/abi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// compile starts a fixture; change may set more of its Config.
func compile(t testing.TB, name string, change ...func(*Config)) (*Module, error) {
	t.Helper()
	cfg := Config{Name: name + ".wasm", Wasm: fixture(t, name), Instances: 2, MemoryLimit: 8 << 20}
	for _, f := range change {
		f(&cfg)
	}
	m, err := Compile(t.Context(), cfg)
	if err == nil {
		t.Cleanup(func() {
			if err := m.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	return m, err
}

func mustCompile(t testing.TB, name string, change ...func(*Config)) *Module {
	t.Helper()
	m, err := compile(t, name, change...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// logs makes n logs; those of the indexes in bad have a field "bad".
func logs(n int, bad ...int) []abi.Event {
	in := make([]abi.Event, n)
	for i := range in {
		in[i] = abi.Event{Origin: i, Log: abi.Log{Time: int64(i), Fields: []abi.Field{{Key: []byte("n"), Value: fmt.Append(nil, i)}}}}
		if slices.Contains(bad, i) {
			in[i].Fields = append(in[i].Fields, abi.Field{Key: []byte("bad"), Value: []byte("x")})
		}
	}
	return in
}

// balance fails the test unless each log ended exactly once, in order.
func balance(t testing.TB, in []abi.Event, out *Output) {
	t.Helper()
	last := -1
	for _, e := range out.Events {
		if e.Origin <= last {
			t.Errorf("log %d comes after log %d", e.Origin, last)
		}
		last = e.Origin
	}
	for i, f := range out.Failures {
		if f.At != f.Index-i-out.Dropped {
			t.Errorf("failure of log %d stands at %d", f.Index, f.At)
		}
	}
	if got := len(out.Events) + out.Dropped + len(out.Failures); got != len(in) {
		t.Errorf("%d logs in; %d events, %d dropped, %d failures", len(in), len(out.Events), out.Dropped, len(out.Failures))
	}
}

// faults are hostile guests, and what is said of the log that they fault at.
func faults() map[string]string {
	return map[string]string{
		"trap":           "trap: unreachable, in transform",
		"blind":          "trap: unreachable, in transform",
		"spin":           "time limit: still running after 200ms",
		"nap":            "time limit: still running after 200ms",
		"grow":           "trap: unreachable, in transform; its memory is 7 of 8 MiB",
		"load":           "trap: out of bounds memory access, in transform",
		"recurse":        "trap: stack overflow",
		"exit":           "exit: proc_exit(3); a guest answers, it does not leave",
		"panic":          `exit: proc_exit(2); a guest answers, it does not leave; it said: panic: no \x1buser`,
		"log-outside":    "trap: log: a text of 32 bytes at 0xfffffff0 lies outside of the memory of 2621440, in slswasm_v1.log < transform",
		"reply-outside":  "reply: reply of 16 bytes at 0x7fff0000 lies outside of the memory of 2621440",
		"reply-wraps":    "reply: reply of 32 bytes at 0xfffffff0 lies outside of the memory of 2621440",
		"reply-overlap":  "reply: record 0, byte 4: verdict 32 is not known",
		"reply-cut":      "reply: record 0, byte 10: 100 bytes expected, 3 left",
		"reply-huge":     "reply: reply of 4294967295 bytes at 0x10000 lies outside of the memory of 2621440",
		"reply-short":    "reply: record 0, byte 4: 1 bytes expected, 0 left",
		"reply-long":     "reply: record 0, byte 5: 1 bytes after the last verdict",
		"reply-n":        "reply: byte 0: n is 2, but the batch has 1 records",
		"reply-is-batch": "reply: byte 0: n is 32, but the batch has 1 records",
		"reply-verdict":  "reply: record 0, byte 4: verdict 9 is not known",
		"reply-op":       "reply: record 0, byte 5: op 200 is not known",
		"reply-slot":     "reply: record 0, byte 6: slot 7 is not declared",
		"reply-key":      "reply: record 0, byte 10: 2147483647 bytes expected, 1 left",
		"reply-bomb":     "reply: record 0, byte 9: more output than the host's limit of 131072 events",
	}
}

// One hostile guest each: the log that it faults at fails with this error,
// and no other log does.
func TestFaults(t *testing.T) {
	for name, want := range faults() {
		cases := [][]int{{5}, {0}, {19}, {0, 1, 18, 19}}
		if name == "recurse" || name == "nap" { // 84 MB of stack each time; much like spin
			cases = cases[:1]
		}
		for _, bad := range cases {
			t.Run(fmt.Sprint(name, bad), func(t *testing.T) {
				t.Parallel()
				m := mustCompile(t, name, func(c *Config) {
					if strings.Contains(want, "200ms") {
						c.TimeLimit = 200 * time.Millisecond
					}
				})
				in := logs(20, bad...)
				var out Output
				if err := m.Transform(t.Context(), in, &out); err != nil {
					t.Fatal(err)
				}
				balance(t, in, &out)
				var failed []int
				for _, f := range out.Failures {
					failed = append(failed, f.Index)
					if got, want := f.Err.Error(), "guest "+name+".wasm: "+want; got != want {
						t.Errorf("\n got %s\nwant %s", got, want)
					}
				}
				if !slices.Equal(failed, bad) {
					t.Errorf("failed: %v, want %v", failed, bad)
				}
			})
		}
	}
}

// These guests do something rude that is no fault: all logs are kept.
func TestRude(t *testing.T) {
	for _, name := range []string{"table-grow", "log-flood", "print-flood", "print", "log"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, in := mustCompile(t, name), logs(20, 3)
			var out Output
			if err := m.Transform(t.Context(), in, &out); err != nil || len(out.Events) != len(in) {
				t.Errorf("%d events, %v, %v", len(out.Events), out.Failures, err)
			}
		})
	}
}

// refusals are guests that give no memory for a batch of more than 1000 bytes.
func refusals() map[string]string {
	return map[string]string{
		"alloc-zero":    "memory limit: alloc answered the request for 2064 bytes with 0",
		"alloc-outside": "memory limit: alloc answered the request for 2064 bytes with address 0x7fffffff, in a memory of 2621440",
		"alloc-wraps":   "memory limit: alloc answered the request for 2064 bytes with address 0xfffffff8, in a memory of 2621440",
		"alloc-trap":    "trap: unreachable, in alloc",
	}
}

// A batch too large for the guest is halved; what is too large alone fails.
func TestAlloc(t *testing.T) {
	for name, want := range refusals() {
		t.Run(name, func(t *testing.T) {
			m, in := mustCompile(t, name), logs(100, 40)
			in[40].Fields[1].Value = make([]byte, 2000)
			var out Output
			if err := m.Transform(t.Context(), in, &out); err != nil {
				t.Fatal(err)
			}
			balance(t, in, &out)
			if len(out.Failures) != 1 || out.Failures[0].Index != 40 {
				t.Fatalf("failures %v", out.Failures)
			}
			if got, want := out.Failures[0].Err.Error(), "guest "+name+".wasm: "+want; got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
}

func TestLogLargerThanMemory(t *testing.T) {
	m, in := mustCompile(t, "keep"), logs(3, 1)
	in[1].Fields[1].Value = make([]byte, 9<<20)
	var out Output
	if err := m.Transform(t.Context(), in, &out); err != nil {
		t.Fatal(err)
	}
	balance(t, in, &out)
	const want = "guest keep.wasm: memory limit: a log of 9437248 bytes does not fit into a memory of 8 MiB"
	if len(out.Failures) != 1 || out.Failures[0].Index != 1 || out.Failures[0].Err.Error() != want {
		t.Errorf("failures %v", out.Failures)
	}
}

// A guest that faults whatever it is given costs each log, but an end comes,
// and the work until then grows with the number of logs.
func TestAlwaysFaulting(t *testing.T) {
	const n = 500
	for _, name := range []string{"always", "liar", "cursor-outside"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var starts counter
			m, in := mustCompile(t, name, func(c *Config) { c.Logger = slog.New(&starts) }), logs(n)
			var out Output
			if err := m.Transform(t.Context(), in, &out); err != nil {
				t.Fatal(err)
			}
			balance(t, in, &out)
			if len(out.Failures) != n {
				t.Errorf("%d failures", len(out.Failures))
			}
			if replays := starts.n; replays > 40 {
				t.Errorf("%d batches were replayed", replays)
			}
		})
	}
}

// A counter counts log lines.
type counter struct {
	slog.Handler
	mu sync.Mutex
	n  int
}

func (c *counter) Enabled(context.Context, slog.Level) bool { return true }
func (c *counter) Handle(context.Context, slog.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return nil
}

// A guest that is slow, and not stuck, must not lose a log to the time limit
// of a batch: one log takes it some 10 ms.
func TestSlowBatch(t *testing.T) {
	m, in := mustCompile(t, "slow", func(c *Config) { c.TimeLimit = time.Second }), logs(200, 0)
	for i := range in {
		in[i].Fields = append(in[i].Fields, abi.Field{Key: []byte("bad")})
	}
	var out Output
	if err := m.Transform(t.Context(), in, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Events) != len(in) {
		t.Errorf("%d of %d events, %v", len(out.Events), len(in), out.Failures)
	}
}

func TestVerdicts(t *testing.T) {
	var out Output
	for _, c := range []struct {
		name            string
		events, dropped int
		failure         string
	}{
		{"keep", 20, 0, ""},
		{"keep-table", 20, 0, ""},
		{"drop", 0, 20, ""},
		{"reply-in-place", 19, 1, ""},
		{"reply-fail", 19, 0, `guest failed the log: \x1b[31m\n`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, in := mustCompile(t, c.name), logs(20, 7)
			if err := m.Transform(t.Context(), in, &out); err != nil {
				t.Fatal(err)
			}
			failure := ""
			for _, f := range out.Failures {
				failure += f.Err.Error()
			}
			if len(out.Events) != c.events || out.Dropped != c.dropped || failure != c.failure {
				t.Errorf("%d events, %d dropped, failures %q", len(out.Events), out.Dropped, failure)
			}
		})
	}
}

// The end of ctx is the host's doing: no log is blamed, and the next
// Transform finds a sound guest.
func TestStop(t *testing.T) {
	m := mustCompile(t, "spin", func(c *Config) { c.TimeLimit = time.Hour; c.Instances = 1 })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var out Output
	if err := m.Transform(ctx, logs(4, 2), &out); !errors.Is(err, context.DeadlineExceeded) || len(out.Failures) != 0 {
		t.Errorf("%v, failures %v", err, out.Failures)
	}
	if err := m.Transform(t.Context(), logs(4), &out); err != nil || len(out.Events) != 4 {
		t.Errorf("%v, %d events", err, len(out.Events))
	}
}

// An instance that cannot be started again is an error of Transform, and
// again when it is tried again.
func TestNoFreshInstance(t *testing.T) {
	m := mustCompile(t, "trap", func(c *Config) { c.Instances = 1 })
	sound := m.desc
	m.desc = &abi.Descriptor{BatchMax: 7}
	defer func() { m.desc = sound }()
	const want = "guest trap.wasm: cannot be started again: init answered with another descriptor than at the start; it must depend on the configuration alone"
	var out Output
	for range 2 {
		if err := m.Transform(t.Context(), logs(4, 2), &out); err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
	}
}

func TestConcurrentTransforms(t *testing.T) {
	m := mustCompile(t, "trap", func(c *Config) { c.Instances = 2 })
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			var out Output
			for range 20 {
				in := logs(30, g, 29)
				if err := m.Transform(t.Context(), in, &out); err != nil || len(out.Failures) != 2 {
					t.Errorf("%v, failures %v", err, out.Failures)
				}
				balance(t, in, &out)
			}
		})
	}
	wg.Wait()
}

// A gate holds whoever logs until it is opened.
type gate struct {
	counter
	entered, open chan struct{}
}

func (g *gate) Handle(context.Context, slog.Record) error {
	close(g.entered)
	<-g.open
	return nil
}

// Close must not free what a running guest needs.
func TestCloseWaits(t *testing.T) {
	g := &gate{entered: make(chan struct{}), open: make(chan struct{})}
	m, err := Compile(t.Context(), Config{Name: "log", Wasm: fixture(t, "log"), Logger: slog.New(g)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	var out Output
	go func() { done <- m.Transform(t.Context(), logs(1, 0), &out) }()
	<-g.entered
	over, end := context.WithCancel(t.Context())
	end()
	if err := m.Close(over); !errors.Is(err, context.Canceled) {
		t.Errorf("Close while a Transform runs: %v", err)
	}
	close(g.open)
	if err := <-done; err != nil || len(out.Events) != 1 {
		t.Errorf("Transform: %v, %d events", err, len(out.Events))
	}
	if err := m.Close(t.Context()); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := m.Transform(t.Context(), logs(1), &out); !errors.Is(err, errClosed) {
		t.Errorf("Transform after Close: %v", err)
	}
}

func TestInfo(t *testing.T) {
	got := mustCompile(t, "drop").Info()
	if got.Name != "drop" || got.BatchMax != 16 || len(got.Fields) != 0 || len(got.SHA256) != 64 {
		t.Errorf("%+v", got)
	}
	got = mustCompile(t, "config", func(c *Config) {
		c.GuestConfig = []byte(`{"name":"a\u001b","version":"1.0","fields":["x","*","y"]}`)
	}).Info()
	if fmt.Sprintf("%q", got.Name+got.Version+strings.Join(got.Fields, ",")) != `"a\\x1b1.0x,y,*"` || got.BatchMax != 256 {
		t.Errorf("%+v", got)
	}
}

func TestInterpreter(t *testing.T) {
	m, in := mustCompile(t, "trap", func(c *Config) { c.Interpreter = true }), logs(20, 4)
	var out Output
	if err := m.Transform(t.Context(), in, &out); err != nil {
		t.Fatal(err)
	}
	balance(t, in, &out)
	if len(out.Failures) != 1 || out.Failures[0].Index != 4 {
		t.Errorf("failures %v", out.Failures)
	}
}
