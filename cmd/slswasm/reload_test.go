package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/slswasm/slswasm/sinks/sinktest"
)

func TestReload(t *testing.T) {
	for name, watch := range map[string]bool{"hangup": false, "watch": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 2)
			module := filepath.Join(t.TempDir(), "module.wasm")
			write := func(content []byte) {
				// Renamed into place, as a careful deployment does.
				w.must(os.WriteFile(module+".new", content, 0o600))
				w.must(os.Rename(module+".new", module))
			}
			audit, err := os.ReadFile(w.audit)
			w.must(err)
			write(readHostile(t, "drop"))
			w.audit = module
			flags := []string{"--dead-letters", filepath.Join(t.TempDir(), "dead.jsonl")}
			if watch {
				flags = append(flags, "--watch")
			}
			p := w.run(w.toHEC(), flags...)
			reload := func() {
				if !watch {
					w.must(p.Process.Signal(syscall.SIGHUP))
				}
			}
			p.told("shard taken over")

			write([]byte("this is no module"))
			reload()
			p.told("the new guest is refused, the one in use stays")
			p.told("module.wasm: is text")

			write(audit)
			reload()
			p.told("guest replaced")
			w.put(numbered(0, 100))
			w.await(100)
			w.must(p.Process.Signal(syscall.SIGTERM))
			p.end(exitOK)
			w.complete(0, 100, false)
		})
	}
}

// TestTokenIsReadAgain: a wrong token holds delivery and raises the alarm; the
// right one, in the same file, lets everything through.
func TestTokenIsReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	token := filepath.Join(t.TempDir(), "token")
	w.must(os.WriteFile(token, []byte(testToken+"\n"), 0o600))
	letters := filepath.Join(t.TempDir(), "dead.jsonl")
	p := w.run(w.toHEC(), "--hec-token", "", "--hec-token-file", token, "--dead-letters", letters, "--hold", "100ms")
	p.told("shard taken over")

	// The receiver comes back with another token.
	address := strings.TrimPrefix(w.hec.URL(), "http://")
	w.must(w.hec.Close())
	var err error
	w.hec, err = sinktest.StartHEC(sinktest.HECOptions{Addr: address, Token: "another-token", OnEvent: w.take})
	w.must(err)
	w.put(numbered(0, 100))
	p.told("delivery is held until a setting is changed")
	w.must(os.WriteFile(token, []byte("another-token\n"), 0o600))
	w.must(p.Process.Signal(syscall.SIGHUP))
	p.told("delivering again; the hold is over")
	w.await(100)
	w.must(p.Process.Signal(syscall.SIGTERM))
	p.end(exitOK)
	w.complete(0, 100, false)
	if info, err := os.Stat(letters); err != nil || info.Size() > 0 {
		t.Errorf("there are dead letters: %v, %v", info, err)
	}
}
