package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

// A source whose receiver gives no answer holds all the memory that it may
// have. The logs of another one come through all the same.
func TestStuckSourceLeavesMemoryToOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	service, err := slstest.New(slstest.Config{Projects: []slstest.Project{{Name: "shop", Logstores: []slstest.Logstore{
		{Name: "stuck", Shards: 16}, {Name: "fine", Shards: 1},
	}}}})
	w.must(err)
	w.must(service.Start(""))
	t.Cleanup(func() { service.Close() })
	load := func(logstore, padding string, ids []int) {
		var lines strings.Builder
		for _, id := range ids {
			fmt.Fprintf(&lines, `{"__time__":"1760000000","id":"%d","padding":%q}`+"\n", id, padding)
		}
		_, err := service.Load("shop", logstore, strings.NewReader(lines.String()))
		w.must(err)
	}
	load("stuck", strings.Repeat("x", 5000), ids(0, 1600, 1))

	silence := make(chan struct{})
	silent := w.hecLike(sinktest.HECOptions{Token: testToken, OnEvent: func(*sinktest.HECEvent) { <-silence }})
	t.Cleanup(func() { close(silence) }) // before the receiver is closed
	dir := t.TempDir()
	w.must(os.WriteFile(filepath.Join(dir, "slswasm.yaml"), fmt.Appendf(nil, `
fetch-interval: 20ms
max-in-flight: 2MiB
drain-timeout: 10ms
endpoint: http://%s
project: shop
group: siem
sources:
  - {logstore: stuck, sinks: [silent]}
  - {logstore: fine, sinks: [hec]}
sinks:
  - {name: silent, type: hec, url: "%s", token: %s}
  - {name: hec, type: hec, url: "%s", token: %s}
`, service.Addr(), silent.URL(), testToken, w.hec.URL(), testToken), 0o600))
	p := w.startIn(dir, nil, "run", "--config", "slswasm.yaml")
	p.told("other shards have the memory for pulls and do not get on")
	load("fine", strings.Repeat("y", 5000), ids(0, 1000, 1)) // more than all memory, many times
	w.await(1000)
	w.complete(0, 1000, false)
	w.must(p.Process.Signal(syscall.SIGTERM))
	p.end(exitFailed)
}
