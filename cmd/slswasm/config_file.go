package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/cmd/slswasm/internal/yamlfile"
)

// A document is what a configuration file says. Without a file it says
// nothing.
type document struct {
	path                                string
	schema                              *schema
	top                                 settings
	variables                           map[string]bool // of the environment, that it refers to
	sources, transforms, sinks          []entry
	hasSources, hasTransforms, hasSinks bool
}

// An entry is one of the sources, transforms or sinks of a file.
type entry struct {
	title string // for messages
	name  string // or empty
	kind  string // of a sink
	value yamlfile.Value
	keys  *keys
	given settings
}

// readDocument reads a file; its error holds every mistake, with its line.
func readDocument(path string) (*document, error) {
	if path == "" {
		return &document{schema: newSchema()}, nil
	}
	text, err := yamlfile.Read(path)
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	return parseDocument(path, text)
}

func parseDocument(path string, text []byte) (*document, error) {
	d := &document{path: path, schema: newSchema(), top: settings{}, variables: map[string]bool{}}
	root, err := yamlfile.Parse(path, text, func(name string) (string, bool) {
		d.variables[name] = true
		return os.LookupEnv(name)
	})
	if err != nil {
		return nil, err
	}
	return d, inOrder(d.read(root))
}

func (d *document) read(root yamlfile.Value) error {
	if root.IsZero() {
		return nil
	}
	entries, err := root.Map()
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		switch e.Key {
		case keySources:
			d.hasSources = true
			d.sources, err = d.entries(e, func(yamlfile.Value) (*keys, error) { return d.schema.source, nil })
		case keyTransforms:
			d.hasTransforms = true
			d.transforms, err = d.entries(e, func(yamlfile.Value) (*keys, error) { return d.schema.transform, nil })
		case keySinks:
			d.hasSinks = true
			d.sinks, err = d.entries(e, d.sinkKeys)
		default:
			err = d.schema.read(d.schema.top, e, d.top)
		}
		errs = append(errs, err)
	}
	_, err = fill(new(runSettings).flags(), d.top)
	return errors.Join(append(errs, err)...)
}

// entries reads a list of mappings.
func (d *document) entries(of yamlfile.Entry, keysOf func(yamlfile.Value) (*keys, error)) ([]entry, error) {
	items, err := of.List()
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, of.KeyErrorf("%s: the list is empty; leave the key out", of.Key)
	}
	var all []entry
	var errs []error
	for i, item := range items {
		k, err := keysOf(item)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		one := entry{value: item, keys: k, given: settings{}, title: fmt.Sprintf("%s number %d", strings.TrimSuffix(of.Key, "s"), i+1)}
		errs = append(errs, d.entry(&one))
		if one.name != "" {
			if same := slices.IndexFunc(all, func(e entry) bool { return e.name == one.name }); same >= 0 {
				errs = append(errs, one.given["name"].value.Errorf("name: %s is the name of number %d, too", one.name, same+1))
			}
			one.title = strings.TrimSuffix(of.Key, "s") + " " + one.name
		}
		all = append(all, one)
	}
	return all, errors.Join(errs...)
}

var niceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)

// entry reads one mapping of a list.
func (d *document) entry(one *entry) error {
	entries, err := one.value.Map()
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		errs = append(errs, d.schema.read(one.keys, e, one.given))
	}
	if s, ok := one.given["name"]; ok {
		one.name = s.texts[0]
		if !niceName.MatchString(one.name) {
			errs = append(errs, s.value.Errorf("name: %q: want letters, digits and . _ - /", one.name))
		}
	}
	if s, ok := one.given["type"]; ok {
		one.kind = s.texts[0]
		if one.name == "" {
			one.name = one.kind
		}
	}
	_, err = fill(one.keys.flags, one.given) // the schema's own, which nobody else reads
	return errors.Join(append(errs, err)...)
}

// sinkKeys are those of the sink's type, which is asked for first.
func (d *document) sinkKeys(sink yamlfile.Value) (*keys, error) {
	entries, err := sink.Map()
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Key != "type" {
			continue
		}
		kinds := []string{sinkHEC, sinkSyslog}
		switch kind, err := e.Text(); {
		case err != nil:
			return nil, err
		case !slices.Contains(kinds, kind):
			return nil, e.Errorf("type: %q is none of: %s%s", kind, strings.Join(kinds, ", "), yamlfile.DidYouMean(kind, kinds, ""))
		default:
			return d.schema.sink(kind), nil
		}
	}
	return nil, sink.KeyErrorf("a sink without a type: want type: %s or type: %s", sinkHEC, sinkSyslog)
}

// read adds what one line says.
func (s *schema) read(k *keys, e yamlfile.Entry, to settings) error {
	f := k.flag(e.Key)
	if f == nil {
		return s.unknown(k, e)
	}
	v := e.Value
	if _, secret := f.(secretFlag); secret {
		v = v.Secret()
	}
	texts, err := textsIn(f, v)
	if err != nil {
		return err
	}
	name := f.Names()[0]
	if takesFile(f) {
		for i := range texts {
			if name != "guest-config" || !isLiteral(texts[i]) {
				texts[i] = v.Path(texts[i])
			}
		}
	}
	to[name] = setting{texts: texts, value: v, from: fmt.Sprintf("%s:%d", v.File(), v.Position().Line)}
	return nil
}

// textsIn are the values for a flag: one, or those of a list where the flag
// takes several.
func textsIn(f cli.Flag, v yamlfile.Value) ([]string, error) {
	name := f.Names()[0]
	switch {
	case v.IsMap() && name == "guest-config":
		text, err := v.JSON(nil)
		return []string{string(text)}, err
	case v.IsList() && (isSlice(f) || name == "logstore"):
		items, err := v.List()
		if err != nil {
			return nil, err
		}
		texts := []string{}
		for _, item := range items {
			text, err := item.Text()
			if err != nil {
				return nil, err
			}
			texts = append(texts, text)
		}
		if name == "logstore" {
			texts = []string{strings.Join(texts, ",")}
		}
		return texts, nil
	}
	text, err := v.Text()
	return []string{text}, err
}

func takesFile(f cli.Flag) bool {
	switch f := f.(type) {
	case *cli.StringFlag:
		return f.TakesFile
	case *cli.StringSliceFlag:
		return f.TakesFile
	}
	return false
}

// inOrder joins errors in the order of the lines that they are about, those
// about no line last, each once.
func inOrder(errs ...error) error {
	var all []error
	for _, err := range errs {
		all = append(all, flat(err)...)
	}
	said := map[string]bool{}
	all = slices.DeleteFunc(all, func(err error) bool {
		again := said[err.Error()]
		said[err.Error()] = true
		return again
	})
	slices.SortStableFunc(all, func(a, b error) int { return cmp.Compare(lineOf(a), lineOf(b)) })
	return errors.Join(all...)
}

func lineOf(err error) int {
	if e, ok := errors.AsType[*yamlfile.Error](err); ok {
		return e.Line
	}
	return 1 << 30
}

// flat takes joined errors apart.
func flat(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // of this one, not of what it wraps
	if !ok {
		if err == nil {
			return nil
		}
		return []error{err}
	}
	var all []error
	for _, err := range joined.Unwrap() {
		all = append(all, flat(err)...)
	}
	return all
}
