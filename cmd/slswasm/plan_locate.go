package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/slswasm/slswasm/cmd/slswasm/internal/yamlfile"
)

var flagInText = regexp.MustCompile(`--([a-z][a-z0-9-]*[a-z0-9])`)

// located gives an error that is about flags the line of the file where they
// are set, or else that of the mapping where they might be, and calls them as
// they are called there. An error about what no file says stays as it is.
func located(err error, title string, k *keys, where settings, at yamlfile.Value) error {
	if err == nil {
		return nil
	}
	var errs []error
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimRight(line, "\n")
		var set yamlfile.Value
		elsewhere := false
		text := flagInText.ReplaceAllStringFunc(line, func(word string) string {
			name := word[2:]
			key, ok := k.names[name]
			s, isSet := where[name]
			switch {
			case !ok:
				return word
			case isSet && s.value.IsZero():
				elsewhere = true
				return word
			case isSet && set.IsZero():
				set = s.value
			}
			return key
		})
		if title != "" {
			text = title + ": " + text
		}
		switch {
		case !set.IsZero():
			errs = append(errs, set.Errorf("%s", text))
		case at.IsZero():
			errs = append(errs, errors.New(line))
		case elsewhere:
			errs = append(errs, errors.New(text))
		default:
			errs = append(errs, at.KeyErrorf("%s", text))
		}
	}
	return errors.Join(errs...)
}

// located is for what is set at the top.
func (p *plan) located(err error) error {
	return located(err, "", p.document.schema.top, p.top.where, yamlfile.Value{})
}

func (f *flowPlan) located(err error) error {
	return located(err, f.title, f.keys, f.filled.where, f.value)
}

func (t *transformPlan) located(err error) error {
	if t.filled == nil {
		return err
	}
	return located(err, t.title, t.keys, t.filled.where, t.value)
}

func (r *receiverPlan) located(err error) error {
	if r.filled == nil {
		return err
	}
	return located(err, r.title, r.keys, r.filled.where, r.value)
}

// pointed calls the flags in a text as the file does, with the line where one is
// set, or else the place where it might be.
func pointed(text, title string, k *keys, where settings, place string) string {
	return flagInText.ReplaceAllStringFunc(text, func(word string) string {
		key, ok := k.names[word[2:]]
		s, isSet := where[word[2:]]
		switch {
		case !ok, isSet && s.value.IsZero():
			return word
		case isSet:
			return s.from + " " + key
		case title == "":
			return key + " in " + place
		}
		return key + " of " + title + " (" + place + ")"
	})
}

// place is where an entry stands, or the file where there are none.
func (e *entry) place(path string) string {
	if e.value.IsZero() {
		return path
	}
	return fmt.Sprintf("%s:%d", e.value.File(), e.value.Position().Line)
}
