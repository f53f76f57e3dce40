package offline

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func read(t *testing.T, parts ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What is written for a release cannot be built here; what is written for a
// checkout is, by the scripts of the command line.
func TestProjects(t *testing.T) {
	files := map[string][]string{
		"go":     {"go.mod", "main.go", "main_test.go"},
		"tinygo": {"go.mod", "main.go", "main_test.go"},
		"rust":   {".cargo/config.toml", "Cargo.toml", "src/lib.rs"},
	}
	sdk := map[string]string{
		"go": "require github.com/slswasm/slswasm/guests/go v1.2.3\n", "tinygo": "require github.com/slswasm/slswasm/guests/go v1.2.3\n",
		"rust": `slswasm = { git = "https://github.com/slswasm/slswasm", tag = "v1.2.3" }` + "\n",
	}
	for lang := range files {
		p := &Project{Dir: filepath.Join(t.TempDir(), "a", "my-guest"), Name: "my-guest", Lang: lang, SDK: SDK{Version: "v1.2.3"}}
		got, err := p.Write()
		want := slices.Concat([]string{".gitignore", "Makefile", "README.md", "cases/first.txtar", "cases/misspelt.txtar", "cases/settings.txtar"}, files[lang])
		slices.Sort(want)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%s: %v, %v", lang, got, err)
		}
		manifest := "go.mod"
		if lang == "rust" {
			manifest = "Cargo.toml"
		}
		if text := read(t, p.Dir, manifest); !strings.Contains(text, sdk[lang]) {
			t.Errorf("%s: the SDK is not in\n%s", lang, text)
		}
		for _, file := range got {
			if text := read(t, p.Dir, file); strings.Contains(text, "<%") || strings.Contains(text, "no value") || !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") {
				t.Errorf("%s: %s:\n%s", lang, file, text)
			}
		}
		for _, file := range []string{"first", "misspelt", "settings"} {
			if _, err := ReadCase(filepath.Join(p.Dir, "cases", file+".txtar")); err != nil {
				t.Error(err)
			}
		}
		if _, err := p.Write(); err == nil || !strings.Contains(err.Error(), "is not empty: it holds ") {
			t.Errorf("%s: written twice: %v", lang, err)
		}
	}
}

func TestCheckName(t *testing.T) {
	for name, ok := range map[string]bool{
		"a": true, "audit-2": true, "a-b-c": true, strings.Repeat("a", 64): true,
		"": false, "A": false, "1a": false, "-a": false, "a-": false, "a--b": false, "a_b": false, "a.b": false, "a b": false, "é": false,
		"..": false, "slswasm": false, "test": false, "match": false, strings.Repeat("a", 65): false,
	} {
		if err := CheckName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestFindSDK(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	root = filepath.ToSlash(root)
	inside, outside := root+"/bin/slswasm", filepath.Join(t.TempDir(), "bin", "slswasm")
	for _, c := range []struct {
		lang, dir, program, version, path, release string
	}{
		{"go", root, outside, "devel", root + "/guests/go", "v0.0.0"},
		{"tinygo", root + "/guests/go", outside, "devel", root + "/guests/go", "v0.0.0"},
		{"rust", root, outside, "devel", root + "/guests/rust", "v0.0.0"},
		{"go", "", inside, "v1.2.3", root + "/guests/go", "v0.0.0"},
		{"rust", "", inside, "devel", root + "/guests/rust", "v0.0.0"},
		{"go", "", outside, "v1.2.3", "", "v1.2.3"},
		{"go", "", outside, "v1.2.3-rc.1", "", "v1.2.3-rc.1"},
	} {
		sdk, err := FindSDK(c.lang, c.dir, c.program, c.version)
		if err != nil || sdk != (SDK{Version: c.release, Path: c.path}) {
			t.Errorf("%+v: %+v, %v", c, sdk, err)
		}
	}
	for _, version := range []string{"devel", "unknown", "v0.0.0-20260131120000-0123456789ab", "v1.2.3+dirty", "0123456789abcdef"} {
		if _, err := FindSDK("go", "", outside, version); err == nil || !strings.Contains(err.Error(), "say where one is") {
			t.Errorf("%s: %v", version, err)
		}
	}
	if _, err := FindSDK("rust", root+"/guests/go", inside, "v1.2.3"); err == nil || !strings.Contains(err.Error(), "holds the SDK for rust") {
		t.Error(err)
	}
}
