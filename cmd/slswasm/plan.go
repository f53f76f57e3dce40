package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/cmd/slswasm/internal/yamlfile"
)

// A plan is what the command line, the environment and the configuration file,
// if there is one, say together, the first of them first.
type plan struct {
	document *document
	given    settings // of the command line and the environment
	top      *filled  // all flags of run: those of one flow or sink count there

	guests *guestSettings // the command's own, as is sink
	sink   *sinkSettings

	flows      []*flowPlan
	transforms []*transformPlan
	receivers  []*receiverPlan
}

type flowPlan struct {
	*entry
	*flowSettings
	filled *filled
	chain  []*transformPlan
}

type transformPlan struct {
	*entry
	guestEntry
	filled *filled // nil: of the command line
}

type receiverPlan struct {
	*entry
	sinkEntry
	filled *filled // nil: of the command line
}

// configSettings are where the configuration file is.
type configSettings struct{ path string }

func (s *configSettings) flags() []cli.Flag {
	return []cli.Flag{category("Configuration").file(&s.path, "config", "YAML `FILE` with all that is set by flags, and more: several sources, transforms and sinks; see slswasm config example")}
}

// makePlan reads the file at path, if there is one, and gives the command's own
// flags what it says at its top, but those named in except. All that is in the
// file is checked, whether it is used or not. A plan that comes with an error is
// as good as it goes: for those who look for more that is wrong.
func makePlan(c *cli.Context, path string, guests *guestSettings, sink *sinkSettings, except ...string) (*plan, error) {
	given := overrides(c)
	d, err := readDocument(path)
	if err != nil {
		return nil, err
	}
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		s, set := d.top[name]
		if _, above := given[name]; !set || above || slices.Contains(except, name) {
			continue
		}
		if err := c.Set(name, s.text(f)); err != nil {
			return nil, s.refused(c.Command.Flags, name)
		}
	}
	return d.plan(guests, sink, given)
}

// again reads the file again.
func (p *plan) again() (*plan, error) {
	d, err := readDocument(p.document.path)
	if err != nil {
		return nil, err
	}
	return d.plan(p.guests, p.sink, p.given)
}

func (d *document) plan(guests *guestSettings, sink *sinkSettings, given settings) (*plan, error) {
	p := &plan{document: d, given: given, guests: guests, sink: sink}
	var err error
	if p.top, err = fill(new(runSettings).flags(), d.top, given); err != nil {
		return nil, err
	}
	err = inOrder(p.planTransforms(), p.planReceivers(), p.planFlows())
	if err == nil {
		err = p.unused()
	}
	return p, err
}

// replaced reports whether the command line or the environment say it.
func (p *plan) replaced(flag string) bool { _, ok := p.given[flag]; return ok }

// planTransforms takes those of the file; a chain on the command line stands
// in the place of all of them.
func (p *plan) planTransforms() error {
	if p.replaced("transform") || !p.document.hasTransforms {
		entries, err := p.guests.entries()
		for i := range entries {
			p.transforms = append(p.transforms, &transformPlan{entry: &entry{name: p.freeName(entries[i].module)}, guestEntry: entries[i]})
		}
		return err
	}
	if p.replaced("guest-config") {
		return fmt.Errorf("%s: goes with --transform; the transforms of the file have their own config", p.given["guest-config"].from)
	}
	var errs []error
	for i := range p.document.transforms {
		e, s := &p.document.transforms[i], new(transformSettings)
		f, err := fill(s.flags(), p.document.top, e.given, p.given)
		errs = append(errs, err, e.missing("name"), e.missing("transform"))
		p.transforms = append(p.transforms, &transformPlan{e, guestEntry{s.module, s.config, &s.limits}, f})
	}
	return errors.Join(errs...)
}

// freeName makes a name of that of a module.
func (p *plan) freeName(module string) string {
	path, _, _ := strings.Cut(module, pin)
	base := strings.TrimSuffix(filepath.Base(path), ".wasm")
	name := base
	for n := 2; slices.ContainsFunc(p.transforms, func(t *transformPlan) bool { return t.name == name }); n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	return name
}

// missing refuses an entry that lacks a key.
func (e *entry) missing(flag string) error {
	if s, ok := e.given[flag]; ok && s.texts[0] != "" {
		return nil
	}
	return e.value.KeyErrorf("%s: %s is missing", e.title, e.keys.names[flag])
}

