package offline

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	projects "github.com/slswasm/slswasm/guests/template"
)

// A Project is the beginning of a guest, to be written.
type Project struct {
	Dir  string // made if need be; must be empty
	Name string // of the project and its module
	Lang string // go, tinygo or rust
	SDK  SDK
}

// Language is the language's name for people.
func (p *Project) Language() string {
	return map[string]string{"go": "Go", "tinygo": "Go, built with TinyGo", "rust": "Rust"}[p.Lang]
}

// NativeTest is what runs the tests without WebAssembly.
func (p *Project) NativeTest() string {
	if p.Lang == "rust" {
		return "cargo test"
	}
	return "go test"
}

// Crate is the name that Rust makes of the project's.
func (p *Project) Crate() string { return strings.ReplaceAll(p.Name, "-", "_") }

var projectName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// taken are names that a compiler or the SDK has for itself.
var taken = strings.Fields(`slswasm main test std core alloc proc-macro
	as async await box break const continue crate do dyn else enum extern false final fn for if impl in let loop macro match mod
	move mut override priv pub ref return self static struct super trait true try type typeof unsafe unsized use virtual where while yield
	build deps examples incremental`)

// CheckName says what is wrong with a project's name.
func CheckName(name string) error {
	switch {
	case len(name) > 64 || !projectName.MatchString(name):
		return fmt.Errorf("%q cannot be a project's name: use small letters, digits and single hyphens, a letter first, 64 at most", name)
	case slices.Contains(taken, name):
		return fmt.Errorf("%q cannot be a project's name: compilers have it for themselves", name)
	}
	return nil
}

// CheckLang says so when there is no project for a language.
func CheckLang(lang string) error {
	if projects.Layers(lang) == nil {
		return fmt.Errorf("%q is none of: go, tinygo, rust", lang)
	}
	return nil
}

// Write writes the project and returns its files. It writes nothing when
// there is anything in its folder.
func (p *Project) Write() (files []string, err error) {
	if err := errors.Join(CheckName(p.Name), CheckLang(p.Lang), empty(p.Dir)); err != nil {
		return nil, err
	}
	for _, layer := range projects.Layers(p.Lang) {
		err := fs.WalkDir(projects.Files, layer, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			file := target(strings.TrimPrefix(name, layer+"/"))
			files = append(files, file)
			return p.write(name, filepath.Join(p.Dir, filepath.FromSlash(file)))
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(files)
	return files, nil
}

// target is the name under which a template's file is written.
func target(name string) string {
	parts := strings.Split(strings.TrimSuffix(name, ".tmpl"), "/")
	for i, part := range parts {
		if hidden, ok := strings.CutPrefix(part, "dot."); ok {
			parts[i] = "." + hidden
		}
	}
	return path.Join(parts...)
}

func (p *Project) write(name, file string) error {
	text, err := fs.ReadFile(projects.Files, name)
	if err != nil {
		return err
	}
	t, err := template.New(name).Delims("<%", "%>").Parse(string(text))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, p); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o666)
}

// empty says so when a folder is there and holds something.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) > 0:
		return fmt.Errorf("%s is not empty: it holds %s", dir, entries[0].Name())
	}
	return nil
}
