// Package ops_test runs what README.md says.
package ops_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/slswasm/slswasm/host/ops/opstest"
)

// standIns are what the commands of the README find in the place of programs
// that need a daemon, a cluster or root. They write down how they were called.
// Where kubectl is installed, it does what it can do without a cluster.
var standIns = map[string]string{
	"systemctl": "", "journalctl": "", "docker": "", "chown": "",
	"kubectl": `test -n "$KUBECTL" || exit 0
case "$*" in
"apply -k "*) "$KUBECTL" kustomize "$3" >applied.yaml ;;
*create*) "$KUBECTL" "$@" --dry-run=client -o yaml >>created.yaml ;;
esac`,
}

// Every command of the README is run, in its order and in one folder, but for
// the first block: TestReleaseIsReproducible of cmd/release has the files.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) != 8 || !strings.Contains(string(blocks[0][1]), "tar -xzf slswasm_v0.1.0_linux_amd64.tar.gz") {
		t.Fatalf("%d blocks, the first is %q", len(blocks), blocks[0][1])
	}
	dir, root := t.TempDir(), t.TempDir()
	calls := filepath.Join(root, "calls")
	bin := filepath.Join(root, "bin")
	must(t, os.Mkdir(bin, 0o700))
	for name, script := range standIns {
		script = fmt.Sprintf("#!/bin/sh\necho %s \"$*\" >>%q\n%s\n", name, calls, script)
		must(t, os.WriteFile(filepath.Join(bin, name), []byte(script), 0o700)) //nolint:gosec // is a program
	}
	must(t, os.CopyFS(filepath.Join(dir, "host/ops"), os.DirFS(".")))
	settings, err := os.ReadFile("kubernetes/slswasm.yaml")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "slswasm.yaml"), append(settings, "# mine\n"...), 0o600))
	must(t, os.MkdirAll(filepath.Join(root, "etc/systemd/system"), 0o700))
	kubectl, _ := exec.LookPath("kubectl")
	if kubectl == "" {
		t.Log("SKIPPED: kubectl is not installed: it would put the manifests together")
	}
	for _, b := range blocks[1:] {
		script := string(b[1])
		if strings.HasPrefix(script, "install") {
			script = strings.ReplaceAll(script, " /etc/", " "+root+"/etc/")
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-euc", script)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "KUBECTL="+kubectl,
			"SLS_AK_ID=my-id", "SLS_AK_KEY=my-secret", "SLSWASM_HEC_TOKEN=my-token")
		opstest.Run(t, cmd)
	}
	checkInstalled(t, filepath.Join(root, "etc"))
	called, err := os.ReadFile(calls)
	must(t, err)
	for _, want := range []string{"systemctl daemon-reload", "systemctl enable --now slswasm", "docker build -f host/ops/docker/Dockerfile ", "kubectl apply -k ."} {
		if !strings.Contains(string(called), want) {
			t.Errorf("nothing calls %q:\n%s", want, called)
		}
	}
	checkDocker(t, string(called))
	if kubectl != "" {
		checkApplied(t, dir)
	}
}

func checkInstalled(t *testing.T, etc string) {
	t.Helper()
	for file, mode := range map[string]os.FileMode{
		"slswasm/slswasm.yaml": 0o644, "systemd/system/slswasm.service": 0o644,
		"slswasm/secrets/access-key": 0o400, "slswasm/secrets/splunk-token": 0o400, "slswasm/secrets/admin-token": 0o400,
	} {
		if info, err := os.Stat(filepath.Join(etc, file)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
	key, err := os.ReadFile(filepath.Join(etc, "slswasm/secrets/access-key"))
	if string(key) != "access_key_id = my-id\naccess_key_secret = my-secret\n" {
		t.Errorf("%q, %v", key, err)
	}
}

// checkDocker holds the words against docker's own help, and the folders
// against the image.
func checkDocker(t *testing.T, called string) {
	t.Helper()
	image, err := os.ReadFile("docker/Dockerfile")
	must(t, err)
	run := regexp.MustCompile(`(?m)^docker run .*$`).FindString(called)
	for _, want := range []string{
		"-state:" + string(regexp.MustCompile(`(?m)^VOLUME (.*)$`).FindSubmatch(image)[1]) + " ",
		":" + regexp.MustCompile(`"--config", "(.*)"`).FindStringSubmatch(string(image))[1] + ":ro ",
	} {
		if !strings.Contains(run, want) {
			t.Errorf("%s\nhas no %s", run, want)
		}
	}
	if user := string(regexp.MustCompile(`(?m)^USER (.*)$`).FindSubmatch(image)[1]); !strings.Contains(called, "chown -R "+user+" secrets") {
		t.Errorf("the secrets are not for the image's user, %s", user)
	}
	docker, err := exec.LookPath("docker")
	if err != nil {
		t.Log("SKIPPED: docker is not installed: its help would name the flags")
		return
	}
	help := opstest.Run(t, exec.CommandContext(t.Context(), docker, "run", "--help"))
	for _, flag := range regexp.MustCompile(` --[a-z-]+`).FindAllString(run, -1) {
		if !strings.Contains(help, flag+" ") {
			t.Errorf("docker run has no%s", flag)
		}
	}
}

// checkApplied looks at what a cluster would be given.
func checkApplied(t *testing.T, dir string) {
	t.Helper()
	applied, err := os.ReadFile(filepath.Join(dir, "applied.yaml"))
	must(t, err)
	created, err := os.ReadFile(filepath.Join(dir, "created.yaml"))
	must(t, err)
	for _, want := range []string{"kind: StatefulSet", "# mine", "image: registry.example.com/slswasm:v0.1.0"} {
		if !strings.Contains(string(applied), want) {
			t.Errorf("kubectl apply: no %q in\n%s", want, applied)
		}
	}
	for _, want := range []string{"kind: Namespace", "kind: Secret", "  access-key: ", "  splunk-token: ", "  admin-token: "} {
		if !strings.Contains(string(created), want) {
			t.Errorf("kubectl create: no %q in\n%s", want, created)
		}
	}
	for _, name := range regexp.MustCompile(`secretName: (.*)`).FindAllStringSubmatch(string(applied), -1) {
		if !strings.Contains(string(created), "  name: "+name[1]+"\n") {
			t.Errorf("nothing creates the secret %s", name[1])
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
