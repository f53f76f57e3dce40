package shard

import (
	"testing"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"github.com/slswasm/slswasm/host/slstest"
)

func TestStarts(t *testing.T) {
	t.Parallel()
	shard := func(id int, from, to string) sls.Shard {
		return sls.Shard{ShardID: id, InclusiveBeginKey: from, ExclusiveBeginKey: to}
	}
	// 0 was split into 2 and 3, and 3 was merged with 1 into 4.
	shards := []sls.Shard{shard(3, "40", "80"), shard(0, "00", "80"), shard(4, "40", "ff"), shard(1, "80", "ff"), shard(2, "00", "40")}
	for name, c := range map[string]struct {
		saved []int
		begin []int // the others start at End
	}{
		"a new group":                {nil, nil},
		"a sibling says nothing":     {[]int{1, 2}, []int{4}},
		"children and their child":   {[]int{0}, []int{2, 3, 4}},
		"the parent is not affected": {[]int{4}, nil},
	} {
		saved := map[int]sls.ConsumerGroupCheckPoint{0: {CheckPoint: ""}}
		for _, id := range c.saved {
			saved[id] = sls.ConsumerGroupCheckPoint{ShardID: id, CheckPoint: "x"}
		}
		want := map[int]Position{0: End, 1: End, 2: End, 3: End, 4: End, 5: Begin} // 5 came later
		for _, id := range c.begin {
			want[id] = Begin
		}
		s := newStarts(End, shards, saved)
		for id, from := range want {
			if got := s.of(id); got != from {
				t.Errorf("%s: shard %d starts at %v, not at %v", name, id, got, from)
			}
		}
	}
}

// What arrives in the children of a split before they are claimed is read,
// whatever From says: while the source runs, and while no source does.
func TestFromIsNotForShardsThatCameLater(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]Position{"end": End, "a time": "4102444800"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			w.putLogs(0, 1)
			before := w.total() // which From leaves out
			cfg := w.mortal("a")
			cfg.From = from
			var r receiver
			c := w.run(cfg, r.handle)
			w.await("the start is saved", func() bool { return w.group().Checkpoints[0] != "" })
			w.split(0)
			w.putLogs(1, 2)
			w.putLogs(2, 2)
			w.await("the children are read", func() bool { return r.count() == w.total()-before && w.caughtUp() })
			c.stop()
			if err := c.wait(t); err != nil {
				t.Fatal(err)
			}

			w.split(1) // into 3 and 4
			w.putLogs(3, 2)
			w.split(3) // into 5 and 6
			for _, shard := range []int{2, 4, 5, 6} {
				w.putLogs(shard, 2)
			}
			cfg.Consumer = "b" // another process
			w.run(cfg, r.handle)
			w.await("all are held", func() bool { return w.holds("b") == 7 })
			w.await("all arrived", func() bool { return r.count() == w.total()-before && w.caughtUp() })
		})
	}
}

// A new group on a logstore that was split before starts at From everywhere.
func TestFromEndOfASplitLogstore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.split(0)
	w.putLogs(1, 2)
	before := w.total()
	cfg := w.config("a")
	cfg.From = End
	var r receiver
	w.run(cfg, r.handle)
	w.await("the starts are saved", func() bool {
		saved := w.group().Checkpoints
		return saved[0] != "" && saved[1] != "" && saved[2] != ""
	})
	w.putLogs(slstest.AnyShard, 2)
	w.await("the rest arrived", w.caughtUp)
	if r.count() != w.total()-before {
		t.Errorf("%d logs arrived, not the %d that came after the start", r.count(), w.total()-before)
	}
}
