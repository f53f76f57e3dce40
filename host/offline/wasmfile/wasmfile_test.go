package wasmfile

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slswasm/slswasm/host/guest/guesttest"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	return guesttest.Hex(t, "testdata/wat/"+name+".hex")
}

func TestRead(t *testing.T) {
	got, err := Read(fixture(t, "clock"))
	if err != nil {
		t.Fatal(err)
	}
	want := &File{
		Imports: []Item{
			{"wasi_snapshot_preview1", "poll_oneoff", "func", "(func (param i32 i32 i32 i32) (result i32))"},
			{"wasi_snapshot_preview1", "clock_time_get", "func", "(func (param i32 i64 i32) (result i32))"},
			{"wasi_snapshot_preview1", "random_get", "func", "(func (param i32 i32) (result i32))"},
		},
		Exports: []Item{
			{"", "memory", "memory", ""},
			{"", "slswasm_v1_init", "func", "(func (param i32 i32) (result i64))"},
			{"", "slswasm_v1_alloc", "func", "(func (param i32) (result i32))"},
			{"", "slswasm_v1_transform", "func", "(func (param i32 i32) (result i64))"},
		},
		Memories:  []Memory{{Least: 40}},
		Functions: 3,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// All code of a whole toolchain is read to its end.
func TestReadGo(t *testing.T) {
	f, err := Read(guesttest.Build(t, "audit"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(f.Features, "bulk-memory") || !slices.Contains(f.Features, "sign-ext") || slices.Contains(f.Features, "simd128") {
		t.Errorf("features %v", f.Features)
	}
	if len(f.Producers) == 0 || !strings.HasPrefix(f.Producers[0], "language Go go1.") {
		t.Errorf("producers %q", f.Producers)
	}
}

// one makes a module of one function with these instructions.
func one(code string) []byte {
	body := "\x00" + code + "\x0b"
	section := "\x01" + string(rune(len(body))) + body
	return []byte("\x00asm\x01\x00\x00\x00" + "\x01\x04\x01\x60\x00\x00" + "\x03\x02\x01\x00" + "\x0a" + string(rune(len(section))) + section)
}

func TestFeatures(t *testing.T) {
	for code, want := range map[string]string{
		"\x01\x41\x7f\x1a\x42\x80\x80\x7f\x1a\x43\x0b\x0b\x0b\x0b\x1a\x44\x00\x00\x00\x00\x00\x00\x00\x00\x1a": "",
		"\x02\x40\x0c\x00\x0b\x03\x7f\x0e\x02\x00\x00\x00\x0b":                                                 "",
		"\x28\x02\x80\x80\x04\x1a\x3f\x00\x1a\x11\x00\x00":                                                     "",
		"\x41\x01\xc0":                         "sign-ext",
		"\xfc\x03":                             "nontrapping-fptoint",
		"\xfc\x0a\x00\x00":                     "bulk-memory",
		"\xfc\x0b\x00":                         "bulk-memory",
		"\xfc\x0f\x00":                         "reference-types",
		"\xd0\x70\x1a\xd2\x00\x1a":             "reference-types",
		"\xfd\x0c0123456789abcdef\xfd\x15\x00": "simd128",
		"\xfd\x00\x00\x00\xfd\x54\x00\x00\x00": "simd128",
		"\xfd\x80\x02":                         "relaxed-simd simd128",
		"\xfe\x03\x00\xfe\x10\x02\x00":         "atomics",
		"\x12\x00\x13\x00\x00":                 "tail-call",
		"\x06\x40\x07\x00\x0b":                 "exception-handling",
		"\x28\x42\x01\x00":                     "multimemory",
	} {
		f, err := Read(one(code))
		if got := strings.Join(f.Features, " "); err != nil || got != want {
			t.Errorf("%x: %s, %v, want %s", code, got, err, want)
		}
	}
}

// What comes before the damage is told.
func TestDamaged(t *testing.T) {
	whole := fixture(t, "keep")
	for wasm, want := range map[string]string{
		"":                        "not a WebAssembly module of version 1",
		"\x00asm\x0d\x00\x01\x00": "not a WebAssembly module of version 1",
		string(whole[:60]):        "byte 33: section 7 does not fit into the file",
		string(one("\xfb\x00")):   "section 10 at byte 18: an instruction that is not known, 0xfb, at byte 1 of its function",
		string(one("\xfc\x7f")):   "section 10 at byte 18: an instruction that is not known, 0xfc, at byte 1 of its function",
		string(one("\x43\x00")):   "section 10 at byte 18: cut off or damaged",
	} {
		f, err := Read([]byte(wasm))
		if err == nil || err.Error() != want {
			t.Errorf("%.20x: %v, want %s", wasm, err, want)
		}
		if f == nil || len(wasm) == 60 && len(f.Memories) != 1 {
			t.Errorf("%.20x: %+v", wasm, f)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"keep", "clock", "table-grow", "import-memory", "version-2"} {
		f.Add(fixture(f, name))
	}
	f.Add(one("\xfd\x00\x00\x00\x06\x40\x07\x00\x0b"))
	f.Fuzz(func(t *testing.T, wasm []byte) {
		file, _ := Read(wasm)
		if n := len(file.Imports) + len(file.Exports) + file.Functions; n > len(wasm) {
			t.Errorf("%d items in %d bytes", n, len(wasm))
		}
	})
}
