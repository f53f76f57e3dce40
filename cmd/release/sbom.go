package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// home is the module that is released.
const home = "github.com/slswasm/slswasm"

// A component is one of a bill of materials in CycloneDX 1.6
// (https://cyclonedx.org/docs/1.6/json/), of which these are the parts that a
// program of Go fills. There is no serial number and no time, for both would
// make two bills of one release differ.
type component struct {
	Type     string          `json:"type"`
	Ref      string          `json:"bom-ref"`
	Name     string          `json:"name"`
	Version  string          `json:"version"`
	Hashes   []hash          `json:"hashes,omitempty"`
	Licenses []licenceChoice `json:"licenses"`
	PURL     string          `json:"purl"`
}

type hash struct {
	Alg     string `json:"alg"`
	Content string `json:"content"`
}

type licenceChoice struct {
	License licence `json:"license"`
}

type licence struct {
	ID string `json:"id"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

// bill is the bill of materials of one program.
func bill(version string, p platform, sum [32]byte, modules []module) ([]byte, error) {
	program := newComponent("application", module{path: home, version: version, licences: []string{"MIT"}}, "&goos="+p.os+"&goarch="+p.arch)
	program.Hashes = []hash{{"SHA-256", fmt.Sprintf("%x", sum)}}
	needs := dependency{Ref: program.Ref}
	components := make([]component, len(modules))
	for i, m := range modules {
		components[i] = newComponent("library", m, "")
		needs.DependsOn = append(needs.DependsOn, components[i].Ref)
	}
	document := map[string]any{
		"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
		"metadata": map[string]any{"component": program}, "components": components, "dependencies": []dependency{needs},
	}
	text, err := json.MarshalIndent(document, "", "  ")
	return append(text, '\n'), err
}

func newComponent(kind string, m module, qualifiers string) component {
	purl := "pkg:golang/" + m.path + "@" + strings.ReplaceAll(m.version, "+", "%2B") + "?type=module" + qualifiers
	c := component{Type: kind, Ref: purl, Name: m.path, Version: m.version, PURL: purl}
	for _, id := range m.licences {
		c.Licenses = append(c.Licenses, licenceChoice{licence{id}})
	}
	return c
}
