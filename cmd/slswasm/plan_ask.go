package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/slswasm/slswasm/host/doctor"
	"github.com/slswasm/slswasm/host/guest"
)

// askGuests starts each module as a run does, and returns what is wrong with
// them or their configuration. Those that cannot be read are left out: others
// say why.
func (p *plan) askGuests(ctx context.Context) error {
	var errs []error
	for _, t := range p.transforms {
		cfg, err := t.guest(p.guests.cacheDir, slog.New(slog.DiscardHandler))
		if err != nil || t.limits.check() != nil {
			continue
		}
		m, err := guest.Compile(ctx, cfg)
		if err == nil {
			err = m.Close(context.WithoutCancel(ctx))
		} else if _, refused := errors.AsType[*guest.Refusal](err); !refused { // which names its flag
			err = fmt.Errorf("--transform: %w", err)
		}
		errs = append(errs, t.located(err))
	}
	return errors.Join(errs...)
}

// locatedStart gives the errors of a start their lines, as far as they say which
// source, transform or sink they are about.
func (p *plan) locatedStart(err error) error {
	var errs []error
	for _, one := range flat(err) {
		text := one.Error()
		if !flagInText.MatchString(text) {
			errs = append(errs, one)
			continue
		}
		if _, refused := errors.AsType[*guest.Refusal](one); refused { // the line is that of the configuration
			one = errors.New(strings.Replace(text, "--transform: ", "", 1))
		}
		errs = append(errs, p.aboutWhom(text)(one))
	}
	return errors.Join(errs...)
}

// aboutWhom returns what locates an error with this text.
func (p *plan) aboutWhom(text string) func(error) error {
	for _, r := range p.receivers {
		if strings.HasPrefix(text, "sink "+r.entry.name+":") {
			return r.located
		}
	}
	for _, t := range p.transforms {
		path, _, _ := strings.Cut(t.module, pin)
		if strings.Contains(text, "guest "+path+":") {
			return t.located
		}
	}
	for _, f := range p.flows {
		for _, at := range f.source.places() {
			if at.project != "" && strings.Contains(text, at.project) && strings.Contains(text, at.logstore) {
				return f.located
			}
		}
	}
	return p.located
}

// inFile makes a remedy name the lines of the file that it is about, in place
// of flags, which stand above all entries.
func (p *plan) inFile(l doctor.Line) string {
	if p == nil || p.document.path == "" {
		return l.Remedy
	}
	switch of := l.Of; of.Kind {
	case doctor.OfSource:
		f := p.flows[of.Flow]
		return pointed(l.Remedy, f.title, f.keys, f.filled.where, f.place(p.document.path))
	case doctor.OfGuest:
		if t := p.flows[of.Flow].chain[of.Item]; t.filled != nil {
			return pointed(l.Remedy, t.title, t.keys, t.filled.where, t.place(p.document.path))
		}
	case doctor.OfSink:
		for _, r := range p.receivers {
			if r.entry.name == of.Name && r.filled != nil {
				return pointed(l.Remedy, r.title, r.keys, r.filled.where, r.place(p.document.path))
			}
		}
	default:
		return pointed(l.Remedy, "", p.document.schema.top, p.top.where, p.document.path)
	}
	return l.Remedy
}
