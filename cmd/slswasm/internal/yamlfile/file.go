// Package yamlfile reads a configuration file: one YAML document, whose every
// value knows its line, so that whoever finds a value wrong can say where it
// stands. Values may refer to environment variables and files.
//
// It is strict where YAML is not: no key twice, no second document, no value
// left out, no tags. What keys mean is its caller's matter.
package yamlfile

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxSize is how large a file may be, in bytes, and one that a value refers to.
const maxSize = 1 << 20

// maxNested is how many brackets and braces may be open at once.
const maxNested = 1000

// A file is what values point into.
type file struct {
	name    string // for messages
	dir     string // of relative paths
	lines   []string
	lookup  func(name string) (value string, ok bool)
	targets map[*ast.AliasNode]ast.Node
}

// Parse reads the text of the file at path, which values may refer to others
// from. lookup has the environment's variables. The value is a mapping, or the
// zero Value for a text without any.
func Parse(path string, text []byte, lookup func(name string) (string, bool)) (Value, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if len(text) > maxSize {
		return Value{}, fmt.Errorf("%s: is larger than %d bytes", path, maxSize)
	}
	f := &file{
		name: path, dir: filepath.Dir(path), lines: strings.Split(string(text), "\n"),
		lookup: lookup, targets: map[*ast.AliasNode]ast.Node{},
	}
	for i, line := range f.lines {
		if !utf8.ValidString(line) {
			return Value{}, f.errorAt(Position{i + 1, 1}, "", "not UTF-8: save the file with that encoding")
		}
	}
	if line := tooNested(f.lines); line > 0 {
		return Value{}, f.errorAt(Position{line, 1}, "", "more than %d brackets and braces are open", maxNested)
	}
	tree, err := parse(text)
	if err != nil {
		return Value{}, f.syntaxError(err)
	}
	var body ast.Node
	for _, doc := range tree.Docs {
		switch _, directive := doc.Body.(*ast.DirectiveNode); {
		case doc.Body == nil || directive:
		case body != nil:
			return Value{}, f.errorAt(nodePosition(doc.Body), "", "a second document begins here: want one; remove the line --- before it")
		default:
			body = doc.Body
		}
	}
	if body == nil {
		return Value{}, nil
	}
	if err := f.link(body, map[string]ast.Node{}); err != nil {
		return Value{}, err
	}
	root := f.value(body, nodePosition(body))
	_, err = root.Map()
	return root, err
}

// tooNested returns the line on which more brackets are open than the parser,
// which calls itself for each, has a stack for; 0: none. It takes those in
// quotes for brackets too: so many are in no text either.
func tooNested(lines []string) int {
	open := 0
	for i, line := range lines {
		for _, c := range []byte(line) {
			switch c {
			case '[', '{':
				if open++; open > maxNested {
					return i + 1
				}
			case ']', '}':
				open = max(0, open-1)
			}
		}
	}
	return 0
}

// parse keeps a fault of the parser from ending the program.
func parse(text []byte) (tree *ast.File, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the YAML parser fails: %v", v)
		}
	}()
	return parser.ParseBytes(text, 0)
}

// link finds what each alias stands for: the anchor of its name before it. An
// anchor counts from its end on, so that nothing holds itself.
func (f *file) link(n ast.Node, anchors map[string]ast.Node) error {
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			if err := f.link(v.Value, anchors); err != nil {
				return err
			}
		}
	case *ast.MappingValueNode:
		return f.link(n.Value, anchors)
	case *ast.SequenceNode:
		for _, v := range n.Values {
			if err := f.link(v, anchors); err != nil {
				return err
			}
		}
	case *ast.AnchorNode:
		name := n.Name.GetToken().Value
		if anchors[name] != nil {
			return f.errorAt(nodePosition(n), "", "the anchor &%s stands twice", name)
		}
		if err := f.link(n.Value, anchors); err != nil {
			return err
		}
		anchors[name] = n.Value
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		target := anchors[name]
		if target == nil {
			names := make([]string, 0, len(anchors))
			for other := range anchors {
				names = append(names, other)
			}
			return f.errorAt(nodePosition(n), "", "*%s: there is no anchor &%s before this%s; a value that begins with * wants quotes",
				name, name, DidYouMean(name, names, "*"))
		}
		f.targets[n] = target
	}
	return nil
}

// Read returns the text of the file at path for Parse, and of one that is too
// large for it just enough to be refused.
func Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(f, maxSize+1))
}

// readReferred reads a file that a value refers to. It is read again with each
// reload, which no pipe allows, and to open one may wait for ever.
func readReferred(path string) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is no regular file", path)
	}
	text, err := Read(path)
	if err == nil && len(text) > maxSize {
		err = fmt.Errorf("%s: is larger than %d bytes", path, maxSize)
	}
	return text, err
}
