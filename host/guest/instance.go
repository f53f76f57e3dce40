package guest

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/slswasm/slswasm/abi"
)

// An instance is one running copy of the module. It serves one call at a
// time and is closed after its first fault.
type instance struct {
	m         *Module
	mod       api.Module
	mem       api.Memory
	alloc     api.Function
	transform api.Function
	desc      *abi.Descriptor
	batch     *abi.Batch
	output    [2]*lineWriter // standard output and standard error
	stack     [2]uint64
	tank      tank
	ctx       tallying
	used      bool // it has served a call since its init
}

// newInstance starts an instance and runs its init.
func (m *Module) newInstance(parent context.Context) (*instance, error) {
	// A slow machine must not fail a guest before it has begun.
	ins := &instance{m: m, ctx: tallying{Context: parent, tally: tally{of: m.metrics}}}
	ctx, done := ins.within(&ins.ctx, max(m.cfg.FuelPerBatch, DefaultFuelPerBatch), max(m.cfg.TimeLimit, DefaultTimeLimit))
	defer done()
	if err := ins.start(ctx); err != nil {
		ins.close(parent)
		if parent.Err() != nil {
			return nil, parent.Err()
		}
		return nil, err
	}
	ins.ctx.tally.commit()
	ins.ctx.tally.join()
	return ins, nil
}

func (ins *instance) start(ctx context.Context) error {
	for i, level := range [2]abi.Level{abi.LevelInfo, abi.LevelWarn} {
		ins.output[i] = &lineWriter{log: ins.m.lines, level: level}
	}
	config := ins.surroundings(wazero.NewModuleConfig().WithName("").WithStartFunctions().
		WithStdout(ins.output[0]).WithStderr(ins.output[1]))
	var err error
	allocating := experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(newMemory))
	if ins.mod, err = ins.m.rt.InstantiateModule(allocating, ins.m.compiled, config); err != nil {
		return ins.startError("start", ctx, err)
	}
	if ins.m.fuelName != "" {
		ins.tank.left, _ = ins.mod.ExportedGlobal(ins.m.fuelName).(api.MutableGlobal)
	}
	ins.mem = ins.mod.Memory()
	ins.alloc = ins.mod.ExportedFunction(abi.ExportAlloc)
	ins.transform = ins.mod.ExportedFunction(abi.ExportTransform)
	if f := ins.mod.ExportedFunction(abi.ExportInitialize); f != nil {
		if err := f.CallWithStack(ctx, ins.stack[:]); err != nil {
			return ins.startError(abi.ExportInitialize, ctx, err)
		}
	}
	if ins.desc, err = ins.init(ctx); err != nil {
		return err
	}
	if d := ins.m.desc; d != nil && (!d.SameInput(ins.desc) || ins.desc.Error != "") {
		return errors.New("init answered with another descriptor than at the start; it must depend on the configuration alone")
	}
	ins.batch = abi.NewBatch(ins.desc)
	ins.flush()
	return nil
}

func (ins *instance) startError(what string, ctx context.Context, err error) error {
	f := ins.fault(err, ctx.Err() != nil)
	switch f.Kind {
	case Time:
		return fmt.Errorf("%s: still running after %v", what, max(ins.m.cfg.TimeLimit, DefaultTimeLimit))
	case Fuel:
		return fmt.Errorf("%s: %w", what, f.Err)
	}
	return fmt.Errorf("%s: %s: %w%s", what, f.Kind, f.Err, ins.m.buildHint())
}

// init hands the guest its configuration and reads its descriptor.
func (ins *instance) init(ctx context.Context) (*abi.Descriptor, error) {
	f := ins.mod.ExportedFunction(abi.ExportInit)
	if f == nil {
		return abi.DefaultDescriptor(), nil
	}
	var ptr uint32
	if config := ins.m.cfg.GuestConfig; len(config) > 0 {
		p, view, err := ins.room(ctx, len(config))
		if err != nil {
			return nil, fmt.Errorf("no memory for its configuration of %d bytes: %w", len(config), err)
		}
		copy(view, config)
		ptr = p
	}
	ins.stack = [2]uint64{uint64(ptr), uint64(len(ins.m.cfg.GuestConfig))}
	if err := f.CallWithStack(ctx, ins.stack[:]); err != nil {
		return nil, ins.startError("init", ctx, err)
	}
	if ins.stack[0] == 0 {
		return abi.DefaultDescriptor(), nil
	}
	text, err := ins.result("descriptor")
	if err != nil {
		return nil, err
	}
	return abi.ParseDescriptor(text)
}

