package guesttest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/guest/guesttest"
)

const samples = "../../../testdata/logs/actiontrail.jsonl"

// TestBuildGivesAGuest runs what was built over the samples: enough to say
// that it is the guest of that folder and works in WebAssembly.
func TestBuildGivesAGuest(t *testing.T) {
	wasm := guesttest.Build(t, "audit")
	if again := guesttest.Build(t, "audit"); !bytes.Equal(wasm, again) {
		t.Error("a second build gives other bytes")
	}
	m := compile(t, wasm)
	if info := m.Info(); info.Name != "audit" || info.Version == "" {
		t.Errorf("got %+v", info)
	}
	logs := readLogs(t, samples)
	var out guest.Output
	if err := m.Transform(t.Context(), logs, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Failures) != 0 || out.Dropped == 0 || len(out.Events)+out.Dropped != len(logs) {
		t.Fatalf("%d logs gave %d events, %d dropped, failures %v", len(logs), len(out.Events), out.Dropped, out.Failures)
	}
	for i, e := range out.Events {
		_, rated := e.Get("risk")
		_, unread := e.Get("audit_error")
		if rated == unread {
			t.Errorf("event %d is rated: %v, unread: %v", i, rated, unread)
		}
	}
}

func compile(tb testing.TB, wasm []byte) *guest.Module {
	tb.Helper()
	m, err := guest.Compile(tb.Context(), guest.Config{Name: "audit.wasm", Wasm: wasm, CacheDir: cacheDir(tb)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return m
}

// cacheDir is where the program keeps compiled modules, too: compiling takes
// seconds.
func cacheDir(tb testing.TB) string {
	tb.Helper()
	user, err := os.UserCacheDir()
	if err != nil {
		tb.Fatal(err)
	}
	return filepath.Join(user, "slswasm", "wazero")
}

func readLogs(tb testing.TB, file string) (logs []abi.Event) {
	tb.Helper()
	text, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		tb.Fatal(err)
	}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		var fields map[string]string
		if err := json.Unmarshal(s.Bytes(), &fields); err != nil {
			tb.Fatal(err)
		}
		e := abi.Event{Origin: len(logs)}
		for k, v := range fields {
			e.Fields = append(e.Fields, abi.Field{Key: []byte(k), Value: []byte(v)})
		}
		logs = append(logs, e)
	}
	return logs
}

// BenchmarkAudit measures the audit guest in WebAssembly over the ActionTrail
// samples; GUEST names another build of it than stock Go's.
func BenchmarkAudit(b *testing.B) {
	wasm, err := os.ReadFile(os.Getenv("GUEST"))
	if err != nil {
		wasm = guesttest.Build(b, "audit")
	}
	m := compile(b, wasm)
	logs := readLogs(b, samples)
	for len(logs) < 256 {
		logs = append(logs, logs...)
	}
	size := 0
	for _, l := range logs {
		for _, f := range l.Fields {
			size += len(f.Key) + len(f.Value)
		}
	}
	var out guest.Output
	b.SetBytes(int64(size))
	for b.Loop() {
		if err := m.Transform(b.Context(), logs, &out); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(logs)), "ns/log")
}
