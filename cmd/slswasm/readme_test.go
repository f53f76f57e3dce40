package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

// Every command of the README is run here, as it stands, with the emulator and
// receivers in the places that it names.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```(sh|go)\n(.*?)```").FindAllSubmatch(text, -1)
	var run, replay, build, begin, goSource []string
	for _, b := range blocks {
		switch block := string(b[2]); {
		case string(b[1]) == "go":
			goSource = append(goSource, block)
		case strings.HasPrefix(block, "make "):
			checkTargets(t, block)
		case strings.Contains(block, "slswasm config"):
			runScript(newWorld(t, 1), t.TempDir(), block, nil)
		case strings.Contains(block, "slswasm run"):
			run = append(run, block)
		case strings.Contains(block, "slswasm replay"):
			replay = append(replay, block)
		case strings.Contains(block, "slswasm new"):
			begin = append(begin, block)
		case strings.Contains(block, "go build"):
			build = append(build, block)
		default:
			t.Errorf("no test runs this block:\n%s", block)
		}
	}
	if len(run) != 4 || len(replay) != 1 || len(build) != 1 || len(begin) != 1 || len(goSource) != 1 {
		t.Fatalf("%d run, %d replay, %d build, %d new and %d go blocks", len(run), len(replay), len(build), len(begin), len(goSource))
	}
	beginReadmeProject(t, begin[0])
	module := buildReadmeGuest(t, goSource[0], build[0])
	for _, script := range run {
		runReadme(t, script, module)
	}
	replayReadme(t, replay[0], module)
}

// checkTargets checks that the Makefile has what the README calls; CI calls
// them.
func checkTargets(t *testing.T, block string) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(block) {
		target := strings.TrimSpace(strings.TrimPrefix(line, "make "))
		if !bytes.Contains(makefile, []byte("\n"+target+":")) {
			t.Errorf("the Makefile has no target %q", target)
		}
	}
}

// beginReadmeProject begins a project as the README does, with the SDK of this
// checkout.
func beginReadmeProject(t *testing.T, script string) {
	checkout, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", strings.Replace(script, "slswasm new", "slswasm new --sdk "+checkout, 1))
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// buildReadmeGuest builds the README's guest with the README's command.
func buildReadmeGuest(t *testing.T, source, command string) []byte {
	dir := t.TempDir()
	sdk, err := filepath.Abs("../../guests/go")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"main.go": source,
		"go.mod": "module guest\n\ngo 1.25\n\nrequire github.com/slswasm/slswasm/guests/go v0.0.0\n\n" +
			"replace github.com/slswasm/slswasm/guests/go => " + sdk + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-trimpath") // the same bytes each time, so that they are compiled once
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	module, err := os.ReadFile(filepath.Join(dir, "audit.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// runReadme runs one of the README's scripts until everything that is there
// has been delivered.
func runReadme(t *testing.T, script string, module []byte) {
	w := newWorld(t, 2)
	w.put(numbered(0, 20))
	acks := w.hecLike(sinktest.HECOptions{Token: testToken, OnEvent: w.take, Acks: sinktest.HECAcks{On: true}})
	syslog := w.syslogLike(sinktest.SyslogOptions{Framing: sinktest.FrameOctet})
	relp := w.syslogLike(sinktest.SyslogOptions{Network: "relp"})
	dir := w.readmeDir(module)
	runScript(w, dir, script, map[string]string{
		"export SLS_AK_ID=... SLS_AK_KEY=... SLSWASM_HEC_TOKEN=...": "export SLS_AK_ID=" + slstest.DefaultAccessKeyID +
			" SLS_AK_KEY=" + slstest.DefaultAccessKeySecret + " SLSWASM_HEC_TOKEN=" + testToken,
		"https://cn-hangzhou.log.aliyuncs.com":   "http://" + w.service.Addr(),
		"--project my-project":                   "--project " + testProject,
		"--logstore actiontrail":                 "--logstore " + testLogstore + " --until now",
		"https://splunk.example.com:8088":        w.hec.URL(),
		"https://idx1.example.com:8088":          acks.URL(),
		"https://idx2.example.com:8088":          "http://127.0.0.1:1", // which is down
		"/etc/slswasm/token":                     filepath.Join(dir, "token"),
		"--syslog-host qradar.example.com":       "--syslog-host " + syslog.Host(),
		"--syslog-port 6514":                     "--syslog-port " + strconv.Itoa(syslog.Port()),
		"--syslog-protocol tls --syslog-payload": "--syslog-protocol tcp --syslog-framing octet --syslog-payload",
		"relp+tls://syslog1.example.com:2514":    fmt.Sprintf("relp://%s:%d", relp.Host(), relp.Port()),
		"relp+tls://syslog2.example.com:2514":    "relp://127.0.0.1:1",
	})
	switch {
	case strings.Contains(script, "relp"):
		w.must(relp.Wait(w.ctx, 20))
	case strings.Contains(script, "--syslog"):
		w.must(syslog.Wait(w.ctx, 20))
	default:
		w.complete(0, 20, false)
	}
}

// replayReadme makes dead letters, and runs the README's script on them.
func replayReadme(t *testing.T, script string, module []byte) {
	w := newWorld(t, 1)
	w.put(numbered(0, 20))
	dir := w.readmeDir(module)
	w.must(os.WriteFile(filepath.Join(dir, "always.wasm"), readHostile(t, "always"), 0o600))
	runScript(w, dir, strings.Join(slices.Concat([]string{"slswasm run --until now --transform always.wasm --group g"}, w.toHEC(),
		[]string{"--endpoint http://" + w.service.Addr(), "--project", testProject, "--logstore", testLogstore}), " "), nil)
	runScript(w, dir, script, map[string]string{"https://splunk.example.com:8088": w.hec.URL()})
	w.complete(0, 20, false)
}

// readmeDir is where a script runs.
func (w *world) readmeDir(module []byte) string {
	dir := w.t.TempDir()
	w.must(os.WriteFile(filepath.Join(dir, "audit.wasm"), module, 0o600))
	w.must(os.WriteFile(filepath.Join(dir, "token"), []byte(testToken), 0o600))
	return dir
}

// runScript runs a script after it has put what is here in the place of what
// it names.
func runScript(w *world, dir, script string, places map[string]string) {
	w.t.Helper()
	for from, to := range places {
		script = strings.ReplaceAll(script, from, to)
	}
	cmd := exec.CommandContext(w.ctx, "sh", "-ec", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SLSWASM_FETCH_INTERVAL=20ms", "SLS_AK_ID="+slstest.DefaultAccessKeyID, "SLS_AK_KEY="+slstest.DefaultAccessKeySecret)
	if !strings.Contains(script, "--hec-token-file") {
		cmd.Env = append(cmd.Env, "SLSWASM_HEC_TOKEN="+testToken)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("%s\n%v\n%s", script, err, out)
	}
}

func (w *world) hecLike(opt sinktest.HECOptions) *sinktest.HECReceiver {
	w.t.Helper()
	r, err := sinktest.StartHEC(opt)
	w.must(err)
	w.t.Cleanup(func() { r.Close() })
	return r
}

func (w *world) syslogLike(opt sinktest.SyslogOptions) *sinktest.SyslogReceiver {
	w.t.Helper()
	r, err := sinktest.StartSyslog(opt)
	w.must(err)
	w.t.Cleanup(func() { r.Close() })
	return r
}
