package replay

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/slswasm/slswasm/sinks/deadletter"
)

// A Group is letters that were given up at the same place for the same reason,
// but for the numbers in it.
type Group struct {
	Stage   deadletter.Stage `json:"stage"`
	Reason  string           `json:"reason"` // with N in the place of numbers that vary
	Letters int64            `json:"letters"`
	First   time.Time        `json:"first"` // when one was given up
	Last    time.Time        `json:"last"`
	Example Example          `json:"example"`
}

// An Example is the first letter of a group that was read.
type Example struct {
	Place    string `json:"place"` // FILE:LINE
	Reason   string `json:"reason"`
	Project  string `json:"project"`
	Logstore string `json:"logstore"`
	Shard    int    `json:"shard"`
	Cursor   string `json:"cursor"`
	Index    int    `json:"index"`
}

// List groups all letters that the filter takes, whether they were replayed or
// not, the largest group first.
func List(ctx context.Context, cfg Config) ([]Group, Counts, error) {
	r, err := open(cfg)
	if err != nil {
		return nil, Counts{}, err
	}
	return r.list(ctx)
}

// Preview groups the letters that a replay would send, and sends none.
func Preview(ctx context.Context, cfg Config) ([]Group, Counts, error) {
	r, err := openWith(cfg, peekState)
	if err != nil {
		return nil, Counts{}, err
	}
	return r.list(ctx)
}

func (r *Replay) list(ctx context.Context) ([]Group, Counts, error) {
	g := grouping{groups: map[groupKey]*Group{}}
	err := r.Run(ctx, g.add)
	return g.sorted(), r.Counts(), errors.Join(err, r.Close())
}

type groupKey struct {
	stage  deadletter.Stage
	reason string
}

type grouping struct{ groups map[groupKey]*Group }

// mostGroups bounds the memory; what comes later is in one group a stage.
const mostGroups = 10_000

// numbers are what may differ between reasons that say the same. Behind such a
// word one is a code: the status of an answer, or what Splunk calls code.
var numbers = regexp.MustCompile(`\b(?:code|answered|status|HTTP) [0-9]{1,3}\b|0[xX][0-9A-Fa-f]+|[0-9A-Fa-f-]{20,}|[0-9]+`)

// alike is a reason with N in the place of numbers that vary.
func alike(reason string) string {
	return numbers.ReplaceAllStringFunc(reason, func(s string) string {
		if strings.Contains(s, " ") {
			return s
		}
		return "N"
	})
}

// add is a Sender.
func (g *grouping) add(_ context.Context, letters []deadletter.Letter, name func(i int) string) error {
	for i := range letters {
		l := &letters[i]
		key := groupKey{l.Stage, alike(l.Reason)}
		if g.groups[key] == nil && len(g.groups) >= mostGroups {
			key.reason = "(other reasons)"
		}
		group := g.groups[key]
		if group == nil {
			group = &Group{Stage: l.Stage, Reason: key.reason, First: l.At, Last: l.At, Example: Example{
				Place: name(i), Reason: l.Reason, Project: l.Project, Logstore: l.Logstore,
				Shard: l.Shard, Cursor: l.Cursor, Index: l.Index,
			}}
			g.groups[key] = group
		}
		group.Letters++
		if l.At.Before(group.First) {
			group.First = l.At
		}
		if l.At.After(group.Last) {
			group.Last = l.At
		}
	}
	return nil
}

func (g *grouping) sorted() []Group {
	all := make([]Group, 0, len(g.groups))
	for _, group := range g.groups {
		all = append(all, *group)
	}
	slices.SortFunc(all, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Letters, a.Letters), a.First.Compare(b.First), cmp.Compare(a.Reason, b.Reason))
	})
	return all
}
