// Package logs holds the sample logs of this folder for the programs and
// tests that need some: one JSON object a line, one file a kind.
package logs

import "embed"

// Files are the *.jsonl files of this folder.
//
//go:embed *.jsonl
var Files embed.FS
