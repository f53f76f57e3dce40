package guest

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slswasm/slswasm/host/guest/guesttest"
)

// The hostile guests are text with their assembled form beside it, so that
// the tests need no assembler. After a change: go test -run Fixtures -update
var update = flag.Bool("update", false, "assemble testdata/wat again with wat2wasm")

const fixtures = "../../testdata/wat"

// fixture returns the Wasm of one hostile guest.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	return guesttest.Hex(t, "testdata/wat/"+name+".hex")
}

// The hex must be what wat2wasm makes of the text.
func TestFixtures(t *testing.T) {
	wats, err := filepath.Glob(filepath.Join(fixtures, "*.wat"))
	if err != nil || len(wats) == 0 {
		t.Fatalf("%d fixtures, %v", len(wats), err)
	}
	wat2wasm, err := exec.LookPath("wat2wasm")
	if err != nil {
		t.Skip("SKIPPED: wat2wasm is not installed (package wabt); the assembled guests are used without comparing them with their text")
	}
	for _, wat := range wats {
		name := strings.TrimSuffix(filepath.Base(wat), ".wat")
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), wat2wasm, "--debug-names", "--output=/dev/stdout", wat)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			wasm, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr.Bytes())
			}
			if *update {
				if err := os.WriteFile(strings.TrimSuffix(wat, ".wat")+".hex", hexLines(wasm), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(wasm, fixture(t, name)) {
				t.Error("the hex is not what wat2wasm makes of the text: run go test ./host/guest -run Fixtures -update")
			}
		})
	}
}

func hexLines(b []byte) []byte {
	var out []byte
	for len(b) > 0 {
		n := min(len(b), 40)
		out = append(hex.AppendEncode(out, b[:n]), '\n')
		b = b[n:]
	}
	return out
}
