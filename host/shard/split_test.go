package shard

import (
	"strings"
	"sync"
	"testing"

	"github.com/slswasm/slswasm/host/slstest"
)

func TestSplitsAndMergesUnderLoad(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]bool{"any order": false, "parents first": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 2)
			var book logBook
			cfg := w.config("a")
			cfg.Order, cfg.Logger = order, warnings(&book)
			var a, b receiver
			w.run(cfg, a.handle)
			cfg.Consumer = "b"
			w.run(cfg, b.handle)

			var load sync.WaitGroup
			defer load.Wait()
			load.Go(func() {
				for range 150 {
					w.putLogs(slstest.AnyShard, 1)
				}
			})
			sdk := w.sdk()
			for _, id := range []int{0, 1} {
				w.beats(3)
				if err := w.Split(project, logstore, id); err != nil {
					t.Fatal(err)
				}
			}
			w.beats(3)
			if _, err := sdk.MergeShards(project, logstore, 2); err != nil {
				t.Fatal(err)
			}
			load.Wait()
			w.await("all arrived", func() bool { return a.count()+b.count() == w.total() && w.caughtUp() })
			w.check(1, &a, &b)
			if strings.Contains(book.String(), "level=ERROR") {
				t.Error(&book)
			}
		})
	}
}

// A parent that is read to its end stays ours and is not pulled for ever.
func TestAReadOnlyShardComesToAnEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.putLogs(0, 5)
	var r receiver
	c := w.run(w.config("a"), r.handle)
	w.await("all arrived", w.caughtUp)
	if err := w.Split(project, logstore, 0); err != nil {
		t.Fatal(err)
	}
	ended := func() bool {
		p := c.Progress()
		return len(p.Shards) > 0 && p.Shards[0].Done
	}
	w.await("the parent is over and the children are held", func() bool { return ended() && w.holds("a") == 3 })
	pulls := 0
	w.Inject(slstest.Fault{Kind: slstest.PullLogs, When: func(c slstest.Call) bool {
		if c.Shard == 0 {
			pulls++ // under the server's lock
		}
		return false
	}})
	w.putLogs(1, 5)
	w.putLogs(2, 5)
	w.await("the children's logs arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
	w.beats(10)
	c.stop()
	if err := c.wait(t); err != nil {
		t.Fatal(err)
	}
	if pulls != 0 {
		t.Errorf("%d pulls of a shard that is over", pulls)
	}
	w.check(1, &r)
}
