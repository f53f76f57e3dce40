// Package template holds the files of a new guest's project, for slswasm new.
//
// A project is made of the folders of Layers, one over the other. A file ends
// in .tmpl and is a text/template between <% and %>; "dot." at the beginning
// of a name stands for ".", and NAME in a name for the project's. Files would
// be modules and crates of their own under the names that they get.
package template

import "embed"

// Files are the folders of Layers.
//
//go:embed common go-source go tinygo rust
var Files embed.FS

// Layers returns the folders for a language, nil when there are none.
func Layers(lang string) []string {
	return map[string][]string{
		"go":     {"common", "go-source", "go"},
		"tinygo": {"common", "go-source", "tinygo"},
		"rust":   {"common", "rust"},
	}[lang]
}
