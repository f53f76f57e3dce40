package guest

import (
	"strings"
	"testing"
)

func TestBuildHint(t *testing.T) {
	_, err := compile(t, "not-initialized")
	const want = "init: trap: unreachable, in not_initialized < init; was it built with -buildmode=c-shared?"
	if err == nil || err.Error() != "guest not-initialized.wasm: "+want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
	if listed := strings.Replace(want, "not_initialized", "runtime.notInitialized", 1); !strings.Contains(document(t), "\n"+listed+"\n") {
		t.Errorf("ABI.md does not list: %s", listed)
	}
}
