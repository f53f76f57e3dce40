package guest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
)

const header = "\x00asm\x01\x00\x00\x00"

func TestBoundTables(t *testing.T) {
	for _, c := range [][3]string{
		{"none", "\x01\x04\x01\x60\x00\x00", "\x01\x04\x01\x60\x00\x00"},
		{"no bound", "\x04\x04\x01\x70\x00\x05", "\x04\x07\x01\x70\x01\x05\x80\x80\x40"},
		{"small bound", "\x04\x05\x01\x70\x01\x05\x07", "\x04\x05\x01\x70\x01\x05\x07"},
		{"great bound", "\x04\x07\x01\x70\x01\x05\xff\xff\x7f", "\x04\x07\x01\x70\x01\x05\x80\x80\x40"},
		{"two", "\x04\x07\x02\x70\x00\x05\x6f\x00\x06", "\x04\x0d\x02\x70\x01\x05\x80\x80\x20\x6f\x01\x06\x80\x80\x20"},
		{"between others", "\x00\x01x\x04\x04\x01\x70\x00\x00\x00\x01y", "\x00\x01x\x04\x07\x01\x70\x01\x00\x80\x80\x40\x00\x01y"},
	} {
		got, err := boundTables([]byte(header + c[1]))
		if err != nil || string(got) != header+c[2] {
			t.Errorf("%s: %v\n got % x\nwant % x", c[0], err, got[8:], c[2])
		}
	}
}

func TestBoundTablesErrors(t *testing.T) {
	for section, want := range map[string]string{
		"\x04\x04\x01\x70\x00":                     "is cut off or damaged: section 4 at byte 8 does not fit into its 13 bytes",
		"\x04\xff\xff\xff\xff\xff\x01":             "is cut off or damaged: section 4 at byte 8 does not fit into its 15 bytes",
		"\x04\x07\x01\x70\x00\xff\xff\xff\x7f":     "has tables of more than 1048576 elements",
		"\x04\x08\x01\x40\x00\x70\x00\x05\xd0\x0b": "has a table of a kind (0x40, 0x0) that is not supported",
		"\x04\x05\x01\x70\x03\x01\x02":             "has a table of a kind (0x70, 0x3) that is not supported",
		"\x04\x05\x01\x70\x00\x05\x00":             "is damaged: its table section cannot be read",
		"\x04\x04\x02\x70\x00\x05":                 "is damaged: its table section cannot be read",
		"\x04\x06\xff\xff\xff\xff\x0f\x70":         "is damaged: its table section cannot be read",
	} {
		if _, err := boundTables([]byte(header + section)); err == nil || err.Error() != want {
			t.Errorf("% x\n got %v\nwant %s", section, err, want)
		}
	}
}

// Whatever goes in, what comes out is bounded already; and a module that the
// engine takes it takes again.
func FuzzBoundTables(f *testing.F) {
	f.Add([]byte("\x04\x04\x01\x70\x00\x05"))
	f.Add([]byte("\x01\x04\x01\x60\x00\x00\x04\x07\x02\x70\x00\x05\x6f\x00\x06"))
	for _, name := range []string{"table-grow", "keep"} {
		f.Add(fixture(f, name)[len(header):])
	}
	rt := wazero.NewRuntimeWithConfig(f.Context(), wazero.NewRuntimeConfigInterpreter())
	f.Cleanup(func() { _ = rt.Close(f.Context()) })
	f.Fuzz(func(t *testing.T, body []byte) {
		wasm := []byte(header + string(body))
		once, err := boundTables(bytes.Clone(wasm))
		if err != nil {
			return
		}
		twice, err := boundTables(bytes.Clone(once))
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%v\n once % x\ntwice % x", err, once, twice)
		}
		c, err := rt.CompileModule(t.Context(), wasm)
		if err != nil {
			return
		}
		_ = c.Close(t.Context())
		c, err = rt.CompileModule(t.Context(), once)
		if err != nil {
			if strings.Contains(err.Error(), "table") { // such as an element beyond the bound
				return
			}
			t.Fatalf("was valid, is not: %v", err)
		}
		_ = c.Close(t.Context())
	})
}
