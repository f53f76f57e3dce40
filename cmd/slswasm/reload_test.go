package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
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
