// Package offline is what a guest's author uses at his desk: test cases that
// run through the real module, logs tried out by hand, a look into a module, a
// measurement, and the beginning of a project. It uses the engine, the
// encoders and the decoders of a real run.
//
// Nothing here opens a connection, and nothing knows flags or terminals.
package offline

import (
	"context"
	"errors"
	"log/slog"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
)

// A Limits is how a module is run, beside what each tool is about. Zero values
// are the defaults of package guest.
type Limits struct {
	CacheDir string // for compiled modules; "": none
	Memory   int    // bytes of an instance
	Logger   *slog.Logger

	FuelPerLog, FuelPerBatch int64 // units of package meter
	Interrupt                bool  // stop it by the clock alone
}

func (l Limits) config(name string, wasm, guestConfig []byte) guest.Config {
	return guest.Config{
		Name: name, Wasm: wasm, GuestConfig: guestConfig, Instances: 1,
		CacheDir: l.CacheDir, MemoryLimit: l.Memory, Logger: l.Logger,
		FuelPerLog: l.FuelPerLog, FuelPerBatch: l.FuelPerBatch, Interrupt: l.Interrupt,
	}
}

// An Outcome is what became of one log.
type Outcome struct {
	Log    *abi.Event
	Events []abi.Event // none: it was dropped, or failed
	Err    error       // why it failed
}

// Dropped says that the guest dropped the log.
func (o *Outcome) Dropped() bool { return o.Err == nil && len(o.Events) == 0 }

// Reason is why the log failed, without the module's name.
func (o *Outcome) Reason() string {
	if r, ok := errors.AsType[abi.FailError](o.Err); ok {
		return string(r)
	}
	if f, ok := errors.AsType[*guest.Fault](o.Err); ok {
		return string(f.Kind) + ": " + f.Err.Error()
	}
	if o.Err == nil {
		return ""
	}
	return o.Err.Error()
}

// transform returns what becomes of each log; it shares memory with in and
// with out.
func transform(ctx context.Context, m *guest.Module, in []abi.Event, out *guest.Output) ([]Outcome, error) {
	for i := range in {
		in[i].Origin = i
	}
	if err := m.Transform(ctx, in, out); err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, len(in))
	for i := range in {
		outcomes[i].Log = &in[i]
	}
	for _, f := range out.Failures {
		outcomes[f.Index].Err = f.Err
	}
	for from := 0; from < len(out.Events); {
		origin, to := out.Events[from].Origin, from+1
		for to < len(out.Events) && out.Events[to].Origin == origin {
			to++
		}
		outcomes[origin].Events = out.Events[from:to]
		from = to
	}
	return outcomes, nil
}

// A Module is a module to look at or to try, and how to run it.
type Module struct {
	Name         string // in messages: its path
	Wasm, Config []byte
	Limits
}

// Compile compiles the module and starts it, as guest.Compile does. Who calls
// it closes what it returns.
func (m *Module) Compile(ctx context.Context) (*guest.Module, error) {
	return guest.Compile(ctx, m.config(m.Name, m.Wasm, m.Config))
}
