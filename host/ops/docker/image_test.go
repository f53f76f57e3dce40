// Package docker_test holds the Dockerfile against what the program needs. No
// engine is asked for: what its last stage says is laid out by hand.
package docker_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/slswasm/slswasm/host/guest/guesttest"
	"github.com/slswasm/slswasm/host/ops/opstest"
)

// An image is the last stage of the Dockerfile.
type image struct {
	workdir, user, stop, volume string
	env                         []string
	entrypoint, command         []string
	copies                      [][2]string // from the stage before, to
	labels                      string
}

// readDockerfile understands what the Dockerfile uses, and no more.
func readDockerfile(t *testing.T) (build string, last image) {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	build, final, found := strings.Cut(strings.ReplaceAll(string(text), "\\\n", " "), "\nFROM scratch\n")
	if !found {
		t.Fatal("the last stage is not FROM scratch")
	}
	for line := range strings.Lines(final) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "", "#", "ARG":
		case "WORKDIR":
			last.workdir = rest
		case "USER":
			last.user = rest
		case "STOPSIGNAL":
			last.stop = rest
		case "VOLUME":
			last.volume = rest
		case "ENV":
			last.env = strings.Fields(rest)
		case "LABEL":
			last.labels = rest
		case "ENTRYPOINT":
			last.entrypoint = list(t, rest)
		case "CMD":
			last.command = list(t, rest)
		case "COPY":
			words := slices.DeleteFunc(strings.Fields(rest), func(w string) bool { return strings.HasPrefix(w, "--") })
			last.copies = append(last.copies, [2]string{words[0], words[1]})
		default:
			t.Errorf("the Dockerfile has %s, which nothing here looks at", word)
		}
	}
	return build, last
}

// list reads the form of commands that needs no shell.
func list(t *testing.T, text string) (words []string) {
	if !strings.HasPrefix(text, "[") {
		t.Errorf("%s: there is no shell in the image", text)
	}
	for _, m := range regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(text, -1) {
		words = append(words, m[1])
	}
	return words
}

func TestDockerfile(t *testing.T) {
	t.Parallel()
	build, is := readDockerfile(t)
	if !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(is.user) {
		t.Errorf("USER %s: a number that is not 0 is what Kubernetes' runAsNonRoot can check", is.user)
	}
	if is.stop != "SIGTERM" {
		t.Errorf("STOPSIGNAL %s: SIGTERM drains", is.stop)
	}
	if is.workdir != is.volume {
		t.Errorf("WORKDIR %s is not the folder that can be written to, %s", is.workdir, is.volume)
	}
	for _, setting := range []string{"SLSWASM_DEAD_LETTERS=", "SLSWASM_COMPILE_CACHE="} {
		if i := slices.IndexFunc(is.env, func(e string) bool { return strings.HasPrefix(e, setting+is.volume+"/") }); i < 0 {
			t.Errorf("ENV has no %s below %s", setting, is.volume)
		}
	}
	for _, label := range []string{"title", "description", "source", "licenses", "version"} {
		if !strings.Contains(is.labels, "org.opencontainers.image."+label+"=") {
			t.Errorf("there is no label org.opencontainers.image.%s", label)
		}
	}
	// The program is built as releases are, by the Go that go.mod asks for.
	release, err := os.ReadFile("../../../cmd/release/build.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"CGO_ENABLED=0", "-trimpath", "-buildvcs=false", "-s -w -X main.stamped="} {
		if !strings.Contains(build, flag) || !bytes.Contains(release, []byte(flag)) {
			t.Errorf("%s: in the Dockerfile or in cmd/release it is missing", flag)
		}
	}
	module, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)[1]; !strings.Contains(build, "golang:"+string(version)+"-") {
		t.Errorf("the Dockerfile does not build with Go %s", version)
	}
}

