package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
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
