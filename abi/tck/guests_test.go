package tck_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/abi/tck"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/guest/guesttest"
)

const guests = "../../guests/"

// The example guests of this repository keep every rule, whatever they are
// written in; a warning is a failure too.
func conforms(t *testing.T, wasm []byte) {
	t.Helper()
	for _, problem := range broken(tck.Check(t.Context(), wasm)) {
		t.Error(problem)
	}
}

// Stock Go's module takes a minute to compile under the race detector; make
// cases holds every module against the kit.
func TestGo(t *testing.T) {
	if guesttest.UnderRace() {
		t.Skip("SKIPPED under the race detector: see make cases")
	}
	conforms(t, guesttest.Build(t, "audit"))
}

func TestTinyGo(t *testing.T) { conforms(t, guesttest.BuildTinyGo(t, "audit")) }
func TestRust(t *testing.T)   { conforms(t, guesttest.BuildRust(t, "audit")) }

// transform passes logs, each a list of key, value pairs, through a guest and
// shows what becomes of them.
func transform(t *testing.T, wasm []byte, config string, logs ...[]string) string {
	t.Helper()
	m, err := guest.Compile(t.Context(), guest.Config{Name: "x", Wasm: wasm, GuestConfig: []byte(config)})
	if err != nil {
		return err.Error()
	}
	defer func() {
		if err := m.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	in := make([]abi.Event, len(logs))
	for i, kv := range logs {
		in[i].Origin = i
		for j := 0; j < len(kv); j += 2 {
			in[i].Fields = append(in[i].Fields, abi.Field{Key: []byte(kv[j]), Value: []byte(kv[j+1])})
		}
	}
	var out guest.Output
	if err := m.Transform(t.Context(), in, &out); err != nil {
		return err.Error()
	}
	var lines []string
	for _, e := range out.Events {
		line := fmt.Sprint(e.Origin)
		for _, f := range e.Fields {
			line += fmt.Sprintf(" %s=%s", f.Key, f.Value)
		}
		if e.Meta != nil {
			line += fmt.Sprintf(" index=%s severity=%d", e.Meta.Index, e.Meta.Severity)
			for _, f := range e.Meta.Fields {
				line += fmt.Sprintf(" +%s=%s", f.Key, f.Value)
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func equal(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("\n got %s\nwant %s", strings.ReplaceAll(got, "\n", "\n     "), strings.ReplaceAll(want, "\n", "\n     "))
	}
}

// The guest in WebAssembly text. Its assembled form is beside it.
func TestWat(t *testing.T) {
	wasm := guesttest.Hex(t, "guests/wat/loglevel.hex")
	conforms(t, wasm)
	equal(t, transform(t, wasm, "",
		[]string{"level", "info", "a", "1"}, []string{"level", "debug"}, []string{"level", "ERROR", "a", "1"}, []string{"a", "1"},
		[]string{"level", "DeBug"}, []string{"level", ""}, []string{"level", "debugs"}, []string{"level", "Error"}),
		"0 level=info a=1\n2 level=ERROR a=1 index=errors severity=-1\n3 a=1\n5 level=\n6 level=debugs\n"+
			"7 level=Error index=errors severity=-1")
}

func TestWatIsAssembled(t *testing.T) {
	tool, err := exec.LookPath("wat2wasm")
	if err != nil {
		t.Skip("SKIPPED: wat2wasm is not installed (package wabt); the assembled guest is used without comparing it with its text")
	}
	out := filepath.Join(t.TempDir(), "loglevel.wasm")
	run(t, tool, "-o", out, guests+"wat/loglevel.wat")
	wasm, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, fmt.Sprintf("%x", guesttest.Hex(t, "guests/wat/loglevel.hex")), fmt.Sprintf("%x", wasm))
}

// The guest in C, built as slswasm.h says.
func TestC(t *testing.T) {
	for _, tool := range []string{"clang-19", "wasm-ld-19"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: %s is not installed (packages clang-19, lld-19); the guest in C is not built", tool)
		}
	}
	out := filepath.Join(t.TempDir(), "access.wasm")
	run(t, "clang-19", "--target=wasm32", "-nostdlib", "-O2", "-mbulk-memory", "-Wall", "-Wextra", "-Werror", "-Wl,--no-entry", "-o", out, guests+"c/access.c")
	wasm, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	conforms(t, wasm)
	equal(t, transform(t, wasm, "",
		[]string{"status", "200", "path", "/", "client_ip", "192.0.2.77"}, []string{"path", "/healthz"},
		[]string{"status", "503", "client_ip", "2001:db8::1"}, []string{"status", "?", "client_ip", "1.2.3"}, []string{}),
		"0 status=200 path=/ client_ip=192.0.2.x index= severity=6 +status=200\n"+
			"2 status=503 client_ip=2001:db8::1 index= severity=3 +status=503\n"+
			"3 status=? client_ip=1.2.3\n4")
	equal(t, transform(t, wasm, "/up", []string{"path", "/up"}, []string{"path", "/healthz"}), "1 path=/healthz")
	equal(t, counted(t, wasm, []string{"path", "/healthz"}, []string{"path", "/"}, []string{"path", "/healthz"}), "[{counter health_checks 2}]")
	equal(t, transform(t, wasm, strings.Repeat("/", 257)),
		"guest x: refuses its configuration: the path of the health checks has more than 256 bytes; look at --guest-config")
}

// counted shows what a guest counts in one log after the other.
func counted(t *testing.T, wasm []byte, logs ...[]string) string {
	t.Helper()
	m, err := guest.Compile(t.Context(), guest.Config{Name: "x", Wasm: wasm})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(context.Background())
	for _, kv := range logs {
		var out guest.Output
		in := []abi.Event{{Log: abi.Log{Fields: []abi.Field{{Key: []byte(kv[0]), Value: []byte(kv[1])}}}}}
		if err := m.Transform(t.Context(), in, &out); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprint(m.Metrics())
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if text, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, text)
	}
}
