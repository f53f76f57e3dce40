package shard

import (
	"context"
	"fmt"
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/slstest"
)

func TestPlace(t *testing.T) {
	logs := []abi.Log{{Group: 0, Index: 0}, {Group: 0, Index: 1}, {Group: 2, Index: 0}}
	for name, c := range map[string]struct {
		cursor, next string
		groups       int
		query        string
		want         [3]string
	}{
		"cursors count":         {encodeCursor(98), encodeCursor(101), 3, "", [3]string{encodeCursor(98) + "/0", encodeCursor(98) + "/1", encodeCursor(100) + "/0"}},
		"19 digits":             {"MTQ0NzMyOTQwMTEwMjEzMDkwNA==", encodeCursor(1447329401102130907), 3, "", [3]string{"MTQ0NzMyOTQwMTEwMjEzMDkwNA==/0", "MTQ0NzMyOTQwMTEwMjEzMDkwNA==/1", encodeCursor(1447329401102130906) + "/0"}},
		"they skip":             {encodeCursor(98), encodeCursor(102), 3, "", [3]string{encodeCursor(98) + "/7", encodeCursor(98) + "/8", encodeCursor(98) + "/9"}},
		"they are something":    {"bm90IGEgbnVtYmVy", "bm90IGEgbnVtYmVyIQ==", 3, "", [3]string{"bm90IGEgbnVtYmVy/7", "bm90IGEgbnVtYmVy/8", "bm90IGEgbnVtYmVy/9"}},
		"another way to write":  {"MDE=", encodeCursor(4), 3, "", [3]string{"MDE=/7", "MDE=/8", "MDE=/9"}},
		"negative, like no one": {encodeCursor(-3), encodeCursor(0), 3, "", [3]string{"LTM=/7", "LTM=/8", "LTM=/9"}},
		"with a query":          {encodeCursor(98), encodeCursor(101), 3, "* | where a = 'b'", [3]string{encodeCursor(98) + "?51e654d3/7", encodeCursor(98) + "?51e654d3/8", encodeCursor(98) + "?51e654d3/9"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := &Batch{Cursor: c.cursor, Next: c.next, First: 7, Logs: logs}
			b.locate(c.groups, c.query)
			for i, want := range c.want {
				if got := string(b.AppendPlace(nil, i)); got != want {
					t.Errorf("log %d is at %s, want %s", i, got, want)
				}
				if cursor, index := b.Place(i); fmt.Sprint(cursor, "/", index) != want {
					t.Errorf("log %d is at %s and %d, want %s", i, cursor, index, want)
				}
			}
		})
	}
}

// TestPlaceStays: however the pulls fall, a log has one place and no other log
// has it; this is what a receiver goes by that drops repeats.
func TestPlaceStays(t *testing.T) {
	t.Parallel()
	const groups, each = 60, 7
	w := newWorld(t, 1)
	for g := range groups {
		var group slstest.Group
		for i := range each {
			group.Logs = append(group.Logs, slstest.Log{Time: 1, Contents: []slstest.KV{{Key: "id", Value: fmt.Sprint(g*each + i)}}})
		}
		if err := w.Put(project, logstore, 0, group.Marshal()); err != nil {
			t.Fatal(err)
		}
	}
	consume := func(group string, count int, budget int64) map[string]string {
		cfg := w.config("a")
		cfg.Group, cfg.PullCount, cfg.Budget, cfg.Until = group, count, NewBudget(budget), Now
		places := map[string]string{}
		owner := map[string]string{}
		err := w.run(cfg, func(_ context.Context, b *Batch) error {
			for i := range b.Logs {
				id, _ := b.Logs[i].Get("id")
				place := string(b.AppendPlace(nil, i))
				if other, taken := owner[place]; taken {
					t.Errorf("logs %s and %s are both at %s", other, id, place)
				}
				places[string(id)], owner[place] = place, string(id)
			}
			return nil
		}).wait(t)
		if err != nil || len(places) != groups*each {
			t.Fatal(err, len(places))
		}
		return places
	}
	large := consume("large", 1000, 1<<20)
	for _, other := range []map[string]string{consume("small", 7, 1<<20), consume("parts", 50, 1)} {
		for id, place := range large {
			if other[id] != place {
				t.Fatalf("log %s is at %s and at %s", id, place, other[id])
			}
		}
	}
}
