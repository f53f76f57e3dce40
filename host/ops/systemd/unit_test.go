// Package systemd_test holds the unit against systemd and against what the
// program does.
package systemd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/host/guest/guesttest"
	"github.com/slswasm/slswasm/host/ops/opstest"
)

// unit returns the values of each setting of the unit.
func unit(t *testing.T) (text string, settings map[string][]string) {
	t.Helper()
	data, err := os.ReadFile("slswasm.service")
	if err != nil {
		t.Fatal(err)
	}
	settings = map[string][]string{}
	for line := range strings.Lines(string(data)) {
		if key, value, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(key, "#") {
			settings[key] = append(settings[key], value)
		}
	}
	return string(data), settings
}

func analyze(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("SKIPPED: systemd-analyze is not installed (Debian: systemd)")
	}
}

func TestUnitIsUnderstood(t *testing.T) {
	t.Parallel()
	analyze(t)
	text, _ := unit(t)
	path := filepath.Join(t.TempDir(), "slswasm.service")
	installed := strings.ReplaceAll(text, "/usr/local/bin/slswasm", "/bin/true") // it wants the program to be there
	if err := os.WriteFile(path, []byte(installed), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := opstest.Run(t, exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", path)); strings.Contains(out, "slswasm") {
		t.Error(out)
	}
}

// The exposure is systemd's own estimate, from 10 (none of it) to 0.
func TestUnitIsSandboxed(t *testing.T) {
	t.Parallel()
	analyze(t)
	out, err := opstest.Output(t, exec.CommandContext(t.Context(), "systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=15", "slswasm.service"))
	if strings.Contains(out, "unrecognized option") {
		t.Skip("SKIPPED: this systemd-analyze cannot judge a unit that is not running: from version 250 on")
	}
	if err != nil {
		t.Errorf("more than 1.5: %v\n%s", err, out)
	}
	if m := regexp.MustCompile(`Overall exposure level.*`).FindString(out); m != "" {
		t.Log(m)
	}
}

// A stop has time to drain, and what only a newer systemd would do is not
// relied on.
func TestUnitGivesTimeToDrain(t *testing.T) {
	t.Parallel()
	_, is := unit(t)
	stop, err := time.ParseDuration(is["TimeoutStopSec"][0])
	if err != nil {
		t.Fatal(err)
	}
	help := opstest.Run(t, exec.CommandContext(t.Context(), opstest.Build(t), "run", "--help"))
	m := regexp.MustCompile(`--drain-timeout .*default: (\w+)`).FindStringSubmatch(help)
	if m == nil {
		t.Fatal("slswasm run --help has no default of --drain-timeout")
	}
	if drain, err := time.ParseDuration(m[1]); err != nil || stop < 2*drain {
		t.Errorf("TimeoutStopSec=%v, and --drain-timeout %v: %v", stop, drain, err)
	}
	if is["KillSignal"][0] != "SIGTERM" || is["ExecReload"][0] != "/bin/kill -HUP $MAINPID" {
		t.Errorf("%q, %q", is["KillSignal"], is["ExecReload"])
	}
}

// What the unit lets through is all that the program asks the kernel for, from
// its start over a module that is compiled to its end.
func TestUnitAllowsTheSystemCalls(t *testing.T) {
	t.Parallel()
	analyze(t)
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("SKIPPED: strace is not installed (Debian: strace)")
	}
	_, is := unit(t)
	allowed := map[string]bool{}
	for _, filter := range is["SystemCallFilter"] {
		sets, deny := strings.CutPrefix(filter, "~")
		for _, set := range strings.Fields(sets) {
			for call := range calls(t, set) {
				allowed[call] = !deny
			}
		}
	}
	if allowed["mount"] || allowed["setrlimit"] || !allowed["epoll_wait"] {
		t.Fatalf("%d system calls are read from systemd-analyze", len(allowed))
	}
	w := opstest.Start(t)
	dir := t.TempDir()
	traced := filepath.Join(dir, "calls")
	args := []string{"-f", "-qq", "-e", "signal=none", "-o", traced, opstest.Build(t)}
	out := opstest.Run(t, run(t, w, dir, "strace", args...))
	if got := w.Splunk.Count(); got != w.Logs {
		t.Fatalf("%d of %d logs arrived\n%s", got, w.Logs, out)
	}
	text, err := os.ReadFile(traced)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\d+ +(\w+)\(`).FindAllSubmatch(text, -1) {
		seen[string(m[1])] = true
	}
	if len(seen) < 20 {
		t.Fatalf("strace saw %d system calls", len(seen))
	}
	for call := range seen {
		if !allowed[call] {
			t.Errorf("the unit does not allow %s", call)
		}
	}
	families := strings.Fields(is["RestrictAddressFamilies"][0])
	for _, m := range regexp.MustCompile(`socket\((AF_\w+),`).FindAllSubmatch(text, -1) {
		if !slices.Contains(families, string(m[1])) {
			t.Errorf("the unit does not allow %s", m[1])
		}
	}
}

// calls are the system calls of a set such as @system-service.
func calls(t *testing.T, set string) map[string]bool {
	found := map[string]bool{}
	out := opstest.Run(t, exec.CommandContext(t.Context(), "systemd-analyze", "syscall-filter", "--no-pager", set))
	for line := range strings.Lines(out) {
		switch name := strings.TrimSpace(line); {
		case name == "" || name == set || strings.HasPrefix(name, "#"):
		case strings.HasPrefix(name, "@"):
			for call := range calls(t, name) {
				found[call] = true
			}
		default:
			found[name] = true
		}
	}
	return found
}

// run is the program with the sample settings, this world's addresses in them,
// and a module.
func run(t *testing.T, w *opstest.World, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	settings, err := os.ReadFile("slswasm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	sample := strings.NewReplacer("/run/credentials/slswasm.service/secret_", dir+"/secret_", "127.0.0.1:9464", "127.0.0.1:0")
	files := map[string]string{
		"slswasm.yaml": sample.Replace(w.Here(string(settings))), "ca.pem": string(w.CA), "redact.wasm": string(guesttest.BuildSmall(t, "redact")),
	}
	for secret, text := range opstest.Secrets() {
		files["secret_"+secret] = text
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), name, append(args, "run", "--config", filepath.Join(dir, "slswasm.yaml"),
		"--transform", filepath.Join(dir, "redact.wasm"), "--until", "now", "--fetch-interval", "20ms")...)
	cmd.Dir = dir
	cmd.Env = []string{"SSL_CERT_FILE=" + filepath.Join(dir, "ca.pem"), "SLSWASM_COMPILE_CACHE=" + filepath.Join(dir, "cache")}
	return cmd
}
