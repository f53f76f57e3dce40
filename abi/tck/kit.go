package tck

import (
	"context"
	"errors"
	"fmt"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
)

// batchBytes is the most bytes of a batch of several logs (ABI.md, "Limits").
const batchBytes = 1 << 20

// A kit is a module under test.
type kit struct {
	cfg   guest.Config
	extra []abi.Event // the caller's logs

	m    *guest.Module
	desc *abi.Descriptor
	logs []abi.Event // what most rules pass, a few of each kind
	want []string    // what becomes of them, one for each log; rule plain fills it in
}

// start compiles the module and learns what it makes of the logs.
func (k *kit) start(ctx context.Context) error {
	var err error
	if k.m, err = guest.Compile(ctx, k.cfg); err != nil {
		return err
	}
	p, desc, err := k.m.Probe(ctx, k.cfg.GuestConfig)
	if err != nil {
		return errors.Join(err, k.m.Close(ctx))
	}
	p.Close(ctx)
	k.desc = desc
	k.logs = append(samples(desc), k.extra[:min(len(k.extra), 64)]...)
	return nil
}

// fresh runs do with an instance of its own.
func (k *kit) fresh(ctx context.Context, do func(*guest.Probe) error) error {
	p, _, err := k.m.Probe(ctx, k.cfg.GuestConfig)
	if err != nil {
		return err
	}
	defer p.Close(ctx)
	return do(p)
}

// pass passes logs through p in batches of this layout, each as large as the
// host makes them, and returns what becomes of each log.
func (k *kit) pass(ctx context.Context, p *guest.Probe, in []abi.Event, l layout) ([]string, error) {
	plan := abi.NewBatch(k.desc)
	var all []string
	for len(in) > 0 {
		n, _ := plan.Plan(in, k.desc.BatchMax, batchBytes)
		became, err := k.batch(ctx, p, in[:n], l)
		if err != nil {
			return nil, err
		}
		all, in = append(all, became...), in[n:]
	}
	return all, nil
}

// batch passes one batch.
func (k *kit) batch(ctx context.Context, p *guest.Probe, in []abi.Event, l layout) ([]string, error) {
	batch := l.encode(k.desc, in)
	ptr, view, err := p.Alloc(ctx, len(batch))
	if err != nil {
		return nil, err
	}
	copy(view, batch)
	reply, _, err := p.Transform(ctx, ptr, uint32(len(batch)))
	if err != nil {
		return nil, err
	}
	return k.read(in, reply)
}

// read reads a reply as the host does.
func (k *kit) read(in []abi.Event, reply []byte) ([]string, error) {
	in = append([]abi.Event(nil), in...)
	for i := range in {
		in[i].Origin = i
	}
	var out abi.Output
	if reply == nil {
		out.Keep(in)
	} else if err := out.Apply(k.desc, in, 0, reply, abi.DefaultLimits()); err != nil {
		return nil, fmt.Errorf("the reply cannot be read: %w", err)
	}
	became := make([]string, len(in))
	for i := range out.Events {
		became[out.Events[i].Origin] += show(&out.Events[i])
	}
	for _, f := range out.Failures {
		became[f.Index] = f.Err.Error()
	}
	return became, nil
}

// passAs holds what becomes of the logs in this layout, on an instance of its
// own, against what becomes of them in the plain one.
func (k *kit) passAs(ctx context.Context, l layout) error {
	return k.fresh(ctx, func(p *guest.Probe) error {
		got, err := k.pass(ctx, p, k.logs, l)
		if err != nil {
			return err
		}
		return differ(got, k.want)
	})
}

// differ says where two outcomes are not the same.
func differ(got, want []string) error {
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			return fmt.Errorf("log %d became %s; otherwise it becomes %s", i, shorten(got[i]), shorten(want[i]))
		}
	}
	return nil
}

func shorten(s string) string {
	if s == "" {
		return "nothing"
	}
	return abi.Printable([]byte(s), 160)
}

// show writes an event so that two that differ look different.
func show(e *abi.Event) string {
	s := fmt.Sprintf("{%d", e.Time)
	for _, f := range e.Fields {
		s += fmt.Sprintf(" %q=%q", f.Key, f.Value)
		if f.JSON {
			s += "(JSON)"
		}
	}
	if e.Body != nil {
		s += fmt.Sprintf(" body %q JSON %t", e.Body, e.BodyJSON)
	}
	if e.Meta != nil {
		s += fmt.Sprintf(" metadata %v", *e.Meta)
	}
	return s + "}"
}
