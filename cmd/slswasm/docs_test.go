package main

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

const checkout = "../.."

// files are the checkout's with one of these extensions, without what was built.
func files(t *testing.T, extensions ...string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(checkout, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "bin" || d.Name() == ".git" || d.Name() == "target"):
			return filepath.SkipDir
		}
		for _, e := range extensions {
			if strings.HasSuffix(path, e) {
				paths = append(paths, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// TestDocumentsPointAtWhatIsThere follows each link of each document to its
// file and its heading.
func TestDocumentsPointAtWhatIsThere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	links := 0
	for _, doc := range files(t, ".md") {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllSubmatch(text, -1) {
			to, heading := string(m[1]), string(m[2])
			if strings.Contains(to, "://") {
				continue
			}
			links++
			target := doc
			if to != "" {
				target = filepath.Join(filepath.Dir(doc), to)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", doc, err)
			} else if heading != "" && !headings(t, target)[heading] {
				t.Errorf("%s: %s has no heading %s", doc, target, heading)
			}
		}
	}
	if links < 30 {
		t.Errorf("%d links were followed", links)
	}
}

// headings returns the anchors of a document, made as GitHub does.
func headings(t *testing.T, doc string) map[string]bool {
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	anchors := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllSubmatch(text, -1) {
		plain := regexp.MustCompile(`[^\pL\pN _-]`).ReplaceAllString(strings.ToLower(string(m[1])), "")
		anchors["#"+strings.ReplaceAll(plain, " ", "-")] = true
	}
	return anchors
}

// TestFailuresAreTheProgramsOwnWords: whoever looks for a message in the
// handbook looks for what the log says.
func TestFailuresAreTheProgramsOwnWords(t *testing.T) {
	var source []byte
	for _, path := range files(t, ".go") {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		source = append(source, text...)
	}
	handbook, err := os.ReadFile("../../host/docs/failures.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("(?m)^\\| `([^`]*)` \\|").FindAllSubmatch(handbook, -1)
	for _, m := range quoted {
		if !bytes.Contains(source, m[1]) {
			t.Errorf("nothing says %q", m[1])
		}
	}
	if len(quoted) < 20 {
		t.Errorf("only %d messages are quoted", len(quoted))
	}
}

// TestDocumentsNameCommandsAndFlagsThatThereAre looks at each `slswasm ...`
// within a text; those in blocks are run by other tests.
func TestDocumentsNameCommandsAndFlagsThatThereAre(t *testing.T) {
	span := regexp.MustCompile("`(?:bin/)?slswasm ([^`]*)`")
	spans := 0
	for _, doc := range files(t, ".md") {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range span.FindAllSubmatch(text, -1) {
			spans++
			if wrong := notThere(strings.Fields(string(m[1]))); wrong != "" {
				t.Errorf("%s: slswasm %s: there is no %s", doc, m[1], wrong)
			}
		}
	}
	if spans < 40 {
		t.Errorf("only %d commands were found", spans)
	}
}

// notThere returns the first word that is neither a command, nor a flag, nor
// anything that stands behind them.
func notThere(words []string) string {
	var at *cli.Command
	below := newApp(io.Discard, io.Discard).Commands
	for _, word := range words {
		if name, _, _ := strings.Cut(strings.Trim(word, "[](),.:;"), "="); strings.HasPrefix(name, "-") {
			if at == nil || !hasFlag(at, strings.TrimLeft(name, "-")) {
				return name
			}
			continue
		}
		i := slices.IndexFunc(below, func(c *cli.Command) bool { return c.HasName(word) })
		switch {
		case i >= 0:
			at, below = below[i], below[i].Subcommands
		case at == nil:
			return word
		}
	}
	return ""
}

func hasFlag(c *cli.Command, name string) bool {
	return name == "help" || slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
}
