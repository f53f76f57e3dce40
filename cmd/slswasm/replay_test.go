package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// lettersOf writes dead letters of n numbered logs, into several files.
func (w *world) lettersOf(n int) (path string) {
	w.t.Helper()
	path = filepath.Join(w.t.TempDir(), "letters.jsonl")
	to, err := deadletter.Open(deadletter.Config{Path: path, MaxSize: 512 << 10, Logger: slog.New(slog.DiscardHandler)})
	w.must(err)
	var all []deadletter.Letter
	for i, from := range numbered(0, n) {
		log := abi.Log{Time: int64(from.GetTime()) * 1e9}
		for _, c := range from.Contents {
			log.Fields = append(log.Fields, abi.Field{Key: []byte(c.GetKey()), Value: []byte(c.GetValue())})
		}
		all = append(all, deadletter.Letter{
			At: time.Now(), Reason: "too early", Stage: deadletter.Stage{Kind: deadletter.StageGuest, Name: "before"},
			Project: testProject, Logstore: testLogstore, Shard: i % 4, Cursor: "MTY=", Index: i, Log: log,
		})
	}
	for some := range slices.Chunk(all, 100) {
		w.must(to.Write(w.ctx, some))
	}
	w.must(to.Close())
	return path
}

// replay sends the letters again, through a guest that is mended.
func (w *world) replay(letters string) *process {
	return w.start(slices.Concat([]string{
		"replay", filepath.Dir(letters), "--transform", w.audit, "--dead-letters", filepath.Join(w.t.TempDir(), "again.jsonl"),
	}, w.toHEC())...)
}

// TestReplayKilled is killed twice and goes on each time: nothing is missing,
// and no more than what was in hand arrives again.
func TestReplayKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	const n = 3500
	letters := w.lettersOf(n)
	for _, at := range []int{1500, 2500} {
		w.pause(at)
		p := w.replay(letters)
		w.paused()
		p.kill()
		close(w.resume)
	}
	p := w.replay(letters)
	p.end(exitOK)
	p.told("all letters are replayed")
	if log, _ := p.log.state(); strings.Contains(log, `"replayed_before":0,`) {
		t.Error("the last replay began at the beginning")
	}
	w.complete(0, n, true)
	if w.count > n+2*1000 {
		t.Errorf("%d of %d logs arrived again", w.count-n, n)
	}
	w.replay(letters).told("everything was replayed already")
}

// TestReplayStopped drains: nothing arrives again.
func TestReplayStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	const n = 2500
	letters := w.lettersOf(n)
	w.pause(1500)
	p := w.replay(letters)
	w.paused()
	w.must(p.Process.Signal(syscall.SIGTERM))
	p.told("stopping: what is in hand is delivered and remembered")
	close(w.resume)
	p.end(exitFailed)
	p.told("stopped before the end")
	if w.different() == n {
		t.Error("nothing was left: the signal came too late to show anything")
	}
	w.replay(letters).end(exitOK)
	w.complete(0, n, false)
}

// TestDeadLettersWait takes the file's place away from a running process, as
// root cannot be refused otherwise: the process waits and beats, and goes on
// once the place is free again.
func TestDeadLettersWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	failing := filepath.Join(t.TempDir(), "always.wasm")
	w.must(os.WriteFile(failing, readHostile(t, "always"), 0o600))
	path := filepath.Join(t.TempDir(), "letters.jsonl")
	p := w.start(slices.Concat([]string{
		"run", "--endpoint", "http://" + w.service.Addr(), "--project", testProject, "--logstore", testLogstore, "--group", "e2e",
		"--heartbeat-interval", "300ms", "--group-timeout", "60s", "--fetch-interval", "50ms", "--transform", failing, "--dead-letters", path,
	}, w.toHEC())...)
	p.told(`"msg":"started"`)
	w.must(os.Remove(path))
	w.must(os.Mkdir(path, 0o700))
	w.put(numbered(0, 100))
	p.told("dead letters cannot be written")
	beats := w.service.Calls(slstest.HeartBeat)
	w.must(w.service.Await(w.ctx, func() bool { return w.service.Calls(slstest.HeartBeat) > beats+3 }))
	if w.service.CaughtUp(testProject, testLogstore, "e2e") {
		t.Error("a checkpoint was saved past logs that are nowhere")
	}
	w.must(os.Remove(path))
	p.told("dead letters are written again")
	w.must(w.service.Await(w.ctx, func() bool { return w.service.CaughtUp(testProject, testLogstore, "e2e") }))
	w.must(p.Process.Signal(syscall.SIGTERM))
	p.end(exitOK)
	p.told(`"dead_letters":100`)
	w.replay(path).end(exitOK)
	w.complete(0, 100, false)
}

// paused waits until the receiver stands still.
func (w *world) paused() {
	w.t.Helper()
	for {
		w.mu.Lock()
		reached, more := w.count >= w.pauseAt, w.more
		w.mu.Unlock()
		if reached {
			return
		}
		select {
		case <-more:
		case <-w.ctx.Done():
			w.t.Fatal("the receiver never paused")
		}
	}
}
