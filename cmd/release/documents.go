package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// Documents are patterns of what README.md links to, and of what is installed.
// They lie in an archive as they lie in the tree, so that links work in both.
var (
	documents = append([]string{
		"README.md", "CHANGELOG.md",
		"host/RATIONALE.md", "host/admin/README.md", "host/admin/page.png", "host/metrics/README.md", "sinks/*/RATIONALE.md", "testdata/bench/bench.md",
		"host/docs/*.md", "host/ops/README.md", "host/ops/*/*", "host/ops/kubernetes/scaling/*",
	}, guestDocuments...)
	guestDocuments = []string{
		"LICENSE", "abi/*.md", "guests/*/README.md", "guests/wat/loglevel.wat", "guests/c/slswasm.h",
		"guests/examples/*/README.md", "guests/examples/*/cases/*",
	}
)

func (r *release) documents(patterns []string) ([]file, error) {
	tree := os.DirFS(r.tree)
	var names []string
	for _, pattern := range patterns {
		found, err := fs.Glob(tree, pattern)
		if err != nil || len(found) == 0 {
			return nil, errors.Join(fmt.Errorf("there is no document %s", pattern), err)
		}
		for _, name := range found {
			info, err := fs.Stat(tree, name)
			if err != nil {
				return nil, err
			}
			if info.Mode().IsRegular() && path.Ext(name) != ".go" && !strings.HasPrefix(path.Base(name), ".") {
				names = append(names, name)
			}
		}
	}
	return r.read(names...)
}
