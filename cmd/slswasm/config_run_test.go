package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slswasm/slswasm/host/guest/guesttest"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

// An account counts the logs that a sink got, by the field "id".
type account struct {
	mu sync.Mutex
	by map[int]int
}

func (a *account) take(t *testing.T, event []byte) {
	var fields map[string]string
	if err := json.Unmarshal(event, &fields); err != nil {
		t.Errorf("event %.200q: %v", event, err)
		return
	}
	id, err := strconv.Atoi(fields["id"])
	if err != nil {
		t.Errorf("event %.200q: %v", event, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by == nil {
		a.by = map[int]int{}
	}
	a.by[id]++
}

// want checks that these came, each once, and nothing else.
func (a *account) want(t *testing.T, sink string, ids ...int) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	want := map[int]int{}
	for _, id := range ids {
		want[id]++
	}
	if d := cmp.Diff(want, a.by); d != "" {
		t.Errorf("%s: %d logs, want %d (-want +got):\n%s", sink, len(a.by), len(want), d)
	}
}

// ids are those from one number up to another, every step-th.
func ids(from, to, step int) (all []int) {
	for id := from; id < to; id += step {
		all = append(all, id)
	}
	return all
}

// Three sources take two chains of guests to three sinks, and every log comes
// to each sink that it is for, once, and to no other.
func TestRunWithConfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	service, err := slstest.New(slstest.Config{Projects: []slstest.Project{{Name: "shop", Logstores: []slstest.Logstore{
		{Name: "trail", Shards: 3}, {Name: "waf", Shards: 1}, {Name: "raw", Shards: 2},
	}}}})
	w.must(err)
	w.must(service.Start(""))
	t.Cleanup(func() { service.Close() })
	load := func(logstore string, topic func(id int) string, ids ...int) {
		var lines strings.Builder
		for _, id := range ids {
			fmt.Fprintf(&lines, `{"__time__":"1760000000","__topic__":%q,"id":"%d","verb":"get"}`+"\n", topic(id), id)
		}
		_, err := service.Load("shop", logstore, strings.NewReader(lines.String()))
		w.must(err)
	}
	load("trail", func(id int) string { return []string{"even", "odd"}[id%2] }, ids(0, 400, 1)...)
	load("waf", func(int) string { return "waf" }, ids(1000, 1100, 1)...)
	load("raw", func(int) string { return "" }, ids(2000, 2050, 1)...)

	var splunk, archive, qradar account
	first := w.hecLike(sinktest.HECOptions{Token: "first-token", OnEvent: func(e *sinktest.HECEvent) { splunk.take(t, e.Event) }})
	second := w.hecLike(sinktest.HECOptions{Token: "second-token", OnEvent: func(e *sinktest.HECEvent) { archive.take(t, e.Event) }})
	third := w.syslogLike(sinktest.SyslogOptions{Framing: sinktest.FrameOctet, OnMessage: func(m *sinktest.SyslogMessage) { qradar.take(t, m.Msg) }})

	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"audit.wasm": guesttest.BuildSmall(t, "audit"), "route.wasm": guesttest.BuildSmall(t, "route"), "token": []byte("second-token\n"),
		"slswasm.yaml": fmt.Appendf(nil, `
until: now
fetch-interval: 20ms
dead-letters: letters.jsonl
endpoint: http://%s
project: shop
group: siem
sources:
  - logstore: trail
    transforms: [audit, by-topic]
    sinks: [splunk, archive]
  - name: web
    logstore: waf
    transforms: [both]
    sinks: [archive, qradar]
  - logstore: raw
    sinks: [qradar]
transforms:
  - {name: audit, module: audit.wasm}
  - name: by-topic
    module: route.wasm
    config: {topics: {even: [archive]}, others: [splunk]}
  - name: both
    module: route.wasm
    config: {others: [archive, qradar]}
sinks:
  - {name: splunk, type: hec, url: "%s", token: "${FIRST_TOKEN}"}
  - {name: archive, type: hec, url: "%s", token: file:token, gzip: true}
  - {name: qradar, type: syslog, host: %s, port: %d, framing: octet, payload: json}
`, service.Addr(), first.URL(), second.URL(), third.Host(), third.Port()),
	} {
		w.must(os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	p := w.startIn(dir, []string{"FIRST_TOKEN=first-token"}, "run", "--config", "slswasm.yaml")
	p.end(exitOK)
	w.must(third.Wait(w.ctx, 150))
	splunk.want(t, "splunk", ids(1, 400, 2)...)
	archive.want(t, "archive", append(ids(0, 400, 2), ids(1000, 1100, 1)...)...)
	qradar.want(t, "qradar", append(ids(1000, 1100, 1), ids(2000, 2050, 1)...)...)
	p.told(`"sources":3,"guests":3,"sinks":["splunk","archive","qradar"]`)
	p.told(`"pulled":550,`)
	p.told(`"added":100,"dropped":0,"discarded":0,"delivered":650,"dead_letters":0`)
	if log, _ := p.log.state(); strings.Contains(log, "first-token") || strings.Contains(log, "second-token") || strings.Contains(log, slstest.DefaultAccessKeySecret) {
		t.Errorf("the log shows a secret")
	}
}

// startIn starts a process in a folder, with no settings in its environment
// but the credentials and these.
func (w *world) startIn(dir string, variables []string, args ...string) *process {
	w.t.Helper()
	return w.startCommand(args, func(p *process) {
		p.Dir = dir
		for _, pair := range os.Environ() {
			if !strings.HasPrefix(pair, "SLS_") && !strings.HasPrefix(pair, "SLSWASM_") {
				p.Env = append(p.Env, pair)
			}
		}
		p.Env = append(p.Env, "SLS_AK_ID="+slstest.DefaultAccessKeyID, "SLS_AK_KEY="+slstest.DefaultAccessKeySecret)
		p.Env = append(p.Env, variables...)
	})
}

// A SIGHUP takes the transforms of the configuration file as they are now, and
// says what else has changed and is not in force.
func TestReloadConfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	dir := t.TempDir()
	write := func(module, config string, pulls int) {
		w.must(os.WriteFile(filepath.Join(dir, "slswasm.yaml"), fmt.Appendf(nil, `
fetch-interval: 20ms
sources:
  - {name: a, endpoint: "http://%s", project: %s, logstore: %s, group: siem, transforms: [t], pull-count: %d}
transforms:
  - {name: t, module: %s, config: %s}
sinks:
  - {type: hec, url: "%s", token: %s}
`, w.service.Addr(), testProject, testLogstore, pulls, module, config, w.hec.URL(), testToken), 0o600))
	}
	w.must(os.WriteFile(filepath.Join(dir, "drop.wasm"), readHostile(t, "drop"), 0o600))
	w.must(os.WriteFile(filepath.Join(dir, "route.wasm"), guesttest.BuildSmall(t, "route"), 0o600))
	write("drop.wasm", `""`, 100)
	p := w.startIn(dir, nil, "run", "--config", "slswasm.yaml")
	p.told("shard taken over")

	write("route.wasm", "{others: [hec]", 100)
	w.must(p.Process.Signal(syscall.SIGHUP))
	p.told("this { is not closed")
	p.told("the new guest is refused, the one in use stays")

	write("route.wasm", "{others: [hec]}", 200)
	w.must(p.Process.Signal(syscall.SIGHUP))
	p.told("guest replaced")
	p.told("all but its transforms counts from the next start")
	w.put(numbered(0, 100))
	w.await(100)
	w.must(p.Process.Signal(syscall.SIGTERM))
	p.end(exitOK)
	w.complete(0, 100, false)
}
