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

var firstCollection = 1 << 20

// The heap has room for that from the start: with a guest that seldom allocates, it
// would grow for many thousand logs, and look like a leak. What is not touched
// costs addresses, and no memory.
var _ = func() bool {
	_ = make([]byte, firstCollection)
	runtime.GC()
	return true
}()
