package perf

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slswasm/slswasm/host/perf/input"
)

// Where a row delivers to.
const (
	toHEC    = "HEC"
	toGzip   = "HEC, gzip"
	toSyslog = "syslog"
)

// usualShards is what a row has that is not about their number.
const usualShards = 4

// A way is one way of a log from end to end, by slswasm or by the yardstick.
type way struct {
	yardstick bool
	rules     bool       // the audit example's, by whomever
	guests    []string   // the chain: names of modules
	kind      input.Kind // "": nothing is there, which shows what a start costs
	sink      string
	shards    int
}

// audits are the builds of the audit example.
var audits = []string{"audit", "audit.tinygo", "audit.rust"}

// Modules that are not examples: hand-written in WebAssembly's text format.
const (
	keepFew = "keep"       // reads one field, keeps all
	keepAll = "keep-table" // is given every field, keeps all
)

// ways are the rows of the table, in its order.
func ways() []way {
	var list []way
	add := func(w way) {
		if w.shards == 0 {
			w.shards = usualShards
		}
		list = append(list, w)
	}
	for _, sink := range []string{toHEC, toGzip, toSyslog} {
		add(way{yardstick: true, kind: input.Trail, sink: sink})
		add(way{kind: input.Trail, sink: sink})
		if sink == toHEC {
			add(way{kind: input.Trail, sink: sink, guests: []string{keepFew}})
			add(way{kind: input.Trail, sink: sink, guests: []string{keepAll}})
		}
		add(way{yardstick: true, rules: true, kind: input.Trail, sink: sink})
		for _, g := range audits {
			add(way{kind: input.Trail, sink: sink, rules: true, guests: []string{g}})
		}
	}
	add(way{kind: input.Trail, sink: toHEC, rules: true, guests: []string{"audit.tinygo", "redact.tinygo", keepAll}})

	add(way{yardstick: true, kind: input.Mixed, sink: toHEC})
	add(way{kind: input.Mixed, sink: toHEC})
	add(way{kind: input.Mixed, sink: toHEC, guests: []string{keepAll}})
	add(way{yardstick: true, rules: true, kind: input.Mixed, sink: toHEC})
	add(way{kind: input.Mixed, sink: toHEC, rules: true, guests: []string{"audit.tinygo"}})

	for _, shards := range []int{1, 16, 64, 256} {
		add(way{kind: input.Trail, sink: toHEC, shards: shards})
		add(way{kind: input.Trail, sink: toHEC, shards: shards, rules: true, guests: []string{"audit.tinygo"}})
	}
	sizes := input.Sizes()
	for _, kind := range slices.SortedFunc(maps.Keys(sizes), func(a, b input.Kind) int { return sizes[a] - sizes[b] }) {
		add(way{yardstick: true, kind: kind, sink: toHEC})
		add(way{kind: kind, sink: toHEC})
		add(way{kind: kind, sink: toHEC, guests: []string{keepAll}})
	}
	add(way{sink: toHEC})
	for _, g := range audits {
		add(way{sink: toHEC, guests: []string{g}})
	}
	return list
}

// name is the row's, and says all of it.
func (w *way) name() string {
	what := "no guest"
	switch {
	case w.yardstick && w.rules:
		what = "yardstick with the rules"
	case w.yardstick:
		what = "yardstick"
	case len(w.guests) > 0:
		what = strings.Join(w.guests, " + ")
	}
	if w.kind == "" {
		return "start: " + what
	}
	name := fmt.Sprintf("%s, %s: %s", w.sink, w.kind, what)
	if w.shards != usualShards {
		name += fmt.Sprintf(", %d shards", w.shards)
	}
	return name
}

// bar says whether o is what w is measured against.
func (w *way) bar(o *way) bool {
	return o.yardstick && o.kind == w.kind && o.sink == w.sink && o.rules == w.rules
}
