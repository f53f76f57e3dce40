// Package tck holds a guest against ABI.md: it runs a module, through the host
// and by hand with batches that a later host of the same version may write,
// and says of each requirement whether the module keeps it.
//
// What a guest is meant to do with logs is not judged here: that is what its
// own cases are for. Nothing here imports package testing, so that programs
// can ask too.
package tck

import (
	"context"
	"fmt"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
)

// A Result says how a module stands to one requirement.
type Result struct {
	Section string // of ABI.md
	Rule    string // what it asks for
	Should  bool   // a SHOULD: a guest may have reasons to differ
	Err     error  // what was seen instead; nil: the module keeps the rule
}

// Failed says whether the module breaks a MUST.
func (r Result) Failed() bool { return r.Err != nil && !r.Should }

func (r Result) String() string {
	word := "pass"
	if r.Failed() {
		word = "FAIL"
	} else if r.Err != nil {
		word = "warn"
	}
	s := fmt.Sprintf("%s  %s: %s", word, r.Section, r.Rule)
	if r.Err != nil {
		s += ": " + r.Err.Error()
	}
	return s
}

// An Option adds to what a module is run with.
type Option func(*kit)

// WithConfig sets the guest's configuration; it has none otherwise.
func WithConfig(config []byte) Option { return func(k *kit) { k.cfg.GuestConfig = config } }

// WithLogs adds logs to those made up here: logs of the kind that the guest
// is for. They are read only.
func WithLogs(logs []abi.Event) Option { return func(k *kit) { k.extra = logs } }

// WithName sets what the module is called in messages; "guest" otherwise.
func WithName(name string) Option { return func(k *kit) { k.cfg.Name = name } }

// WithInterpreter runs the module without compiling it: slower by far, but
// starts at once.
func WithInterpreter() Option { return func(k *kit) { k.cfg.Interpreter = true } }

// Check holds a module against every rule. It stops where the rest could only
// repeat what is wrong: at a module that cannot be started, which has one
// Result, or that faults at a plain batch. When ctx ends, the rest fails with
// its error.
func Check(ctx context.Context, wasm []byte, options ...Option) []Result {
	k := &kit{cfg: guest.Config{Name: "guest", Wasm: wasm, Instances: 1, Repeatable: true}}
	for _, o := range options {
		o(k)
	}
	start := Result{Section: "Module", Rule: "the host can start it"}
	if start.Err = k.start(ctx); start.Err != nil {
		return []Result{start}
	}
	results := []Result{start}
	for _, r := range rules {
		err := ctx.Err()
		if err == nil {
			err = r.check(ctx, k)
		}
		results = append(results, Result{r.section, r.text, r.should, err})
		if r.basic && err != nil {
			break
		}
	}
	if err := k.m.Close(ctx); err != nil {
		results = append(results, Result{Section: "Module", Rule: "it can be closed", Err: err})
	}
	return results
}

// A tester is what Run needs of a *testing.T.
type tester[T any] interface {
	Helper()
	Context() context.Context
	Run(name string, f func(T)) bool
	Log(args ...any)
	Error(args ...any)
}

// Run is Check for tests, one subtest a rule: Run(t, wasm). A SHOULD that is
// not kept is logged.
func Run[T tester[T]](t T, wasm []byte, options ...Option) {
	t.Helper()
	for _, r := range Check(t.Context(), wasm, options...) {
		t.Run(r.Section+": "+r.Rule, func(t T) {
			t.Helper()
			switch {
			case r.Failed():
				t.Error(r.Err)
			case r.Err != nil:
				t.Log("warning:", r.Err)
			}
		})
	}
}
