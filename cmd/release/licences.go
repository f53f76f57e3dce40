package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A module is code of others in what is released.
type module struct {
	path, version string
	licences      []string // SPDX identifiers, sorted
	texts         []file   // what the licences want to be handed on
}

// modules reads from a program what it was made of, Go itself first.
func (r *release) modules(ctx context.Context, program string) ([]module, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, err
	}
	golang, err := r.golang(ctx)
	if err != nil {
		return nil, err
	}
	modules := []module{golang}
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		out, err := r.output(ctx, nil, "go", "mod", "download", "-json", d.Path+"@"+d.Version)
		if err != nil {
			return nil, err
		}
		var at struct{ Dir string }
		if err := json.Unmarshal(out, &at); err != nil {
			return nil, fmt.Errorf("go mod download %s: %w", d.Path, err)
		}
		m, err := licensed(d.Path, d.Version, at.Dir)
		if err != nil {
			return nil, err
		}
		modules = append(modules, m)
	}
	return modules, nil
}

// golang is Go's own library, which is in each program and guest.
func (r *release) golang(ctx context.Context) (module, error) {
	out, err := r.output(ctx, nil, "go", "env", "GOVERSION", "GOROOT")
	if err != nil {
		return module{}, err
	}
	version, root, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	m, err := licensed("std", strings.TrimPrefix(version, "go"), root)
	if os.IsNotExist(err) { // distributions put the text elsewhere
		return module{}, fmt.Errorf("%w; take Go from go.dev", err)
	}
	return m, err
}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copyright|copying|notice)([.-].*)?$`)

// licensed reads a module's licences; what has none, or one that is not known
// here, must not be handed on before somebody has read it.
func licensed(path, version, dir string) (module, error) {
	m := module{path: path, version: version}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return m, err
	}
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return m, err
		}
		m.texts = append(m.texts, file{name: e.Name(), data: text})
		m.licences = append(m.licences, identify(text)...)
	}
	slices.Sort(m.licences)
	m.licences = slices.Compact(m.licences)
	if len(m.licences) == 0 {
		return m, fmt.Errorf("the licence of %s@%s is not known: read what is in %s, and name it in cmd/release/licences.go", path, version, dir)
	}
	return m, nil
}

// identify returns the licences that a text holds, as SPDX calls them.
func identify(text []byte) []string {
	words := strings.ToLower(strings.Join(strings.Fields(string(text)), " "))
	has := func(phrase string) bool { return strings.Contains(words, phrase) }
	var found []string
	for _, l := range []struct{ id, phrase string }{
		{"Apache-2.0", "apache license version 2.0, january 2004"},
		{"Apache-2.0", "licensed under the apache license, version 2.0"},
		{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
		{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose"},
		{"ISC", "permission to use, copy, modify, and distribute this software for any purpose"},
		{"MPL-2.0", "mozilla public license version 2.0"},
		{"MPL-2.0", "mozilla public license, version 2.0"},
	} {
		if has(l.phrase) && !slices.Contains(found, l.id) {
			found = append(found, l.id)
		}
	}
	if has("redistribution and use in source and binary forms") {
		if has("neither the name") || has("may not be used to endorse") {
			return append(found, "BSD-3-Clause")
		}
		return append(found, "BSD-2-Clause")
	}
	return found
}

// notices is the text that goes with what is released.
func notices(modules []module) []byte {
	var b bytes.Buffer
	b.WriteString("What is released here holds code of others, under these licences.\n")
	for _, m := range modules {
		fmt.Fprintf(&b, "\n%s\n%s %s (%s)\n", strings.Repeat("=", 80), m.path, m.version, strings.Join(m.licences, ", "))
		for _, t := range m.texts {
			fmt.Fprintf(&b, "\n--- %s\n\n%s\n", t.name, bytes.TrimSpace(t.data))
		}
	}
	return b.Bytes()
}
