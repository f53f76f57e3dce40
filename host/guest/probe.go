package guest

import (
	"context"
	"fmt"
	"math"

	"github.com/slswasm/slswasm/abi"
)

// A Probe is one instance that is called by hand, with batches that this host
// would not write: for tests of a guest against ABI.md. It stands outside of
// the module's pool and serves one goroutine. After an error it is good for
// nothing but Close.
type Probe struct{ ins *instance }

// Probe starts an instance and hands it this configuration. The descriptor
// that it answers is not held against that of the module. The module must not
// be closed before the Probe.
func (m *Module) Probe(ctx context.Context, config []byte) (*Probe, *abi.Descriptor, error) {
	own := &Module{
		cfg: m.cfg, info: m.info, lines: m.lines, rt: m.rt, compiled: m.compiled, fuelName: m.fuelName,
		metrics: &metrics{guest: m.cfg.Name, logger: m.cfg.Logger},
	}
	own.cfg.GuestConfig = config
	ins, err := own.newInstance(ctx)
	if err != nil {
		return nil, nil, err
	}
	return &Probe{ins}, ins.desc, nil
}

// Alloc asks for size bytes. The view is good until the next call; an error
// that is no fault means that the guest refuses.
func (p *Probe) Alloc(parent context.Context, size int) (ptr uint32, view []byte, err error) {
	ctx, done := p.ins.within(parent, p.ins.m.cfg.FuelPerBatch, p.ins.m.cfg.TimeLimit)
	defer done()
	if size > math.MaxInt32 {
		return 0, nil, fmt.Errorf("%d bytes are too many", size)
	}
	if ptr, view, err = p.ins.room(ctx, size); err != nil {
		return 0, nil, p.ins.allocFault(ctx, err)
	}
	return ptr, view, nil
}

// Transform passes the batch at ptr. The reply, nil for keeping all, lies at
// address at; it is a view that is good until the next call.
func (p *Probe) Transform(parent context.Context, ptr, size uint32) (reply []byte, at uint32, err error) {
	ctx, done := p.ins.within(parent, p.ins.m.cfg.FuelPerBatch, p.ins.m.cfg.TimeLimit)
	defer done()
	defer p.ins.flush()
	p.ins.stack = [2]uint64{uint64(ptr), uint64(size)}
	if err := p.ins.transform.CallWithStack(ctx, p.ins.stack[:]); err != nil {
		return nil, 0, p.ins.fault(err, ctx.Err() != nil)
	}
	if p.ins.stack[0] == 0 {
		return nil, 0, nil
	}
	at = uint32(p.ins.stack[0] >> 32)
	reply, err = p.ins.result("reply")
	return reply, at, err
}

// Memory returns a view of n bytes of the guest's memory, nil outside of it.
func (p *Probe) Memory(at, n uint32) []byte {
	view, _ := p.ins.mem.Read(at, n)
	return view
}

// MemorySize is how large the guest's memory has become, in bytes.
func (p *Probe) MemorySize() int { return int(p.ins.mem.Size()) }

// Close frees the instance.
func (p *Probe) Close(ctx context.Context) { p.ins.close(ctx) }
