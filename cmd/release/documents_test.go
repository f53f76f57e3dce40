package main

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A link in an archive leads to a file or a folder of the archive; what may be
// missing are sources, and folders of Go's, of which no document is to be had.
func TestLinksWithinTheArchive(t *testing.T) {
	t.Parallel()
	there := checkLinks(t, documents, 60)
	for _, name := range []string{"host/ops/systemd/slswasm.service", "host/ops/docker/Dockerfile", "host/ops/kubernetes/statefulset.yaml", "host/ops/monitoring/dashboard.json"} {
		if !there[name] {
			t.Errorf("no %s", name)
		}
	}
	if there["host/ops/opstest"] {
		t.Error("tests are in the archive")
	}
	checkLinks(t, guestDocuments, 7)
}

// checkLinks follows all links, at least some, and returns what there is.
func checkLinks(t *testing.T, patterns []string, least int) (there map[string]bool) {
	r := release{tree: "../.."}
	files, err := r.documents(patterns)
	if err != nil {
		t.Fatal(err)
	}
	there = map[string]bool{}
	for _, f := range files {
		if there[f.name] {
			t.Errorf("%s is there twice", f.name)
		}
		for name := f.name; name != "."; name = path.Dir(name) {
			there[name] = true
		}
	}
	link := regexp.MustCompile(`\]\(([^)#\s]+)(#[^)\s]*)?\)`) // headings: cmd/slswasm/docs_test.go
	links := 0
	for _, f := range files {
		for _, m := range link.FindAllSubmatch(f.data, -1) {
			to := string(m[1])
			if path.Ext(f.name) != ".md" || strings.Contains(to, "://") {
				continue
			}
			links++
			target := path.Join(path.Dir(f.name), to)
			sources, err := filepath.Glob(filepath.Join(r.tree, target, "*.go"))
			if err != nil {
				t.Fatal(err)
			}
			if !there[target] && len(sources) == 0 && path.Ext(target) != ".go" && path.Ext(target) != ".rs" {
				t.Errorf("%s: %s is not in the archive", f.name, target)
			}
		}
	}
	if links < least {
		t.Errorf("%d links were followed", links)
	}
	return there
}

func TestDocumentIsMissing(t *testing.T) {
	t.Parallel()
	r := release{tree: t.TempDir()}
	if err := os.WriteFile(filepath.Join(r.tree, "LICENSE"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.documents(documents); err == nil || err.Error() != "there is no document README.md" {
		t.Errorf("%v", err)
	}
}
