// Package logs holds the sample logs of this folder for the programs and
// tests that need some: one JSON object a line, one file a kind.
package logs

import (
	"embed"
	"io/fs"
)

// Files are the *.jsonl files of this folder.
//
//go:embed *.jsonl
var Files embed.FS

// All returns the texts of the files, by their names.
func All() (texts [][]byte, err error) {
	names, err := fs.Glob(Files, "*.jsonl")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := Files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}
