package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// What is released for this system works. One guest stands for all of them.
func TestRelease(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := release{
		version: "v0.1.0-test", tree: "../..", out: filepath.Join(t.TempDir(), "out"),
		platforms: []platform{here()}, only: "audit", tarGz: tarGzQuick, log: &log,
	}
	if err := r.make(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"LEFT OUT: guests in TinyGo: ", "LEFT OUT: guests in Rust: ", "slswasm-guests_v0.1.0-test.tar.gz"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in\n%s", want, log.String())
		}
	}
	checkRelease(t, r.out)
}

// tarGzQuick does not compress: with the race detector that takes half a minute.
func tarGzQuick(folder string, files []file) []byte {
	return tarGzAt(gzip.NoCompression, folder, files)
}

func checkRelease(t *testing.T, out string) {
	checkSums(t, out)
	if runtime.GOOS != "windows" {
		checkArchive(t, out)
	}
	if runtime.GOOS == "linux" {
		installAsDocumented(t, out)
	}
	checkBill(t, out)
}

// Two copies of the sources, in folders and time zones of their own, and with
// nothing in the cache, make the same files.
func TestReleaseIsReproducible(t *testing.T) {
	t.Parallel()
	if os.Getenv("SLSWASM_REPRODUCE") == "" {
		t.Skip("SKIPPED: a release made twice, which takes minutes: make reproducible")
	}
	first := filepath.Join(t.TempDir(), "tree") // the checkout may change meanwhile
	copyTree(t, "../..", first)
	var outs, texts [2]string
	for i, zone := range []string{"UTC", "Asia/Shanghai"} {
		tree := filepath.Join(t.TempDir(), strings.Repeat("longer", i)+"tree")
		copyTree(t, first, tree)
		r := release{
			version: "v0.1.0-test", tree: tree, out: filepath.Join(t.TempDir(), "out"),
			platforms: platforms, tarGz: tarGz, env: []string{"TZ=" + zone, "GOCACHE=" + t.TempDir()}, log: t.Output(),
			tinygo: os.Getenv("TINYGO"), cargo: os.Getenv("CARGO"),
		}
		if err := r.make(t.Context()); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(r.out, sums))
		if err != nil {
			t.Fatal(err)
		}
		outs[i], texts[i] = r.out, string(text)
		if err := os.RemoveAll(tree); err != nil {
			t.Fatal(err)
		}
	}
	if texts[0] != texts[1] {
		t.Errorf("two releases differ:\n%s\n%s", texts[0], texts[1])
	}
	checkRelease(t, outs[0])
}

