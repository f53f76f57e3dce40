package guest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/slswasm/slswasm/abi"
)

// effort runs the logs through the guest as Transform does, and counts how
// many batches and how many fresh instances that took.
func effort(t *testing.T, m *Module, in []abi.Event) (out Output, calls, starts int) {
	t.Helper()
	ins, err := m.pool.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := newRun(m, ins, in, &out)
	defer func() { m.pool.put(r.ins) }()
	for ; r.pos < len(in); calls++ {
		if r.ins == nil {
			starts++
		}
		if err := r.step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	balance(t, in, &out)
	return out, calls, starts
}

// failed returns the indexes of the logs that failed.
func failed(out *Output) (list []int) {
	for _, f := range out.Failures {
		list = append(list, f.Index)
	}
	return list
}

// every returns the multiples of step below n.
func every(step, n int) (list []int) {
	for i := 0; i < n; i += step {
		list = append(list, i)
	}
	return list
}

// A log that is alone in its batch does not fail for what the instance did
// before it came.
func TestSpentInstance(t *testing.T) {
	t.Parallel()
	m := mustCompile(t, "bump", func(c *Config) { c.Instances = 1 })
	var out Output
	for i := range 100 {
		if err := m.Transform(t.Context(), logs(1), &out); err != nil || len(out.Events) != 1 {
			t.Fatalf("log %d: %v, failures %v", i, err, out.Failures)
		}
	}
}

// What an instance did before costs no speed either: the batches stay as
// large as they were. An instance of this guest serves seven.
func TestSpentInstanceInBatches(t *testing.T) {
	t.Parallel()
	in := logs(100 * abi.DefaultBatchMax)
	out, calls, starts := effort(t, mustCompile(t, "bump"), in)
	if len(out.Failures) != 0 {
		t.Errorf("failures %v", out.Failures)
	}
	if calls > 100+100/6 || starts > 100/6 {
		t.Errorf("%d calls and %d instances for 100 batches", calls, starts)
	}
}

// The log after the one that did the harm is innocent.
func TestPoisonedInstance(t *testing.T) {
	for _, bad := range [][]int{{3}, {0}, {0, 1, 2, 3}, {8, 9}, every(1, 10)} {
		t.Run(fmt.Sprint(bad), func(t *testing.T) {
			m := mustCompile(t, "poison", func(c *Config) { c.Instances = 1 })
			for range 3 { // the first begins fresh
				if out, _, _ := effort(t, m, logs(10, bad...)); len(out.Failures) != 0 {
					t.Errorf("failures %v", out.Failures)
				}
			}
		})
	}
}

// A log at fault costs few calls and instances beyond the batches, which are
// as large as before after it.
func TestCostOfFault(t *testing.T) {
	const n, step = 20 * abi.DefaultBatchMax, 500
	bad := every(step, n)
	for _, name := range []string{"trap", "exit", "reply-verdict"} {
		t.Run(name, func(t *testing.T) {
			out, calls, starts := effort(t, mustCompile(t, name), logs(n, bad...))
			if !slices.Equal(failed(&out), bad) {
				t.Errorf("failed: %v", failed(&out))
			}
			batches := n/min(abi.DefaultBatchMax, mustCompile(t, name).desc.BatchMax) + 1
			if calls > batches+5*len(bad) || starts > 2*len(bad) {
				t.Errorf("%d calls and %d instances for %d batches and %d faults", calls, starts, batches, len(bad))
			}
		})
	}
}

// Whatever a guest does, the work grows with the number of logs.
func TestEffortIsLinear(t *testing.T) {
	for _, name := range []string{"always", "liar", "cursor-outside", "poison", "trap", "blind", "alloc-zero"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := mustCompile(t, name)
			const n = 100
			for _, step := range []int{1, 2, 7} {
				_, calls, starts := effort(t, m, logs(n, every(step, n)...))
				if calls > 4*n || starts > 3*n {
					t.Errorf("%d calls and %d instances for %d logs", calls, starts, n)
				}
			}
		})
	}
}
