package guest

import (
	"errors"
	"runtime"
	"slices"
	"testing"

	"github.com/slswasm/slswasm/abi"
)

// heap returns the bytes that are in use after a collection.
func heap() int {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int(s.HeapAlloc)
}

// A guest within its own memory does not fill the host's: of a hundred logs
// of a few bytes, those fail that would make more than the host's limit.
func TestHoard(t *testing.T) {
	m, in := mustCompile(t, "reply-hoard"), logs(100)
	var out Output
	before := heap()
	if err := m.Transform(t.Context(), in, &out); err != nil {
		t.Fatal(err)
	}
	if grown := heap() - before; grown > 128<<20 {
		t.Errorf("the host holds %d MiB for %d logs", grown>>20, len(in))
	}
	balance(t, in, &out)
	if want := every(1, len(in))[16:]; !slices.Equal(failed(&out), want) {
		t.Errorf("failed: %v", failed(&out))
	}
	const want = "guest reply-hoard.wasm: reply: record 0, byte 4194315: more output than the host's limit of 67108864 bytes"
	for _, f := range out.Failures {
		if !errors.Is(f.Err, abi.ErrLimit) || f.Err.Error() != want {
			t.Fatalf("\n got %v\nwant %s", f.Err, want)
		}
	}
	if err := m.Transform(t.Context(), in[:10], &out); err != nil || len(out.Failures) != 0 {
		t.Errorf("the next logs: %v, failures %v", err, out.Failures)
	}
	runtime.KeepAlive(&out)
}
