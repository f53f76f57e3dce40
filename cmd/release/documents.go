package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// documents are the patterns of what README.md links to, and of what is
// installed: they lie in an archive as they lie in the tree, so that links
// work in both.
var documents = []string{
	"LICENSE", "README.md", "CHANGELOG.md",
	"abi/*.md", "guests/*/README.md", "guests/examples/*/README.md", "guests/wat/loglevel.wat", "guests/c/slswasm.h",
	"host/RATIONALE.md", "host/admin/README.md", "host/admin/page.png", "host/metrics/README.md", "sinks/*/RATIONALE.md", "testdata/bench/bench.md",
	"host/docs/*.md", "host/ops/README.md", "host/ops/*/*", "host/ops/kubernetes/scaling/*",
}

func (r *release) documents() ([]file, error) {
	tree := os.DirFS(r.tree)
	var names []string
	for _, pattern := range documents {
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
