package guest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest/wasmbin"
)

const (
	i32 = api.ValueTypeI32
	i64 = api.ValueTypeI64
	f64 = api.ValueTypeF64
)

// exports are the functions of ABI.md that the host calls.
var exports = []struct {
	name            string
	params, results []api.ValueType
	optional        bool
}{
	{abi.ExportAlloc, []api.ValueType{i32}, []api.ValueType{i32}, false},
	{abi.ExportTransform, []api.ValueType{i32, i32}, []api.ValueType{i64}, false},
	{abi.ExportInit, []api.ValueType{i32, i32}, []api.ValueType{i64}, true},
	{abi.ExportInitialize, nil, nil, true},
}

// checkHeader says what a file is that is not a core module of version 1.
func checkHeader(wasm []byte) error {
	const want = wasmbin.Magic
	switch {
	case bytes.HasPrefix(wasm, []byte(want)):
		return nil
	case len(wasm) == 0:
		return errors.New("is empty; it must be a WebAssembly module")
	case bytes.HasPrefix(wasm, []byte("\x00asm\x0d\x00\x01\x00")):
		return errors.New("is a WebAssembly component; build a core module: target wasip1 or wasm32-unknown-unknown, not wasip2")
	case bytes.HasPrefix(wasm, []byte("\x00asm")) && len(wasm) >= len(want):
		return fmt.Errorf("is WebAssembly of version %#x; it must be a core module of version 1", wasm[4:8])
	case bytes.HasPrefix(wasm, []byte("\x00asm")):
		return errors.New("is cut off: WebAssembly, but no module")
	}
	for magic, what := range map[string]string{
		"\x7fELF": "is a program for Linux (ELF)", "MZ": "is a program for Windows",
		"\xcf\xfa\xed\xfe": "is a program for macOS", "\x1f\x8b": "is compressed with gzip",
		"!<arch>": "is an archive of object files", "#!": "is a script", "BC\xc0\xde": "is LLVM bitcode",
	} {
		if bytes.HasPrefix(wasm, []byte(magic)) {
			return errors.New(what + "; it must be a WebAssembly module")
		}
	}
	head := bytes.TrimSpace(wasm[:min(len(wasm), 512)])
	switch {
	case bytes.HasPrefix(head, []byte("(module")) || bytes.HasPrefix(head, []byte(";;")):
		return errors.New("is WebAssembly as text; assemble it with wat2wasm")
	case utf8.Valid(head):
		return errors.New("is text; it must be a WebAssembly module, the output of the compiler")
	}
	return errors.New("is not WebAssembly: it does not begin with the bytes 00 61 73 6d")
}

// compileError is for a module that the engine refuses.
func compileError(err error, memoryLimit int) error {
	line, _, _ := strings.Cut(err.Error(), "\n")
	line = abi.Printable([]byte(line), 2*shownText)
	if strings.Contains(line, "min ") && strings.Contains(line, "over limit of") {
		return fmt.Errorf("needs more memory to start than --memory-limit allows, %d KiB: %s", memoryLimit>>10, line)
	}
	return fmt.Errorf("is not a valid module: %s", line)
}

// checkModule holds a module's imports and exports against ABI.md.
func checkModule(c wazero.CompiledModule, hosts map[string]api.Module) error {
	for _, mem := range c.ImportedMemories() {
		mod, name, _ := mem.Import()
		return fmt.Errorf("imports its memory (%q %q); build it so that it has and exports its own: without --import-memory", mod, name)
	}
	if err := checkVersion(c.ExportedFunctions()); err != nil {
		return err
	}
	for _, f := range c.ImportedFunctions() {
		if err := checkImport(f, hosts); err != nil {
			return err
		}
	}
	return checkExports(c)
}

