package doctor

import (
	"strings"
	"testing"

	"github.com/slswasm/slswasm/host/guest"
)

// What makes a guest slow is told of before it runs.
func TestSlowGuests(t *testing.T) {
	for found, info := range map[string]guest.Info{
		"it cannot be metered: opcode 0xfd": {Unmetered: "opcode 0xfd"},
		"it is interpreted, fifty times slower: this system refuses executable memory: mprotect: permission denied": {Interpreted: "mprotect: permission denied"},
	} {
		if f := describe(info); f.status != Warning || !strings.Contains(f.found, found) || f.remedy == "" {
			t.Errorf("%+v, want a warning with %q", f, found)
		}
	}
	if f := describe(guest.Info{}); f.status != OK {
		t.Errorf("%+v", f)
	}
}
