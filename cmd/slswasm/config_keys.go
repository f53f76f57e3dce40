package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/cmd/slswasm/internal/yamlfile"
)

// Keys are what may stand in one kind of mapping of a configuration file: the
// flags' names, often without what all of them begin with, so that each flag
// has its key.
type keys struct {
	place string            // where they stand, for messages
	flags []cli.Flag        // in their order
	names map[string]string // the key of each flag
	lists []string          // keys of lists of mappings
}

func newKeys(place, prefix string, flags []cli.Flag, renamed map[string]string, lists ...string) *keys {
	k := &keys{place: place, flags: flags, names: map[string]string{}, lists: lists}
	for _, f := range flags {
		name := f.Names()[0]
		k.names[name] = strings.TrimPrefix(name, prefix)
		if key, ok := renamed[name]; ok {
			k.names[name] = key
		}
	}
	return k
}

// Keys of the lists at the top of the file.
const (
	keySources    = "sources"
	keyTransforms = "transforms"
	keySinks      = "sinks"
)

// flowSettings are one of the sources, with its way.
type flowSettings struct {
	name       string
	source     sourceSettings
	onError    string
	transforms cli.StringSlice
	sinks      cli.StringSlice
}

func (s *flowSettings) flags() []cli.Flag {
	return slices.Concat([]cli.Flag{nameFlag(&s.name, "`NAME` of the source in messages and metrics (default: project/logstore)")}, s.source.flags(), []cli.Flag{
		&cli.StringSliceFlag{
			Name: keyTransforms, Usage: "names of the transforms that each log passes through, in this order (default: none)",
			Destination: &s.transforms,
		},
		onErrorFlag(&s.onError),
		&cli.StringSliceFlag{
			Name: "sink", Usage: "names of the sinks; a guest's route chooses, and the first takes the rest (default: all, in their order)",
			Destination: &s.sinks,
		},
	})
}

func nameFlag(to *string, usage string) cli.Flag {
	return &cli.StringFlag{Name: "name", Usage: usage, Destination: to}
}

// transformSettings are one of the transforms.
type transformSettings struct {
	name, module, config string
	limits               limitSettings
}

func (s *transformSettings) flags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		nameFlag(&s.name, "`NAME` by which sources call the transform"),
		&cli.StringFlag{Name: "transform", Usage: "`FILE.wasm`, or FILE.wasm@sha256:HEX for no other than this one", Destination: &s.module, TakesFile: true},
		&cli.StringFlag{Name: "guest-config", Usage: "configuration of the module: a mapping, which becomes JSON, or a `FILE`", Destination: &s.config, TakesFile: true},
	}, s.limits.flags("Guest"))
}

// receiverSettings are one of the sinks.
type receiverSettings struct {
	name, kind string
	hec        hecSettings
	syslog     syslogSettings
}

func (s *receiverSettings) flags(kind string) []cli.Flag {
	flags := []cli.Flag{
		nameFlag(&s.name, "`NAME` by which sources and guests call the sink (default: its type)"),
		&cli.StringFlag{Name: "type", Usage: "`KIND` of the sink: hec or syslog", Destination: &s.kind},
	}
	switch kind {
	case sinkHEC:
		return append(flags, s.hec.flags()...)
	case sinkSyslog:
		return append(flags, s.syslog.flags()...)
	}
	return flags
}

const placeOfTransforms = "an entry of transforms"

// A schema is what may stand where.
type schema struct{ top, source, transform, hec, syslog *keys }

func newSchema() *schema {
	return &schema{
		source:    newKeys("an entry of sources", "", new(flowSettings).flags(), map[string]string{"sink": keySinks}),
		transform: newKeys(placeOfTransforms, "", new(transformSettings).flags(), map[string]string{"transform": "module", "guest-config": "config"}),
		hec:       newKeys("an entry of sinks with type: hec", "hec-", new(receiverSettings).flags(sinkHEC), nil),
		syslog:    newKeys("an entry of sinks with type: syslog", "syslog-", new(receiverSettings).flags(sinkSyslog), nil),
		top: newKeys("the top of the file", "", slices.DeleteFunc(new(runSettings).flags(), func(f cli.Flag) bool {
			name := f.Names()[0]
			return slices.Contains([]string{"config", "transform", "guest-config", "sink"}, name) ||
				strings.HasPrefix(name, "hec-") || strings.HasPrefix(name, "syslog-")
		}), nil, keySources, keyTransforms, keySinks),
	}
}

func (s *schema) sink(kind string) *keys {
	if kind == sinkSyslog {
		return s.syslog
	}
	return s.hec
}

func (s *schema) all() []*keys { return []*keys{s.top, s.source, s.transform, s.hec, s.syslog} }

// flag returns the flag of a key, or nil.
func (k *keys) flag(key string) cli.Flag {
	for _, f := range k.flags {
		if k.names[f.Names()[0]] == key {
			return f
		}
	}
	return nil
}

func (k *keys) known() []string {
	known := slices.Clone(k.lists)
	for _, f := range k.flags {
		known = append(known, k.names[f.Names()[0]])
	}
	return known
}

// unknown says of a key that may not stand here what may be meant.
func (s *schema) unknown(here *keys, e yamlfile.Entry) error {
	var places []string
	for _, k := range s.all() {
		key := k.called(e.Key)
		switch {
		case key == "":
		case k == here:
			return e.KeyErrorf("%s: there is no such key here; did you mean %s?", e.Key, key)
		case key == e.Key:
			places = append(places, "in "+k.place)
		default:
			places = append(places, "in "+k.place+", as "+key)
		}
	}
	best, like := yamlfile.Nearest(e.Key, here.known())
	hint := ""
	if best != "" {
		hint = "; did you mean " + best + "?"
	}
	if len(places) > 0 && like < surely {
		return e.KeyErrorf("%s: there is no such key here; it belongs %s", e.Key, strings.Join(places, ", or "))
	}
	for _, k := range s.all() {
		if other, l := yamlfile.Nearest(e.Key, k.known()); l > like+closer && len(places) == 0 {
			like, hint = l, "; did you mean "+other+", in "+k.place+"?"
		}
	}
	return e.KeyErrorf("%s: there is no such key%s", e.Key, hint)
}

// A key of this place that is surely meant goes before one of another place
// that is the same, and else before one that is not closer by so much.
const (
	surely = 0.95
	closer = 0.05
)

var documented = regexp.MustCompile(`\(documented: (\w+)`)

// called returns the key of these that somebody may mean who writes word: a
// key, a flag, its variable or its documented name.
func (k *keys) called(word string) string {
	if slices.Contains(k.known(), word) {
		return word
	}
	for _, f := range k.flags {
		name := f.Names()[0]
		if name == word {
			return k.names[name]
		}
		if d, ok := f.(cli.DocGenerationFlag); ok {
			if m := documented.FindStringSubmatch(d.GetUsage()); slices.Contains(d.GetEnvVars(), word) || m != nil && m[1] == word {
				return k.names[name]
			}
		}
	}
	return ""
}
