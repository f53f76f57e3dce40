package main

import (
	"strings"
	"syscall"
	"testing"
	"unicode"
	"unicode/utf8"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

func TestEveryByteArrivesOnce(t *testing.T) {
	w := newWorld(t, 8)
	logs, want := awkwardLogs()
	w.put(append(logs, numbered(0, 4000)...))
	w.run("--until", "now").end(exitOK)
	w.complete(0, 4000, false)
	for id, fields := range want {
		got := w.arrived[id]
		if len(got) != 1 {
			t.Errorf("%s: arrived %d times", id, len(got))
			continue
		}
		for key, value := range fields {
			if got[0][key] != value {
				t.Errorf("%s: field %q is %.80q, want %.80q", id, key, got[0][key], value)
			}
		}
		// The envelope has the time; the service adds a tag.
		if extra := len(got[0]) - len(fields); extra != 3 {
			t.Errorf("%s: %d fields beside its own, want __topic__, __source__ and __tag__:__receive_time__: %.300v", id, extra, got[0])
		}
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
	delete(want, "reserved")
	return logs, want
}

func TestKilledInTheMiddle(t *testing.T) {
	w := newWorld(t, 8)
	const n = 6000
	w.put(numbered(0, n))
	w.pause(n / 3)
	p := w.run("--pull-count", "5")
	w.await(n / 3)
	p.kill()
	close(w.resume)
	w.run("--until", "now").end(exitOK)
	w.complete(0, n, true)
}

func TestTwoProcessesOneDies(t *testing.T) {
	w := newWorld(t, 8)
	const n = 3000
	w.put(numbered(0, n))
	first, second := w.run(), w.run()
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
	w := newWorld(t, 8)
	const n = 6000
	w.put(numbered(0, n))
	w.pause(n / 3)
	p := w.run("--pull-count", "5")
	w.await(n / 3)
	w.must(p.Process.Signal(syscall.SIGTERM))
	p.told("stopping: pulling ends")
	close(w.resume)
	p.end(exitOK)
	if w.different() == n {
		t.Error("nothing was left for the next process: the signal came too late to show anything")
	}
	w.run("--until", "now").end(exitOK)
	w.complete(0, n, false)
}
