package offline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/slswasm/slswasm/abi"
)

// The sections of a case (guests/examples/README.md).
const (
	secModule = "module"
	secConfig = "config.json"
	secIn     = "in.jsonl"
	secOut    = "out.jsonl"
	secError  = "error.txt"
	secHEC    = "hec.txt"
	secSyslog = "syslog.txt"
	secFuel   = "fuel.txt"
	secCounts = "counts.txt"
)

var sections = []string{secModule, secConfig, secIn, secOut, secError, secHEC, secSyslog, secFuel, secCounts}

// A Case is one file of a test: logs that go in, and what must come out.
type Case struct {
	File    string
	Modules []string // files to run it with; set by Resolve

	module  string
	config  []byte
	logs    []abi.Event
	archive *txtar.Archive
}

// Name is the file's name without its ending.
func (c *Case) Name() string { return strings.TrimSuffix(filepath.Base(c.File), ".txtar") }

// ReadCase reads a case. Its errors name the file and the section.
func ReadCase(file string) (*Case, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	c := &Case{File: file, archive: txtar.Parse(text)}
	if err := c.parse(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

func (c *Case) parse() error {
	for i, f := range c.archive.Files {
		if !slices.Contains(sections, f.Name) {
			return fmt.Errorf("there is no section %q; there are: %s", f.Name, strings.Join(sections, ", "))
		}
		if slices.ContainsFunc(c.archive.Files[:i], func(g txtar.File) bool { return g.Name == f.Name }) {
			return fmt.Errorf("the section %s is there twice", f.Name)
		}
	}
	if c.module = strings.TrimSpace(c.text(secModule)); c.module == "" {
		return errors.New("the section module is missing or empty: the name of a guest, or the path of a .wasm file from here")
	}
	if !c.isPath() && filepath.Base(c.module) != c.module {
		return fmt.Errorf("module: %q is neither a name nor a path that ends in .wasm", c.module)
	}
	c.config = []byte(strings.TrimSpace(c.text(secConfig)))
	if c.has(secError) {
		return nil
	}
	var err error
	if c.logs, err = ParseLogs([]byte(c.text(secIn))); err != nil {
		return fmt.Errorf("%s: %w", secIn, err)
	}
	if len(c.logs) == 0 {
		return fmt.Errorf("%s is missing or empty", secIn)
	}
	return nil
}

func (c *Case) isPath() bool { return strings.HasSuffix(c.module, ".wasm") }

// Resolve finds the modules of the case: its path from the case's folder, or
// in the folder of modules its name with .wasm, .tinygo.wasm and .rust.wasm.
func (c *Case) Resolve(modules string) error {
	candidates := []string{filepath.Join(filepath.Dir(c.File), filepath.FromSlash(c.module))}
	if !c.isPath() {
		candidates = candidates[:0]
		for _, ending := range []string{".wasm", ".tinygo.wasm", ".rust.wasm"} {
			candidates = append(candidates, filepath.Join(modules, c.module+ending))
		}
	}
	c.Modules = nil
	for _, path := range candidates {
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() {
			c.Modules = append(c.Modules, path)
		}
	}
	switch {
	case len(c.Modules) > 0:
		return nil
	case c.isPath():
		return fmt.Errorf("%s: the module %s is not there: build it first", c.File, candidates[0])
	}
	return fmt.Errorf("%s: there is no %s.wasm in %s: build it (make guests), or say where it is with --modules", c.File, c.module, modules)
}

func (c *Case) find(name string) int {
	return slices.IndexFunc(c.archive.Files, func(f txtar.File) bool { return f.Name == name })
}

func (c *Case) has(name string) bool { return c.find(name) >= 0 }

func (c *Case) text(name string) string {
	if i := c.find(name); i >= 0 {
		return string(c.archive.Files[i].Data)
	}
	return ""
}

// set writes a section, at the end if there is none.
func (c *Case) set(name, text string) {
	i := c.find(name)
	if i < 0 {
		i = len(c.archive.Files)
		c.archive.Files = append(c.archive.Files, txtar.File{Name: name})
	}
	c.archive.Files[i].Data = []byte(text)
}

// withFuel is the section fuel.txt, a line for each module with the units that
// all logs of the case cost it, with so many for this one.
func (c *Case) withFuel(module string, units int64) string {
	name, lines := filepath.Base(module), []string{}
	for _, line := range textLines(c.text(secFuel)) {
		if first, _, _ := strings.Cut(line, " "); first != name {
			lines = append(lines, line)
		}
	}
	lines = append(lines, fmt.Sprintf("%s %d", name, units))
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// save writes the file, if that changes it.
func (c *Case) save() error {
	text := txtar.Format(c.archive)
	if old, err := os.ReadFile(c.File); err == nil && string(old) == string(text) {
		return nil
	}
	return os.WriteFile(c.File, text, 0o644)
}

// FindCases returns the files that the arguments mean: a file, the .txtar
// files of a folder, or, with /... behind it, of everything below it.
func FindCases(args []string) (files []string, err error) {
	for _, arg := range args {
		found := []string{arg}
		dir, below := strings.CutSuffix(filepath.ToSlash(arg), "/...")
		if arg == "..." {
			dir, below = ".", true
		}
		info, err := os.Stat(filepath.FromSlash(dir))
		switch {
		case err != nil:
			return nil, err
		case below:
			found, err = walk(filepath.FromSlash(dir))
		case info.IsDir():
			found, err = filepath.Glob(filepath.Join(escapeGlob(arg), "*.txtar"))
		}
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: there is no .txtar file", arg)
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

func walk(dir string) (found []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && filepath.Ext(path) == ".txtar" {
			found = append(found, path)
		}
		return err
	})
	return found, err
}

func escapeGlob(dir string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}