func (p *plan) planReceivers() error {
	if !p.document.hasSinks {
		entries, err := p.sink.entries()
		for i := range entries {
			p.receivers = append(p.receivers, &receiverPlan{entry: &entry{name: entries[i].name}, sinkEntry: entries[i]})
		}
		return err
	}
	var errs []error
	for i := range p.document.sinks {
		e, s := &p.document.sinks[i], new(receiverSettings)
		f, err := fill(s.flags(e.kind), e.given, p.given)
		errs = append(errs, err)
		p.receivers = append(p.receivers, &receiverPlan{e, sinkEntry{e.name, e.kind, &s.hec, &s.syslog}, f})
	}
	return errors.Join(errs...)
}

func (p *plan) planFlows() (err error) {
	p.flows, err = p.document.flows(p.given)
	errs := []error{err}
	for _, f := range p.flows {
		errs = append(errs, p.chain(f), p.wayOut(f))
	}
	return errors.Join(errs...)
}

// flows are the sources of the file, or the one of the command line, with what
// is given above each.
func (d *document) flows(given settings) ([]*flowPlan, error) {
	sources := d.sources
	if !d.hasSources {
		sources = []entry{{keys: d.schema.source}}
	}
	var flows []*flowPlan
	var errs []error
	for i := range sources {
		f := &flowPlan{entry: &sources[i], flowSettings: new(flowSettings)}
		var err error
		f.filled, err = fill(f.flags(), d.top, f.given, given)
		errs = append(errs, err)
		if d.hasSources && f.flowSettings.name == "" {
			f.flowSettings.name = f.source.project + "/" + f.source.logstore
		}
		for _, other := range flows {
			if name := f.flowSettings.name; name == other.flowSettings.name && (f.entry.name == "" || other.entry.name == "") {
				errs = append(errs, f.value.KeyErrorf("%s: another source is called %s, too; give each a name", f.title, name))
			}
		}
		flows = append(flows, f)
	}
	return flows, errors.Join(errs...)
}

// chain finds the transforms of a flow: those that it names; of a file without
// sources, and of the command line, all.
func (p *plan) chain(f *flowPlan) error {
	names := f.transforms.Value()
	if p.replaced("transform") || !p.document.hasSources {
		f.chain = p.transforms
		return nil
	}
	known := make([]string, len(p.transforms))
	for i, t := range p.transforms {
		known[i] = t.name
	}
	var errs []error
	for i, name := range names {
		at := slices.Index(known, name)
		if at < 0 {
			errs = append(errs, f.filled.unknown(keyTransforms, i, "transform", known))
			continue
		}
		f.chain = append(f.chain, p.transforms[at])
	}
	return errors.Join(errs...)
}

// wayOut checks the names of a flow's sinks.
func (p *plan) wayOut(f *flowPlan) error {
	known := make([]string, len(p.receivers))
	for i, r := range p.receivers {
		known[i] = r.entry.name
	}
	var errs []error
	for i, name := range f.sinks.Value() {
		if !slices.Contains(known, name) {
			errs = append(errs, f.filled.unknown("sink", i, "sink", known))
		}
	}
	return errors.Join(errs...)
}

// unknown says that the i-th name in a list is none.
func (f *filled) unknown(flag string, i int, what string, known []string) error {
	s := f.where[flag]
	name := s.texts[i]
	message := fmt.Sprintf("there is no %s %q%s", what, name, yamlfile.DidYouMean(name, known, ""))
	if s.value.IsZero() {
		return fmt.Errorf("%s: %s", s.from, message)
	}
	if items, err := s.value.List(); err == nil {
		return items[i].Errorf("%s", message)
	}
	return s.value.Errorf("%s", message)
}

// unused refuses what no source names: it may be a source's mistake. What the
// command line leaves out is not asked for.
func (p *plan) unused() error {
	var errs []error
	for _, t := range p.transforms {
		if t.filled != nil && !slices.ContainsFunc(p.flows, func(f *flowPlan) bool { return slices.Contains(f.chain, t) }) {
			errs = append(errs, t.value.KeyErrorf("%s: no source names it; put it into the transforms of one, or leave it out", t.title))
		}
	}
	p.receivers = slices.DeleteFunc(p.receivers, func(r *receiverPlan) bool {
		used := slices.ContainsFunc(p.flows, func(f *flowPlan) bool {
			names := f.sinks.Value()
			return len(names) == 0 || slices.Contains(names, r.entry.name)
		})
		if !used && !p.replaced("sink") {
			errs = append(errs, r.value.KeyErrorf("%s: no source names it; put it into the sinks of one, or leave it out", r.title))
		}
		return !used
	})
	return errors.Join(errs...)
}