// The image runs as somebody without rights, on a file system that is read-only
// but for one folder: it consumes what is there, delivers it over TLS, and
// keeps its compiled modules.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("SKIPPED: a read-only file system: needs root on Linux, to make one")
	}
	_, is := readDockerfile(t)
	if out, err := exec.CommandContext(t.Context(), "unshare", "--mount", "setpriv", "--no-new-privs", "true").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: a read-only file system: no mounts of its own here: %v %s", err, out)
	}
	program, module := opstest.Build(t), guesttest.BuildSmall(t, "redact")
	for _, user := range []string{is.user, "65534:65534"} {
		t.Run("as "+user, func(t *testing.T) {
			t.Parallel()
			w := opstest.Start(t)
			root := layOut(t, is, map[string]string{"/out/slswasm": program}, w.CA)
			settings, err := os.ReadFile("../kubernetes/slswasm.yaml")
			if err != nil {
				t.Fatal(err)
			}
			admin := strings.NewReplacer("0.0.0.0:9464", "127.0.0.1:0")
			write(t, filepath.Join(root, "etc/slswasm/slswasm.yaml"), []byte(admin.Replace(w.Here(string(settings)))))
			write(t, filepath.Join(root, "etc/slswasm/redact.wasm"), module)
			for name, text := range opstest.Secrets() {
				path := filepath.Join(root, "run/secrets/slswasm", name)
				write(t, path, []byte(text))
				own(t, path, user, 0o400)
			}
			state := t.TempDir()
			own(t, state, user, 0o755)
			run := is.command[1:]
			run = append(run, "--transform", "/etc/slswasm/redact.wasm", "--until", "now", "--fetch-interval", "20ms")

			out := opstest.Run(t, is.start(t, root, state, user, nil, append(is.command[:1:1], run...)...))
			if got := w.Splunk.Count(); got != w.Logs {
				t.Errorf("%d of %d logs arrived\n%s", got, w.Logs, out)
			}
			if strings.Contains(out, `"WARN"`) {
				t.Errorf("it warns:\n%s", out)
			}
			if compiled, err := filepath.Glob(filepath.Join(state, "cache/*/*")); err != nil || len(compiled) == 0 {
				t.Errorf("no compiled module is kept: %v", err)
			}

			// And nowhere else can it write, which it says.
			out, err = opstest.Output(t, is.start(t, root, state, user, []string{"SLSWASM_DEAD_LETTERS=/etc/slswasm/dead.jsonl"}, append(is.command[:1:1], run...)...))
			if err == nil || !strings.Contains(out, "/etc/slswasm/dead.jsonl: read-only file system") {
				t.Errorf("dead letters on what is read-only: %v\n%s", err, out)
			}
		})
	}
}

// layOut makes the image's files, from what the stage before has made.
func layOut(t *testing.T, is image, built map[string]string, ca []byte) (root string) {
	t.Helper()
	root = t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	golang, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	built["/usr/local/go/lib/time/zoneinfo.zip"] = filepath.Join(strings.TrimSpace(string(golang)), "lib/time/zoneinfo.zip")
	built["/src/LICENSE"] = "../../../LICENSE"
	for _, c := range is.copies {
		to := filepath.Join(root, c[1])
		switch from, known := built[c[0]]; {
		case c[0] == "/etc/ssl/certs/ca-certificates.crt":
			write(t, to, ca)
		case c[1] == is.volume:
			if err := os.MkdirAll(to, 0o755); err != nil {
				t.Fatal(err)
			}
		case !known:
			t.Fatalf("COPY %s: nothing here makes it", c[0])
		default:
			data, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			write(t, to, data)
		}
	}
	return root
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o755); err != nil { //nolint:gosec // some are programs
		t.Fatal(err)
	}
}

func own(t *testing.T, path, user string, mode os.FileMode) {
	t.Helper()
	uid, gid, _ := strings.Cut(user, ":")
	u, uErr := strconv.Atoi(uid)
	g, gErr := strconv.Atoi(gid)
	if uErr != nil || gErr != nil {
		t.Fatalf("USER %s is not two numbers", user)
	}
	if err := errors.Join(os.Chmod(path, mode), os.Chown(path, u, g)); err != nil {
		t.Fatal(err)
	}
}

// start is docker run --read-only --cap-drop ALL --security-opt
// no-new-privileges, by other means.
func (is image) start(t *testing.T, root, state, user string, env []string, args ...string) *exec.Cmd {
	script := fmt.Sprintf(`mount --bind %[1]q %[1]q && mount --bind %[2]q %[1]q%[3]s && mount -o remount,bind,ro %[1]q &&
		exec setpriv --no-new-privs chroot --groups= --userspec=%[4]s %[1]q "$@"`, root, state, is.volume, user)
	cmd := exec.CommandContext(t.Context(), "unshare", append(slices.Concat(
		[]string{"--mount", "--propagation", "private", "sh", "-ec", script, "sh"}, is.entrypoint), args...)...)
	cmd.Env = slices.Concat([]string{"PATH=" + os.Getenv("PATH")}, is.env, env)
	return cmd
}
