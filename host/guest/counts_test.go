package guest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
)

func TestCheckCounts(t *testing.T) {
	for _, good := range []string{
		"", "\x01\x04\x01\x60\x00\x00", "\x08\x01\x7f", "\x0c\x04\xff\xff\xff\x7f", "\x00\x06\x03abc\xff\xff", "\x00\x05\x04name",
		"\x00\x0f\x04name\x00\x02\x01m\x01\x04\x01\x00\x01f", "\x00\x0e\x04name\x02\x07\x01\x00\x01\x00\x02xy", "\x00\x0a\x04name\x09\x03\xff\xff\x7f",
	} {
		if err := checkCounts([]byte(header + good)); err != nil {
			t.Errorf("% x: %v", good, err)
		}
	}
	for _, bad := range []string{
		"\x01\x04\xff\xff\xff\x7f", "\x0a\x02\x02\x00", "\x00\x0a\x04name\x02\x03\xff\xff\x7f",
		"\x00\x0d\x04name\x02\x06\x01\x00\xff\xff\x7f\x00",
	} {
		if err := checkCounts([]byte(header + bad)); err == nil || !strings.Contains(err.Error(), "says that it has more entries than bytes") {
			t.Errorf("% x: %v", bad, err)
		}
	}
}

// What is refused the engine would refuse, too.
func FuzzCheckCounts(f *testing.F) {
	f.Add([]byte("\x01\x04\x01\x60\x00\x00"))
	f.Add([]byte("\x00\x0f\x04name\x00\x02\x01m\x01\x04\x01\x00\x01f"))
	for _, name := range []string{"table-grow", "keep"} {
		f.Add(fixture(f, name)[len(header):])
	}
	rt := wazero.NewRuntimeWithConfig(f.Context(), wazero.NewRuntimeConfigInterpreter())
	f.Cleanup(func() { _ = rt.Close(f.Context()) })
	f.Fuzz(func(t *testing.T, body []byte) {
		wasm := []byte(header + string(body))
		if _, err := boundTables(bytes.Clone(wasm)); err != nil {
			return
		}
		claims := checkCounts(wasm)
		if claims != nil && bytes.ContainsFunc(body, func(c rune) bool { return c > 0x7f }) {
			return // the engine would believe numbers of millions
		}
		mod, err := rt.CompileModule(t.Context(), wasm)
		if err == nil {
			_ = mod.Close(t.Context())
			if claims != nil {
				t.Errorf("% x: %v", wasm, claims)
			}
		}
	})
}
