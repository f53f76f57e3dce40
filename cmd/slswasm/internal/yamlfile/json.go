package yamlfile

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// jsonLimit is how many values there may be in one that becomes JSON. Aliases
// of aliases can make very many of a few lines.
const jsonLimit = 100_000

// JSON returns the value in that form, with the keys in their order. With
// hide, each text, number and truth value for which it returns true is a text
// of three asterisks.
func (v Value) JSON(hide func(key string, reference bool) bool) ([]byte, error) {
	w := jsonWriter{hide: hide}
	if err := w.write("", v); err != nil {
		return nil, err
	}
	return w.out.Bytes(), nil
}

type jsonWriter struct {
	out    bytes.Buffer
	values int
	hide   func(string, bool) bool
}

func (w *jsonWriter) write(key string, v Value) error {
	if w.values++; w.values > jsonLimit {
		return v.Errorf("more than %d values", jsonLimit)
	}
	switch {
	case v.IsMap():
		return w.object(v)
	case v.IsList():
		items, err := v.List()
		if err != nil {
			return err
		}
		w.out.WriteByte('[')
		for i, item := range items {
			if i > 0 {
				w.out.WriteByte(',')
			}
			if err := w.write(key, item); err != nil {
				return err
			}
		}
		w.out.WriteByte(']')
		return nil
	}
	return w.scalar(key, v)
}

func (w *jsonWriter) object(v Value) error {
	entries, err := v.Map()
	if err != nil {
		return err
	}
	w.out.WriteByte('{')
	for i, e := range entries {
		if i > 0 {
			w.out.WriteByte(',')
		}
		if err := w.encode(e.Value, e.Key); err != nil {
			return err
		}
		w.out.WriteByte(':')
		if err := w.write(e.Key, e.Value); err != nil {
			return err
		}
	}
	w.out.WriteByte('}')
	return nil
}

func (w *jsonWriter) scalar(key string, v Value) error {
	var plain any
	switch n := v.node.(type) {
	case *ast.NullNode:
		w.out.WriteString("null")
		return nil
	case *ast.BoolNode:
		plain = n.Value
	case *ast.IntegerNode:
		plain = n.Value
		if text := n.GetToken().Value; json.Valid([]byte(text)) {
			plain = json.RawMessage(text) // however large
		}
	case *ast.FloatNode:
		plain = n.Value
		if text := n.GetToken().Value; json.Valid([]byte(text)) {
			plain = json.RawMessage(text)
		}
	case *ast.InfinityNode, *ast.NanNode:
		return v.Errorf("JSON has no such number; put a text into quotes")
	default:
		text, refers, err := v.text()
		if err != nil {
			return err
		}
		if w.hide != nil && w.hide(key, refers) {
			text = "***"
		}
		return w.encode(v, text)
	}
	if w.hide != nil && w.hide(key, false) {
		plain = "***"
	}
	return w.encode(v, plain)
}

func (w *jsonWriter) encode(v Value, plain any) error {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(plain); err != nil {
		return v.Errorf("JSON has no such number; put a text into quotes")
	}
	w.out.WriteString(strings.TrimSuffix(out.String(), "\n"))
	return nil
}