func copyTree(t *testing.T, from, to string) {
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		name, relErr := filepath.Rel(from, path)
		switch {
		case err != nil || relErr != nil:
			return err
		case d.IsDir() && (name == ".git" || name == "bin" || name == "testdata"):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	// The program embeds some of them.
	if err := os.CopyFS(filepath.Join(to, "testdata"), os.DirFS(filepath.Join(from, "testdata"))); err != nil {
		t.Fatal(err)
	}
}

func checkSums(t *testing.T, out string) {
	if _, err := exec.LookPath("sha256sum"); err != nil {
		t.Log("SKIPPED: sha256sum is not installed: it would read the checksums")
		return
	}
	cmd := exec.CommandContext(t.Context(), "sha256sum", "--strict", "-c", sums)
	cmd.Dir = out
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// checkArchive unpacks the archive of this platform as its users do, and runs
// what is in it.
func checkArchive(t *testing.T, out string) {
	name, dir := "slswasm_v0.1.0-test_"+runtime.GOOS+"_"+runtime.GOARCH, t.TempDir()
	if text, err := exec.CommandContext(t.Context(), "tar", "-xzf", filepath.Join(out, name+".tar.gz"), "-C", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	dir = filepath.Join(dir, name)
	version, err := exec.CommandContext(t.Context(), filepath.Join(dir, "slswasm"), "--version").Output()
	if err != nil || string(version) != "slswasm version v0.1.0-test\n" {
		t.Errorf("--version: %q, %v", version, err)
	}
	for file, beginning := range map[string]string{
		"LICENSE": "MIT License", "README.md": "# slswasm", "completions/slswasm.bash": "# bash completion",
		"completions/_slswasm": "#compdef slswasm", "completions/slswasm.fish": "# fish completion", "man/slswasm.1": ".TH SLSWASM 1",
		"THIRD_PARTY_LICENSES.txt": "What is released here", "host/ops/systemd/slswasm.service": "# /etc/systemd", "abi/ABI.md": "# ",
	} {
		if text, err := os.ReadFile(filepath.Join(dir, file)); err != nil || !bytes.HasPrefix(text, []byte(beginning)) {
			t.Errorf("%s begins with %.40q: %v", file, text, err)
		}
	}
	guests := exec.CommandContext(t.Context(), "tar", "-xzf", filepath.Join(out, "slswasm-guests_v0.1.0-test.tar.gz"), "-C", dir, "--strip-components=1")
	if text, err := guests.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if wasm, err := os.ReadFile(filepath.Join(dir, "audit.wasm")); err != nil || !bytes.HasPrefix(wasm, []byte("\x00asm\x01\x00\x00\x00")) {
		t.Errorf("audit.wasm begins with %.8q: %v", wasm, err)
	}
}

// installAsDocumented runs the first commands of host/ops/README.md, with
// folders of its own in the place of the system's.
func installAsDocumented(t *testing.T, out string) {
	text, err := os.ReadFile("../../host/ops/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, script, _ := strings.Cut(string(text), "```sh\n")
	script, _, _ = strings.Cut(script, "```")
	root := t.TempDir()
	script = strings.NewReplacer("linux_amd64", runtime.GOOS+"_"+runtime.GOARCH, "v0.1.0", "v0.1.0-test", " /", " "+root+"/").Replace(script)
	cmd := exec.CommandContext(t.Context(), "sh", "-euc", script)
	cmd.Dir = filepath.Join(root, "downloads")
	if err := os.CopyFS(cmd.Dir, os.DirFS(out)); err != nil {
		t.Fatal(err)
	}
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s\n%v\n%s", script, err, text)
	}
	for _, file := range []string{"usr/local/bin/slswasm", "usr/local/share/man/man1/slswasm.1", "etc/bash_completion.d/slswasm"} {
		if _, err := os.Stat(filepath.Join(root, file)); err != nil {
			t.Error(err)
		}
	}
}

// checkBill looks for what is known to be in the program.
func checkBill(t *testing.T, out string) {
	text, err := os.ReadFile(filepath.Join(out, "slswasm_v0.1.0-test_"+runtime.GOOS+"_"+runtime.GOARCH+".cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var bill struct {
		BomFormat, SpecVersion string
		Metadata               struct{ Component component }
		Components             []component
		Dependencies           []dependency
	}
	if err := json.Unmarshal(text, &bill); err != nil {
		t.Fatal(err)
	}
	if bill.BomFormat != "CycloneDX" || bill.SpecVersion != "1.6" || len(bill.Metadata.Component.Hashes) != 1 {
		t.Errorf("%.200s", text)
	}
	found := map[string]string{}
	for _, c := range bill.Components {
		found[c.Name] = c.Licenses[0].License.ID
		if strings.Contains(c.PURL, "+") || c.Version == "" {
			t.Errorf("%+v", c)
		}
	}
	for name, id := range map[string]string{
		"std": "BSD-3-Clause", "github.com/tetratelabs/wazero": "Apache-2.0", "github.com/urfave/cli/v2": "MIT",
	} {
		if found[name] != id {
			t.Errorf("%s has the licence %q, want %q", name, found[name], id)
		}
	}
	if len(bill.Dependencies) != 1 || len(bill.Dependencies[0].DependsOn) != len(bill.Components) {
		t.Errorf("dependencies: %+v", bill.Dependencies)
	}
}

func TestReleaseRefuses(t *testing.T) {
	t.Parallel()
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "thesis.tex"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ version, out, want string }{
		{"", t.TempDir(), `version "": want one such as v0.1.0`},
		{"0.1.0", t.TempDir(), `version "0.1.0": want one`},
		{"v1", t.TempDir(), `version "v1": want one`},
		{"v1.2.3 -X main.x=y", t.TempDir(), `version "v1.2.3 -X main.x=y": want one`},
		{"v1.2.3", foreign, "it is not an older release"},
	} {
		r := release{version: c.version, tree: "../..", out: c.out, log: t.Output()}
		if err := r.make(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.version, err, c.want)
		}
	}
	if _, err := os.Stat(filepath.Join(foreign, "thesis.tex")); err != nil {
		t.Error(err)
	}
}
