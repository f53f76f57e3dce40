package guesttest_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/guest/guesttest"
)

// twins are the examples that are in Rust too.
func twins(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("../../../guests/examples/*/rust/Cargo.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no twins in Rust: %v", err)
	}
	for _, file := range files {
		names = append(names, filepath.Base(filepath.Dir(filepath.Dir(file))))
	}
	return names
}

// TestRustIsGo passes the samples, whole and damaged, through each guest in Go
// and its twin in Rust: the same must come of them. What TinyGo builds is taken
// for the one in Go: with -race, the host needs half a minute for a large module.
func TestRustIsGo(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/logs/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	var logs []abi.Event
	for _, file := range files {
		logs = append(logs, readLogs(t, file)...)
	}
	for _, l := range logs { // the same order in each run
		slices.SortFunc(l.Fields, func(a, b abi.Field) int { return bytes.Compare(a.Key, b.Key) })
	}
	const seed = 7
	logs = append(logs, damaged(logs, 600, rand.New(rand.NewPCG(seed, seed)))...)
	for i := range logs {
		logs[i].Origin = i
	}
	for _, name := range twins(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rust := results(t, guesttest.BuildRust(t, name), logs)
			golang := results(t, guesttest.BuildTinyGo(t, name), logs)
			different := 0
			for i := range logs {
				if diff := cmp.Diff(golang[i], rust[i]); diff != "" && different < 5 {
					different++
					t.Errorf("%s\n(-Go +Rust) %s", show(logs[i]), diff)
				}
			}
		})
	}
}

// results says of each log what came of it.
func results(t *testing.T, wasm []byte, logs []abi.Event) []string {
	t.Helper()
	var out guest.Output
	if err := compile(t, wasm).Transform(t.Context(), logs, &out); err != nil {
		t.Fatal(err)
	}
	all := make([]string, len(logs))
	for _, e := range out.Events {
		all[e.Origin] += show(e) + "\n"
	}
	for _, f := range out.Failures {
		all[f.Index] += fmt.Sprintf("failed: %v\n", f.Err)
	}
	return all
}

func show(e abi.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", e.Time)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " %q=%q %v", f.Key, f.Value, f.JSON)
	}
	fmt.Fprintf(&b, " body %q %v", e.Body, e.BodyJSON)
	if e.Meta != nil {
		fmt.Fprintf(&b, " meta %q", fmt.Sprintf("%+v", *e.Meta))
	}
	return b.String()
}

// damaged makes n logs out of logs: in each, a few bytes of one field are
// replaced, left out, or doubled.
func damaged(logs []abi.Event, n int, r *rand.Rand) []abi.Event {
	awkward := []string{
		`"`, `\`, "{", "}", "[", "]", ":", ",", "0", "@", "%", "=", "|", "\n", "\t", " ", "\x00", "\xff", "é", "", `\u0041`, `\ud83d`,
		"****", "null", "-1.5e3", "LTAI5tExampleKey000000001", "alice@example.com", "13812345678", "%2B86 138 1234 5678",
		"4111 1111 1111 1111", "11010119900307002X", `"password":"x"`, `[1,"2"]`,
	}
	made := make([]abi.Event, n)
	for i := range made {
		made[i] = logs[r.IntN(len(logs))]
		fields := slices.Clone(made[i].Fields)
		f := &fields[r.IntN(len(fields))]
		for j, g := range fields { // most often the largest: it is the one that guests take apart
			if r.IntN(3) > 0 && len(g.Value) > len(f.Value) {
				f = &fields[j]
			}
		}
		value := bytes.Clone(f.Value)
		for range 1 + r.IntN(3) {
			if len(value) == 0 {
				break
			}
			from := r.IntN(len(value))
			to := min(len(value), from+r.IntN(4))
			part := awkward[r.IntN(len(awkward))]
			if r.IntN(4) == 0 {
				part = strings.Repeat(string(value[from:to]), 2)
			}
			value = append(append(bytes.Clone(value[:from]), part...), value[to:]...)
		}
		f.Value = value
		made[i].Fields = fields
	}
	return made
}

// TestRustPanics: a panic costs its own log, which fails with the panic's text.
func TestRustPanics(t *testing.T) {
	wasm := guesttest.BuildRustSDK(t, "panics")
	if wd, err := os.Getwd(); err != nil || bytes.Contains(wasm, []byte(filepath.Dir(filepath.Dir(filepath.Dir(wd))))) {
		t.Errorf("the module names folders of this machine, %v", err)
	}
	var lines bytes.Buffer
	config := guest.Config{Name: "panics.wasm", Wasm: wasm, Logger: slog.New(slog.NewTextHandler(&lines, nil))}
	m, err := guest.Compile(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	var logs []abi.Event
	for i, say := range []string{"a", "panic", "print", "index", "b"} {
		logs = append(logs, abi.Event{Origin: i, Log: abi.Log{Time: 5, Fields: []abi.Field{{Key: []byte("say"), Value: []byte(say)}}}})
	}
	var out guest.Output
	if err := m.Transform(t.Context(), logs, &out); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range out.Failures {
		got = append(got, fmt.Sprint(f.Index, " ", f.Err))
	}
	for i, want := range []string{
		"1 guest panics.wasm: trap: unreachable; it said: panic: this log is too much: 5, at rust/examples/panics.rs:",
		"3 guest panics.wasm: trap: unreachable; it said: panic: index out of bounds: the len is 4 but the index is 4, at rust/examples/panics.rs:",
	} {
		if i >= len(got) || !strings.HasPrefix(got[i], want) {
			t.Errorf("got  %q\nwant %s", got, want)
		}
	}
	if len(out.Events) != 3 || len(got) != 2 {
		t.Errorf("%d events, failures %q", len(out.Events), got)
	}
	if s := lines.String(); !strings.Contains(s, "level=WARN msg=careful") {
		t.Errorf("what the guest printed is not in the log: %s", s)
	}

	config.GuestConfig = []byte("panic")
	_, err = guest.Compile(t.Context(), config)
	if err == nil || !strings.Contains(err.Error(), "it said: panic: panics at the start, at rust/") {
		t.Errorf("got %v", err)
	}
}
