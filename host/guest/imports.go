package guest

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest/meter"
)

var errOutput = errors.New("too much output in one call")

// hostModules makes what a guest may import, by module name.
func (m *Module) hostModules(ctx context.Context) (map[string]api.Module, error) {
	wasi := m.rt.NewHostModuleBuilder(abi.ImportWASI)
	wasi_snapshot_preview1.NewFunctionExporter().ExportFunctions(wasi)
	own := m.rt.NewHostModuleBuilder(abi.ImportModule)
	for _, f := range []struct {
		name            string
		call            api.GoModuleFunc
		params, results []api.ValueType
	}{
		{abi.ImportLog, m.log, []api.ValueType{i32, i32, i32}, nil},
		{abi.ImportMetric, metric, []api.ValueType{i32, i32, i32}, []api.ValueType{i32}},
		{abi.ImportCount, count, []api.ValueType{i32, f64}, nil},
		{abi.ImportJSON, tape, []api.ValueType{i32, i32, i32, i32}, []api.ValueType{i32}},
	} {
		own.NewFunctionBuilder().WithGoModuleFunction(f.call, f.params, f.results).Export(f.name)
	}
	builders := map[string]wazero.HostModuleBuilder{abi.ImportWASI: wasi, abi.ImportModule: own}
	if m.fuelName != "" {
		builders[meter.ImportModule] = m.rt.NewHostModuleBuilder(meter.ImportModule).NewFunctionBuilder().
			WithGoModuleFunction(api.GoModuleFunc(more), []api.ValueType{i64}, []api.ValueType{i64}).
			Export(meter.ImportMore)
	}
	hosts := map[string]api.Module{}
	for name, b := range builders {
		mod, err := b.Instantiate(ctx)
		if err != nil {
			return nil, fmt.Errorf("host module %s: %w", name, err)
		}
		hosts[name] = mod
	}
	return hosts, nil
}

// log is the import of that name: level, ptr, len. A text that is not in
// memory is a fault: the panic becomes a trap of the guest.
func (m *Module) log(ctx context.Context, mod api.Module, stack []uint64) {
	level, ptr, n := abi.Level(api.DecodeI32(stack[0])), api.DecodeU32(stack[1]), api.DecodeU32(stack[2])
	m.lines.line(ctx, level, view(mod.Memory(), "log: a text", ptr, uint64(n)))
}

// tape is the import json: ptr and len of a text, and where its tape goes, with
// how many entries. The guest pays a unit for each byte of the text.
func tape(ctx context.Context, mod api.Module, stack []uint64) {
	ptr, n, out, most := api.DecodeU32(stack[0]), api.DecodeU32(stack[1]), api.DecodeU32(stack[2]), api.DecodeU32(stack[3])
	size := min(uint64(most), uint64(n)) * abi.TapeEntry // it takes no more
	text := view(mod.Memory(), "json: a text", ptr, uint64(n))
	dst := view(mod.Memory(), "json: a tape", out, size)
	if size > 0 && uint64(ptr) < uint64(out)+size && uint64(out) < uint64(ptr)+uint64(n) {
		panic(fmt.Errorf("json: a tape of %d bytes at %#x lies over its text of %d at %#x", size, out, n, ptr))
	}
	if t, ok := ctx.Value(tankKey{}).(*tank); ok {
		t.charge(int64(n))
	}
	stack[0] = api.EncodeI32(int32(abi.WriteTape(dst, text)))
}

// view returns guest memory. That there is none is a fault.
func view(mem api.Memory, what string, ptr uint32, n uint64) []byte {
	if end := uint64(ptr) + n; end <= uint64(mem.Size()) {
		if v, ok := mem.Read(ptr, uint32(n)); ok {
			return v
		}
	}
	panic(fmt.Errorf("%s of %d bytes at %#x lies outside of the memory of %d", what, n, ptr, mem.Size()))
}
