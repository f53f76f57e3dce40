package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/cmd/slswasm/internal/yamlfile"
)

// A planWriter writes a plan as a configuration file that says the same.
type planWriter struct {
	out     strings.Builder
	plan    *plan
	origins bool // tell where each value is from
	secrets bool // as they are
}

// show is what is in force, without the secrets.
func (p *plan) show() string {
	w := planWriter{plan: p, origins: true}
	w.top()
	w.sources()
	w.transforms()
	w.sinks()
	return w.out.String()
}

// others are what does not change while a process runs.
func (p *plan) others() string {
	w := planWriter{plan: p, secrets: true}
	w.top()
	w.sources()
	w.sinks()
	return w.out.String()
}

func (w *planWriter) top() {
	s := w.plan.document.schema
	for _, f := range s.top.flags {
		name := f.Names()[0]
		if s.source.names[name] == "" && s.transform.names[name] == "" { // else it is said with each of those
			w.line("", s.top, w.plan.top, name)
		}
	}
}

func (w *planWriter) sources() {
	fmt.Fprintf(&w.out, "\n%s:\n", keySources)
	all := make([]string, len(w.plan.receivers))
	for i, r := range w.plan.receivers {
		all[i] = r.entry.name
	}
	for i, f := range w.plan.flows {
		name := f.flowSettings.name
		if name == "" {
			name = fmt.Sprintf("source-%d", i+1)
		}
		chain := make([]string, len(f.chain))
		for i, t := range f.chain {
			chain[i] = t.name
		}
		sinks := f.sinks.Value()
		if len(sinks) == 0 {
			sinks = all
		}
		w.entry(f.keys, f.filled, map[string][]string{"name": {name}, keyTransforms: chain, "sink": sinks})
	}
}

func (w *planWriter) transforms() {
	if len(w.plan.transforms) > 0 {
		fmt.Fprintf(&w.out, "\n%s:\n", keyTransforms)
	}
	for _, t := range w.plan.transforms {
		fixed := map[string][]string{"name": {t.name}}
		if t.filled == nil {
			given := settings{}
			for name, s := range w.plan.given {
				given[name] = s
			}
			given["transform"], given["guest-config"] = setting{texts: []string{t.module}, from: "--transform"}, setting{texts: []string{t.config}, from: "--guest-config"}
			t.filled, _ = fill(new(transformSettings).flags(), w.plan.document.top, given) // was filled before
		}
		w.entry(w.plan.document.schema.transform, t.filled, fixed)
	}
}

func (w *planWriter) sinks() {
	if len(w.plan.receivers) > 0 {
		fmt.Fprintf(&w.out, "\n%s:\n", keySinks)
	}
	for _, r := range w.plan.receivers {
		f := r.filled
		if f == nil {
			f, _ = fill(new(receiverSettings).flags(r.sinkEntry.kind), w.plan.given) // was filled before
		}
		w.entry(w.plan.document.schema.sink(r.sinkEntry.kind), f, map[string][]string{"name": {r.entry.name}, "type": {r.sinkEntry.kind}})
	}
}

// entry writes one mapping of a list, some of whose values are given.
func (w *planWriter) entry(k *keys, f *filled, fixed map[string][]string) {
	indent := "  - "
	for _, one := range k.flags {
		name := one.Names()[0]
		before := w.out.Len()
		if texts, ok := fixed[name]; ok {
			if len(texts) > 0 {
				w.write(indent, k.names[name], w.value(one, texts), f.where[name].from)
			}
		} else {
			w.line(indent, k, f, name)
		}
		if w.out.Len() > before {
			indent = "    "
		}
	}
}

// line writes one setting, unless it is empty and nobody said so.
func (w *planWriter) line(indent string, k *keys, f *filled, name string) {
	texts, s := f.texts(name), f.where[name]
	empty := len(texts) == 0 || len(texts) == 1 && texts[0] == ""
	if empty && (s.from == "" || f.defaultOf(name) == "") {
		return
	}
	value := w.value(f.flag(name), texts)
	if name == "guest-config" {
		value = w.guestConfig(s)
	}
	w.write(indent, k.names[name], value, s.from)
}

func (w *planWriter) write(indent, key, value, from string) {
	fmt.Fprintf(&w.out, "%s%s: %s", indent, key, value)
	if w.origins && from != "" {
		w.out.WriteString("  # " + from)
	}
	w.out.WriteString("\n")
}

const masked = "***"

var (
	// userInfo is where a URL holds a password.
	userInfo = regexp.MustCompile(`://[^/@\s]*@`)
	// plainText needs no quotes in YAML, also in brackets.
	plainText = regexp.MustCompile(`^[A-Za-z0-9_./][A-Za-z0-9_./+@=-]*(:[A-Za-z0-9_./+@=-]+)*$`)
)

// value is a setting in YAML.
func (w *planWriter) value(f cli.Flag, texts []string) string {
	_, secret := f.(secretFlag)
	words := make([]string, len(texts))
	for i, text := range texts {
		if takesFile(f) && text != "" {
			if path, err := filepath.Abs(text); err == nil {
				text = path
			}
		}
		words[i] = quote(text)
		if secret && !w.secrets && text != "" {
			words[i] = quote(masked)
		} else if !w.secrets {
			words[i] = quote(userInfo.ReplaceAllString(text, "://"+masked+"@"))
		}
	}
	if isSlice(f) {
		return "[" + strings.Join(words, ", ") + "]"
	}
	return words[0]
}

func quote(text string) string {
	text = yamlfile.Escape(text)
	if plainText.MatchString(text) && !slices.Contains([]string{"null", "Null", "NULL"}, text) {
		return text
	}
	return string(compact(text))
}

// compact is JSON, and so YAML.
func compact(v any) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // it came from JSON, or is a text
		return []byte(`""`)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// guestConfig shows a file by its name, and of JSON what is not called a
// secret and stands in no other place.
func (w *planWriter) guestConfig(s setting) string {
	text := s.texts[0]
	switch {
	case !isLiteral(text):
		if path, err := filepath.Abs(text); err == nil {
			text = path
		}
		return quote(text)
	case w.secrets:
	case !s.value.IsZero() && s.value.IsMap():
		json, err := s.value.JSON(func(_ string, refers bool) bool { return refers })
		if err != nil {
			return quote(masked)
		}
		text = string(json)
	case !s.value.IsZero() && s.value.IsReference():
		return quote(masked)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var config any
	if err := d.Decode(&config); err != nil {
		return quote(masked)
	}
	return string(compact(w.hide("", config)))
}

// hide masks what is called a secret in JSON.
func (w *planWriter) hide(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = w.hide(key, v[key])
		}
		return v
	case []any:
		for i := range v {
			v[i] = w.hide(name, v[i])
		}
		return v
	}
	if !w.secrets && yamlfile.IsSecretName(name) {
		return masked
	}
	if text, ok := v.(string); ok {
		return yamlfile.Escape(text)
	}
	return v
}