// room asks the guest for memory. The view is good until the next call.
func (ins *instance) room(ctx context.Context, size int) (uint32, []byte, error) {
	ins.stack[0] = uint64(size)
	if err := ins.alloc.CallWithStack(ctx, ins.stack[:]); err != nil {
		return 0, nil, err
	}
	ptr := uint32(ins.stack[0]) // the upper half is garbage
	if ptr == 0 {
		return 0, nil, fmt.Errorf("%w %d bytes with 0", errNoRoom, size)
	}
	view, ok := ins.mem.Read(ptr, uint32(size))
	if !ok {
		return 0, nil, fmt.Errorf("%w %d bytes with address %#x, in a memory of %d", errNoRoom, size, ptr, ins.mem.Size())
	}
	return ptr, view, nil
}

var errNoRoom = errors.New("alloc answered the request for")

// result returns a view of what the last call answered.
func (ins *instance) result(what string) ([]byte, error) {
	ptr, n := uint32(ins.stack[0]>>32), uint32(ins.stack[0])
	view, ok := ins.mem.Read(ptr, n)
	if !ok {
		return nil, fmt.Errorf("%s of %d bytes at %#x lies outside of the memory of %d", what, n, ptr, ins.mem.Size())
	}
	return view, nil
}

// call runs the planned batch, whose logs are in, and appends what becomes of
// them to out. A fault leaves out as it was and the instance unfit for use.
func (ins *instance) call(parent context.Context, in []abi.Event, first, size int, out *Output) *Fault {
	ins.ctx.Context = parent
	ctx, done := ins.within(&ins.ctx, ins.m.fuelFor(len(in)), ins.m.cfg.TimeLimit)
	defer done()
	defer func() { ins.m.fuel.Add(ins.tank.used()) }()
	defer ins.flush()
	ins.used = true
	ins.ctx.tally.drop()
	ptr, view, err := ins.room(ctx, size)
	if err != nil {
		return ins.allocFault(ctx, err)
	}
	ins.batch.Write(view)
	ins.stack = [2]uint64{uint64(ptr), uint64(size)}
	if err := ins.transform.CallWithStack(ctx, ins.stack[:]); err != nil {
		f := ins.fault(err, ctx.Err() != nil)
		f.suspect = ins.cursor(ptr, len(in))
		return f
	}
	if ins.stack[0] == 0 {
		out.Keep(in)
		return nil
	}
	reply, err := ins.result("reply")
	if err == nil {
		err = out.Apply(ins.desc, in, first, reply, abi.DefaultLimits())
	}
	if err == nil {
		return nil
	}
	f := &Fault{Guest: ins.m.cfg.Name, Kind: Reply, Err: err, suspect: ins.cursor(ptr, len(in))}
	var re *abi.ReplyError
	if errors.As(err, &re) && re.Record >= 0 {
		f.suspect = re.Record
	}
	return f
}

func (ins *instance) allocFault(ctx context.Context, err error) *Fault {
	if errors.Is(err, errNoRoom) {
		return &Fault{Guest: ins.m.cfg.Name, Kind: Memory, Err: err, suspect: -1, shrink: true}
	}
	f := ins.fault(err, ctx.Err() != nil)
	f.shrink = true
	return f
}

// cursor returns the record that the guest says it had in hand; -1 if that is
// none.
func (ins *instance) cursor(ptr uint32, n int) int {
	if c, ok := ins.mem.ReadUint32Le(ptr + abi.OffCursor); ok && c < uint32(n) {
		return int(c)
	}
	return -1
}

// flush ends the lines that the guest began, and its allowance of output.
func (ins *instance) flush() {
	for _, w := range ins.output {
		w.flush()
	}
}

func (ins *instance) close(ctx context.Context) {
	ins.ctx.tally.leave()
	if ins.mod != nil {
		_ = ins.mod.Close(context.WithoutCancel(ctx)) // it holds no files, only memory
	}
}
