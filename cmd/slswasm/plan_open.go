package main

import (
	"errors"
	"log/slog"
	"maps"
	"slices"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/sinks"
)

// hostFlows makes the flows, with everything in base.
func (p *plan) hostFlows(base shard.Config, logger *slog.Logger) ([]host.Flow, error) {
	errs := []error{p.located(p.guests.limits.check())}
	chains, err := p.chains(logger)
	errs = append(errs, err, p.twice())
	flows := make([]host.Flow, len(p.flows))
	for i, f := range p.flows {
		sources, err := f.source.configs(base)
		errs = append(errs, f.located(err))
		onError, err := parseOnError(f.onError)
		errs = append(errs, f.located(err))
		flows[i] = host.Flow{Name: f.flowSettings.name, Sources: sources, Guests: chains[i], OnError: onError, Sinks: f.sinks.Value()}
	}
	share(base.Budget, flows)
	return flows, inOrder(errs...)
}

// share parts the budget among the sources: one whose receiver is down keeps
// what it has for as long as that lasts, and the others must be able to go on.
func share(budget *shard.Budget, flows []host.Flow) {
	n := int64(0)
	for i := range flows {
		n += int64(len(flows[i].Sources))
	}
	if n < 2 {
		return
	}
	for i := range flows {
		for k := range flows[i].Sources {
			flows[i].Sources[k].Budget = shard.NewBudget(budget.Size() / n)
		}
	}
}

// chains reads the modules of each flow.
func (p *plan) chains(logger *slog.Logger) ([][]guest.Config, error) {
	var errs []error
	if p.guests.watch && len(p.transforms) == 0 {
		errs = append(errs, p.located(errors.New("--watch: there is no --transform to watch")))
	}
	read := map[*transformPlan]guest.Config{}
	for _, t := range p.transforms {
		config, err := t.guest(p.guests.cacheDir, logger)
		if t.filled != nil {
			err = t.located(errors.Join(err, t.limits.check()))
		}
		errs = append(errs, err)
		read[t] = config
	}
	chains := make([][]guest.Config, len(p.flows))
	for i, f := range p.flows {
		for _, t := range f.chain {
			chains[i] = append(chains[i], read[t])
		}
	}
	return chains, errors.Join(errs...)
}

// twice refuses sources that would consume one logstore in one group.
func (p *plan) twice() error {
	var errs []error
	type key struct {
		place
		group string
	}
	first := map[key]*flowPlan{}
	for _, f := range p.flows {
		for _, place := range f.source.places() {
			k := key{place, f.source.group}
			if other := first[k]; other != nil && other != f && k.logstore != "" {
				errs = append(errs, f.value.KeyErrorf("%s: consumes logstore %s of project %s in group %q, as %s does; give it a group of its own",
					f.title, k.logstore, k.project, k.group, other.title))
			}
			first[k] = f
		}
	}
	return errors.Join(errs...)
}

// resendFlows makes flows for dead letters: their sources, which a file has, only
// say which flow a letter belongs to.
func (p *plan) resendFlows(logger *slog.Logger) ([]host.Flow, error) {
	errs := []error{p.located(p.guests.limits.check())}
	chains, err := p.chains(logger)
	errs = append(errs, err)
	flows := make([]host.Flow, len(p.flows))
	for i, f := range p.flows {
		onError, err := parseOnError(f.onError)
		errs = append(errs, f.located(err))
		flows[i] = host.Flow{Name: f.flowSettings.name, Guests: chains[i], OnError: onError, Sinks: f.sinks.Value()}
		if !p.document.hasSources {
			continue // one way for all
		}
		for _, of := range f.source.places() {
			flows[i].Sources = append(flows[i].Sources, shard.Config{Project: of.project, Logstore: of.logstore})
		}
	}
	return flows, inOrder(errs...)
}

// count is of the logstores.
func (p *plan) count() int {
	n := 0
	for _, f := range p.flows {
		n += len(f.source.places())
	}
	return n
}

// overridden tells of settings of the file that are not in force.
func (p *plan) overridden(logger *slog.Logger) {
	told := map[string]bool{}
	tell := func(inFile settings) {
		for _, name := range slices.Sorted(maps.Keys(inFile)) {
			above, ok := p.given[name]
			if ok && !told[name] && !slices.Equal(above.texts, inFile[name].texts) {
				told[name] = true
				logger.Warn("a setting of the configuration file is not in force", "setting", name, "because_of", above.from)
			}
		}
	}
	tell(p.document.top)
	for _, list := range [][]entry{p.document.sources, p.document.transforms, p.document.sinks} {
		for _, e := range list {
			tell(e.given)
		}
	}
}

// openSinks makes the sinks; none of them talks to its receiver yet.
func (p *plan) openSinks(patience sinks.RetryConfig, logger *slog.Logger) ([]host.NamedSink, error) {
	var opened []host.NamedSink
	var errs []error
	for _, r := range p.receivers {
		sink, err := r.open(p.sink.eventID, patience, logger)
		if err != nil {
			errs = append(errs, r.located(err))
			continue
		}
		opened = append(opened, sink)
	}
	return opened, errors.Join(errs...)
}

// files are what a change of which is worth a reload.
func (p *plan) files() []string {
	var files []string
	if p.document.path != "" {
		files = append(files, p.document.path)
	}
	for _, t := range p.transforms {
		files = append(files, t.files()...)
	}
	return files
}
