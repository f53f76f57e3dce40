//go:build wasm && !tinygo

package slswasm

import (
	"runtime"
	"runtime/debug"
)

// Go's collector first runs at 4 MiB, a hundredth of that for each percent:
// what a guest keeps is little, and an instance with less is quicker, for its
// memory stays in the processor's caches.
var _ = debug.SetGCPercent(25)

// heap is where the collector runs first, and half of that again for what is
// allocated beside small holes, and while it runs.
var heap = 3 << 19

// The heap has that size from the start: with a guest that seldom allocates, it
// would grow for many thousand logs, and look like a leak. What is not touched
// costs addresses, and no memory.
var _ = func() bool {
	_ = make([]byte, heap)
	runtime.GC()
	return true
}()