// checkVersion says so when a module is built for another version of the ABI.
func checkVersion(funcs map[string]api.FunctionDefinition) error {
	if funcs[abi.ExportTransform] != nil {
		return nil
	}
	for name := range funcs {
		v, ok := strings.CutPrefix(name, "slswasm_v")
		if v, _, cut := strings.Cut(v, "_"); ok && cut && v != fmt.Sprint(abi.Version) {
			return fmt.Errorf("is built for version %s of the guest ABI; this host has version %d: build it with an SDK of that version",
				abi.Printable([]byte(v), 16), abi.Version)
		}
	}
	return nil
}

func checkImport(f api.FunctionDefinition, hosts map[string]api.Module) error {
	mod, name, _ := f.Import()
	host, ok := hosts[mod]
	if !ok {
		return fmt.Errorf("imports %q %q, which is not offered; %s", mod, name, importHint(mod, name))
	}
	def, ok := host.ExportedFunctionDefinitions()[name]
	if !ok {
		return fmt.Errorf("imports %q %q, which is not offered; the functions of that module are in ABI.md", mod, name)
	}
	if !slices.Equal(f.ParamTypes(), def.ParamTypes()) || !slices.Equal(f.ResultTypes(), def.ResultTypes()) {
		return fmt.Errorf("imports %q %q as %s; it is %s", mod, name,
			signature(f.ParamTypes(), f.ResultTypes()), signature(def.ParamTypes(), def.ResultTypes()))
	}
	return nil
}

// importHint says how to build a module without this import.
func importHint(mod, name string) string {
	switch {
	case mod == "env" && name == "abort":
		return "with AssemblyScript, build with --use abort="
	case mod == "gojs" || mod == "go":
		return "build with GOOS=wasip1, not GOOS=js"
	case strings.HasPrefix(mod, "__wbindgen") || mod == "wbg":
		return "build without wasm-bindgen"
	case mod == "wasi_unstable":
		return "build for wasi_snapshot_preview1 (wasip1)"
	case strings.HasPrefix(mod, "wasi:"):
		return "build for wasip1, not wasip2"
	case strings.HasPrefix(mod, "slswasm_v"):
		return fmt.Sprintf("this host has version %d of the guest ABI", abi.Version)
	}
	return fmt.Sprintf("a guest may import %q %q and %q", abi.ImportModule, abi.ImportLog, abi.ImportWASI)
}

func checkExports(c wazero.CompiledModule) error {
	if c.ExportedMemories()[abi.ExportMemory] == nil {
		return fmt.Errorf(`does not export its memory: (export %q (memory 0)) is missing`, abi.ExportMemory)
	}
	funcs := c.ExportedFunctions()
	for _, want := range exports {
		f := funcs[want.name]
		switch {
		case f == nil && want.optional:
		case f == nil && funcs["_start"] != nil:
			return fmt.Errorf("does not export %s, but _start: it is a command; with Go, build with -buildmode=c-shared", want.name)
		case f == nil:
			return fmt.Errorf("does not export %s %s", want.name, signature(want.params, want.results))
		case !slices.Equal(f.ParamTypes(), want.params) || !slices.Equal(f.ResultTypes(), want.results):
			return fmt.Errorf("exports %s as %s; it must be %s", want.name,
				signature(f.ParamTypes(), f.ResultTypes()), signature(want.params, want.results))
		}
	}
	return nil
}

// buildHint is for a module whose functions cannot run: a runtime that only
// _start sets up never is.
func (m *Module) buildHint() string {
	if funcs := m.compiled.ExportedFunctions(); funcs["_start"] != nil && funcs[abi.ExportInitialize] == nil {
		return "; was it built with -buildmode=c-shared?"
	}
	return ""
}

// signature writes a function's type as WebAssembly text does.
func signature(params, results []api.ValueType) string {
	s := "(func"
	for _, l := range []struct {
		name  string
		types []api.ValueType
	}{{"param", params}, {"result", results}} {
		if len(l.types) == 0 {
			continue
		}
		s += " (" + l.name
		for _, t := range l.types {
			s += " " + api.ValueTypeName(t)
		}
		s += ")"
	}
	return s + ")"
}
