package offline

import (
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
)

// strange is spin.wat with an instruction that package meter does not know and
// the engine takes by default: fd 80 02, of relaxed SIMD. The engine reads one
// byte behind fd, and finds i16x8.abs and a block.
func strange(t *testing.T) []byte {
	t.Helper()
	const vector = "\xfd\x0c" + "0123456789abcdef" + "\xfd\x80\x02\x40\x0b" + "\x1a" // 24 bytes; the last drops it
	wasm := string(fixture(t, "spin"))
	for _, edit := range [][2]string{
		{"\x0a\x7a\x04", "\x0a\x92\x01\x04"},                                   // the code section's length
		{"\x23\x01\x02\x7f\x20\x00", "\x3b\x01\x02\x7f" + vector + "\x20\x00"}, // the body of transform, and its length
	} {
		if strings.Count(wasm, edit[0]) != 1 {
			t.Fatalf("%x is not once in spin.wat", edit[0])
		}
		wasm = strings.Replace(wasm, edit[0], edit[1], 1)
	}
	return []byte(wasm)
}

// A guest with an instruction that cannot be metered runs all the same, and is
// interrupted by the clock; whoever inspects it reads why.
func TestUnmetered(t *testing.T) {
	wasm := strange(t)
	const why = "section 10: an instruction that is not known, 0xfd 256"
	r, err := Inspect(t.Context(), &Module{Name: "strange", Wasm: wasm})
	if err != nil || r.Problem != "" || r.Metered || r.Unmetered != why {
		t.Errorf("%+v, %v", r, err)
	}
	m, err := guest.Compile(t.Context(), guest.Config{Name: "strange", Wasm: wasm, TimeLimit: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(t.Context()) //nolint:errcheck // of a test
	logs := make([]abi.Event, 4)
	for i := range logs {
		logs[i].Origin = i
	}
	logs[2].Fields = []abi.Field{{Key: []byte("bad"), Value: []byte("x")}} // where it spins
	var out guest.Output
	if err := m.Transform(t.Context(), logs, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Events) != 3 || len(out.Failures) != 1 || out.Failures[0].Index != 2 ||
		out.Failures[0].Err.Error() != "guest strange: time limit: still running after 100ms" {
		t.Errorf("%d events, failures %v", len(out.Events), out.Failures)
	}
	if m.Info().Unmetered != why || m.Fuel() != 0 {
		t.Errorf("%d units, unmetered: %q", m.Fuel(), m.Info().Unmetered)
	}
}
