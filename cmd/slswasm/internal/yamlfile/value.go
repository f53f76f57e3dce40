package yamlfile

import (
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// A Value is a text, a list or a mapping of a file. The zero Value stands
// nowhere.
type Value struct {
	file   *file
	node   ast.Node
	at     Position
	key    Position // of its key, or its own
	secret bool
}

// An Entry is a key of a mapping, with its value.
type Entry struct {
	Key string
	Value
}

func (f *file) value(n ast.Node, at Position) Value {
	for {
		switch outer := n.(type) {
		case *ast.AnchorNode:
			n = outer.Value
		case *ast.AliasNode:
			n = f.targets[outer]
		default:
			return Value{file: f, node: n, at: at, key: at}
		}
	}
}

// IsZero reports whether there is no value.
func (v Value) IsZero() bool { return v.node == nil }

// Position is where the value begins.
func (v Value) Position() Position { return v.at }

// File is the name of its file.
func (v Value) File() string { return v.file.name }

// Secret is the same value, which no error shows.
func (v Value) Secret() Value {
	v.secret = true
	return v
}

// Path is path as seen from the folder of the value's file.
func (v Value) Path(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(v.file.dir, path)
}

// Errorf is an error about the value.
func (v Value) Errorf(format string, args ...any) error {
	begin, end := v.at.Column, 0
	if v.key.Line == v.at.Line {
		begin = v.key.Column
	}
	switch t := v.node.GetToken(); {
	case v.secret || v.isCollection():
		end = v.at.Column
	case t != nil:
		end = v.at.Column + len([]rune(strings.SplitN(strings.TrimSpace(t.Origin), "\n", 2)[0]))
	}
	excerpt := strings.Repeat(" ", begin-1) + v.file.line(v.at.Line, begin, max(end, v.at.Column))
	if v.secret {
		excerpt += "***"
	}
	return v.file.errorAt(v.at, excerpt, format, args...)
}

// KeyErrorf is an error about the key of an entry, or about an entry of a list
// as a whole. It does not show the value.
func (v Value) KeyErrorf(format string, args ...any) error {
	end := v.key.Column
	for {
		c := v.file.line(v.key.Line, end, end+1)
		if c == "" || c == ":" || c == " " && end > v.key.Column {
			break
		}
		end++
	}
	excerpt := strings.Repeat(" ", v.key.Column-1) + v.file.line(v.key.Line, v.key.Column, end)
	return v.file.errorAt(v.key, excerpt, format, args...)
}

func (v Value) isCollection() bool {
	switch v.node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		return true
	}
	return false
}

// IsMap and IsList tell the kinds of values; what is neither is a text.
func (v Value) IsMap() bool {
	switch v.node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	return false
}

// IsList reports whether the value is a list.
func (v Value) IsList() bool {
	_, ok := v.node.(*ast.SequenceNode)
	return ok
}

// Map returns the entries of a mapping in their order, those that it merges
// with << last.
func (v Value) Map() ([]Entry, error) {
	return v.entries(0)
}

// mergeLimit is how deep mappings may merge others.
const mergeLimit = 10

func (v Value) entries(depth int) ([]Entry, error) {
	var values []*ast.MappingValueNode
	switch n := v.node.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		return nil, v.Errorf("want KEY: VALUE, not %s", v.kind())
	}
	var own, merged []Entry
	has := map[string]bool{}
	for _, n := range values {
		e, err := v.entry(n)
		if err != nil {
			return nil, err
		}
		if _, merge := n.Key.(*ast.MergeKeyNode); merge {
			more, err := e.mergedBy(depth)
			if err != nil {
				return nil, err
			}
			merged = append(merged, more...)
			continue
		}
		if has[e.Key] {
			return nil, e.KeyErrorf("%s: the key stands twice", e.Key)
		}
		has[e.Key] = true
		own = append(own, e)
	}
	for _, e := range merged {
		if !has[e.Key] {
			has[e.Key] = true
			own = append(own, e)
		}
	}
	return own, nil
}

func (v Value) entry(n *ast.MappingValueNode) (Entry, error) {
	key := n.Key.GetToken()
	at := tokenPosition(key)
	if _, complex := n.Key.(*ast.MappingKeyNode); complex {
		return Entry{}, v.file.errorAt(at, "", "a key that begins with ?: want KEY: VALUE")
	}
	e := Entry{key.Value, v.file.value(n.Value, nodePosition(n.Value))}
	e.key = at
	if _, null := e.node.(*ast.NullNode); null {
		e.at = at
	}
	return e, nil
}

// mergedBy returns what << brings in: the entries of a mapping or of several.
func (v Value) mergedBy(depth int) ([]Entry, error) {
	if depth == mergeLimit {
		return nil, v.KeyErrorf("<<: more than %d mappings merged into each other", mergeLimit)
	}
	if !v.IsList() {
		return v.entries(depth + 1)
	}
	items, err := v.List()
	if err != nil {
		return nil, err
	}
	var all []Entry
	for _, item := range items {
		more, err := item.entries(depth + 1)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// List returns the values of a list.
func (v Value) List() ([]Value, error) {
	n, ok := v.node.(*ast.SequenceNode)
	if !ok {
		return nil, v.Errorf("want a list, not %s", v.kind())
	}
	items := make([]Value, len(n.Values))
	for i, item := range n.Values {
		items[i] = v.file.value(item, nodePosition(item))
		items[i].secret = v.secret
	}
	return items, nil
}

// Text returns the text of a value that is neither list nor mapping, as it is
// written, with what it refers to in its place.
func (v Value) Text() (string, error) {
	text, _, err := v.text()
	return text, err
}

// IsReference reports whether a text is not in the file, or not all of it.
func (v Value) IsReference() bool {
	_, refers, _ := v.text()
	return refers
}

func (v Value) text() (text string, refers bool, err error) {
	switch n := v.node.(type) {
	case *ast.StringNode:
		text = n.Value
	case *ast.LiteralNode:
		text = n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		text = n.GetToken().Value
	case *ast.NullNode:
		return "", false, v.KeyErrorf(`there is no value: leave the key out for the default, or write "" for an empty text`)
	case *ast.TagNode:
		return "", false, v.Errorf("tags such as %s mean nothing here; put a text into quotes", n.GetToken().Value)
	default:
		return "", false, v.Errorf("want one value, not %s", v.kind())
	}
	text, refers, err = v.file.expand(text)
	if err != nil {
		return "", refers, v.Errorf("%v", err)
	}
	return text, refers, nil
}

func (v Value) kind() string {
	_, nothing := v.node.(*ast.NullNode)
	switch {
	case nothing:
		return "nothing"
	case v.IsMap():
		return "a mapping"
	case v.IsList():
		return "a list"
	}
	return "a text"
}
