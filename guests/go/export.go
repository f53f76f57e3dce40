//go:build wasm || tinygo.wasm

// TinyGo's target wasm-unknown goes by the tag tinygo.wasm and not by its GOARCH.

package slswasm

import "unsafe"

// maxBatch is the largest batch that alloc accepts: more than one LogGroup
// can hold (10 MB), and little enough for Go's heap in the host's default
// limit of 64 MiB. When alloc refuses, the host sends fewer logs at once;
// running out of memory instead would blame a log.
const maxBatch = 16 << 20

// buffer is where the host writes the configuration and the batches.
var buffer []byte

// descriptor keeps init's answer alive until the host has read it.
var descriptor []byte

//go:wasmexport slswasm_v1_alloc
func wasmAlloc(n uint32) uint32 {
	if n > maxBatch {
		return 0
	}
	if int(n) > cap(buffer) || cap(buffer) == 0 {
		buffer = nil // let it be collected before the larger one is made
		buffer = make([]byte, max(n+n/4, 4096))
	}
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(buffer))))
}

//go:wasmexport slswasm_v1_init
func wasmInit(ptr unsafe.Pointer, n uint32) uint64 {
	descriptor = self.init(unsafe.Slice((*byte)(ptr), n))
	return result(descriptor)
}

//go:wasmexport slswasm_v1_transform
func wasmTransform(ptr unsafe.Pointer, n uint32) uint64 {
	return result(self.transform(unsafe.Slice((*byte)(ptr), n)))
}

// result is where b lies, as the exports tell it; 0 for nil.
func result(b []byte) uint64 {
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b))))<<32 | uint64(len(b))
}

//go:wasmimport slswasm_v1 log
func hostLog(level int32, ptr unsafe.Pointer, n uint32)

func printLine(level Level, text string) {
	hostLog(int32(level), unsafe.Pointer(unsafe.StringData(text)), uint32(len(text)))
}
