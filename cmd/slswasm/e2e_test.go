package main

import (
	"maps"
	"strings"
	"syscall"
	"testing"
	"unicode"
	"unicode/utf8"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/google/go-cmp/cmp"
)

func TestEveryByteArrivesOnce(t *testing.T) {
	for name, to := range map[string]func(*world) []string{"hec": (*world).toHEC, "syslog": (*world).toSyslog} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 8)
			logs, want := awkwardLogs()
			w.put(append(logs, numbered(0, 4000)...))
			w.run(to(w), "--until", "now").end(exitOK)
			w.complete(0, 4000, false)
			for id, fields := range want {
				w.same(id, fields)
			}
		})
	}
}

// same checks that a log arrived once, with these fields and the documented
// others.
func (w *world) same(id string, fields map[string]string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.arrived[id]); n != 1 {
		w.t.Errorf("%s: arrived %d times", id, n)
		return
	}
	got := maps.Clone(w.arrived[id][0])
	for _, key := range []string{"__topic__", "__source__", "__tag__:__receive_time__"} {
		if _, ok := fields[key]; !ok {
			delete(got, key)
		}
	}
	delete(got, "__time__") // which HEC has in its envelope
	if diff := cmp.Diff(fields, got); diff != "" {
		w.t.Errorf("%s: %.2000s", id, diff)
	}
}

// awkwardLogs returns logs that break careless programs, and their contents
// as they have to arrive: the same bytes, but for those that no JSON text can
// hold.
func awkwardLogs() ([]*sls.Log, map[string]map[string]string) {
	var everything strings.Builder
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if utf8.ValidRune(r) && (r < 0x3000 || r%97 == 0) {
			everything.WriteRune(r)
		}
	}
	allBytes := make([]byte, 256)
	for i := range allBytes {
		allBytes[i] = byte(i)
	}
	cases := map[string][]string{
		"unicode":   {"value", everything.String()},
		"bytes":     {"value", string(allBytes)},
		"nul":       {"value", "a\x00b\x00"},
		"torn":      {"value", "caf\xc3", "key\xff", "v"},
		"empty":     {"value", "", "", "value of the empty key"},
		"duplicate": {"value", "first", "between", "x", "value", "last"},
		"reserved":  {"__topic__", "from the contents"},
		"json":      {"value", `{"a":[1,2,{"b":null}],"c":"\u0000"}`, `"quoted"`, `\back\slash`},
		"newlines":  {"value", "a\nb\r\nc\u2028d\u2029e"},
		"megabyte":  {"value", strings.Repeat("0123456789abcdef", 1<<16)},
	}
	var logs []*sls.Log
	want := map[string]map[string]string{}
	for id, contents := range cases {
		logs = append(logs, newLog(append([]string{"id", id}, contents...)...))
		fields := map[string]string{"id": id}
		for i := 0; i < len(contents); i += 2 {
			fields[string([]rune(contents[i]))] = string([]rune(contents[i+1]))
		}
		want[id] = fields
	}
	return logs, want
}

func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 8)
	const n = 6000
	w.put(numbered(0, n))
	w.pause(n / 3)
	p := w.run(w.toHEC(), "--pull-count", "5", soonFree)
	w.await(n / 3)
	p.kill()
	close(w.resume)
	w.run(w.toHEC(), "--until", "now").end(exitOK)
	w.complete(0, n, true)
}

func TestTwoProcessesOneDies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 8)
	const n = 3000
	w.put(numbered(0, n))
	first, second := w.run(w.toHEC(), soonFree), w.run(w.toHEC(), soonFree)
	w.await(n)
	w.shared()
	first.kill()
	w.put(numbered(n, n)) // half of it for shards whose owner is dead
	w.await(2 * n)
	w.must(second.Process.Signal(syscall.SIGTERM))
	second.end(exitOK)
	w.complete(0, 2*n, true)
}

func TestTerminatedInTheMiddle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 8)
	const n = 6000
	w.put(numbered(0, n))
	w.pause(n / 3)
	const same = "--consumer=same" // the next process has its shards without a wait
	p := w.run(w.toHEC(), "--pull-count", "5", same)
	w.await(n / 3)
	w.must(p.Process.Signal(syscall.SIGTERM))
	p.told("stopping: pulling ends")
	close(w.resume)
	p.end(exitOK)
	if w.different() == n {
		t.Error("nothing was left for the next process: the signal came too late to show anything")
	}
	w.run(w.toHEC(), "--until", "now", same).end(exitOK)
	w.complete(0, n, false)
}

func TestSecondSignalLeavesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.put(numbered(0, 100))
	w.pause(10)
	p := w.run(w.toHEC(), soonFree)
	w.await(10)
	w.must(p.Process.Signal(syscall.SIGINT))
	p.told("stopping: pulling ends")
	w.must(p.Process.Signal(syscall.SIGHUP))                           // no reload any more, and no death of it
	p.signalUntilTold(syscall.SIGINT, "a second signal: left at once") // a while after the first
	p.end(exitFailed)
	close(w.resume)
	w.run(w.toHEC(), "--until", "now").end(exitOK)
	w.complete(0, 100, true)
}
