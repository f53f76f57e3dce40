package jsonscan

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"
)

// TestTapesAreTheHosts: what this package makes without a host is what the host makes.
func TestTapesAreTheHosts(t *testing.T) {
	text, err := os.ReadFile("../../../abi/testdata/tapes.txt")
	if err != nil {
		t.Skip(err) // this module may be used without the repository
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		var src, want string
		if _, err := fmt.Sscanf(line, "%q %s", &src, &want); err != nil {
			t.Fatal(err)
		}
		var s Scanner
		s.Reset([]byte(src))
		tape := s.Tape()
		raw := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(tape))), len(tape)*int(unsafe.Sizeof(Entry{})))
		if got := hex.EncodeToString(raw); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", src, got, want)
		}
		n++
	}
	if n < 5 {
		t.Errorf("only %d tapes", n)
	}
}
