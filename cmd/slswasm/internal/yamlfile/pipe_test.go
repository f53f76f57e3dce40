//go:build unix

package yamlfile

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestNobodyWritesToThePipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("SKIPPED: no pipe can be made: %v", err)
	}
	if _, err := parseMap(t, "a: file:"+pipe+"\n")["a"].Text(); err == nil || !strings.Contains(err.Error(), "is no regular file") {
		t.Error(err)
	}
}
