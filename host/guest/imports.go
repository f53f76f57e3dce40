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
	own := m.rt.NewHostModuleBuilder(abi.ImportModule).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(m.log), []api.ValueType{i32, i32, i32}, nil).
		Export(abi.ImportLog).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(metric), []api.ValueType{i32, i32, i32}, []api.ValueType{i32}).
		Export(abi.ImportMetric).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(count), []api.ValueType{i32, f64}, nil).
		Export(abi.ImportCount)
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
	text, ok := mod.Memory().Read(ptr, n)
	if !ok {
		panic(fmt.Errorf("log: a text of %d bytes at %#x lies outside of the memory of %d", n, ptr, mod.Memory().Size()))
	}
	m.lines.line(ctx, level, text)
}
