//go:build wasm && !tinygo

package slswasm

import "runtime/debug"

// Go's collector first runs at 4 MiB, a hundredth of that for each percent:
// what a guest keeps is little, and an instance with less is quicker, for its
// memory stays in the processor's caches.
var _ = debug.SetGCPercent(25)
