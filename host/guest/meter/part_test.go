package meter

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
)

// In how many parts a module is rewritten shows nowhere.
func TestParts(t *testing.T) {
	const turns = "\x03\x40\x41\x0a\x04\x40\x10\x00\x0c\x01\x0b\x0b"
	damaged := func(n, at int) []byte {
		wasm := manyOf(n, turns)
		wasm[at] = 0xfe // a loop
		return wasm
	}
	const n = partLeast / 5 // three parts
	for name, wasm := range map[string][]byte{
		"none": manyOf(0, turns), "one": manyOf(1, turns), "few": manyOf(100, turns), "many": manyOf(n, turns), "uneven": manyOf(n+3, turns),
		"damaged at first": damaged(n, n+1<<10), "damaged at last": damaged(n, len(manyOf(n, turns))-len(turns)-1),
		"cut off": manyOf(n, turns)[:n*8], "functions missing": bytes.Replace(manyOf(n, turns), []byte("\x10\x00"), []byte("\x10"), 1),
	} {
		var outs [2][]byte
		var reports [2]*Report
		var errs [2]error
		for i, procs := range []int{1, 4} {
			before := runtime.GOMAXPROCS(procs)
			outs[i], reports[i], errs[i] = Rewrite(wasm)
			runtime.GOMAXPROCS(before)
		}
		if !bytes.Equal(outs[0], outs[1]) || problem(errs[0]) != problem(errs[1]) || errs[0] == nil && *reports[0] != *reports[1] {
			t.Errorf("%s: %d and %d bytes, %v and %v, %v and %v", name, len(outs[0]), len(outs[1]), reports[0], reports[1], errs[0], errs[1])
		}
		if good := !strings.Contains(name, "damaged") && name != "cut off" && name != "functions missing"; good != (errs[0] == nil) {
			t.Errorf("%s: %v", name, errs[0])
		}
	}
}
