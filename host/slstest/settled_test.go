package slstest

import (
	"testing"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

// What is forgotten is what no group has before it.
func TestExpireSettled(t *testing.T) {
	s := newServer(t, 2)
	for range 6 {
		must(t, s.Put(proj, store, 0, group(1, "k", "v")))
	}
	begin, err := DecodeCursor(s.Shards(proj, store)[0].Begin)
	must(t, err)
	c := sdkClient(s, s.InProcess())
	join := func(name string) {
		must(t, c.CreateConsumerGroup(proj, store, sls.ConsumerGroup{ConsumerGroupName: name, Timeout: 60}))
	}
	save := func(name string, settled int64) {
		must(t, c.UpdateCheckpoint(proj, store, name, "c", 0, EncodeCursor(begin+settled), true))
	}
	for _, step := range []struct {
		name string
		do   func()
		left int
	}{
		{"no group", func() {}, 6},
		{"a group without checkpoints", func() { join("a") }, 6},
		{"a checkpoint", func() { save("a", 2) }, 4},
		{"a second group", func() { join("b"); save("a", 5) }, 4},
		{"which is behind", func() { save("b", 3) }, 3},
		{"and then before", func() { save("b", 6) }, 1},
		{"at the end", func() { save("a", 6) }, 0},
	} {
		step.do()
		must(t, s.ExpireSettled(proj, store))
		if n := s.Shards(proj, store)[0].Logs; n != step.left {
			t.Errorf("%s: %d logs are left, want %d", step.name, n, step.left)
		}
	}
	if err := s.ExpireSettled(proj, "nowhere"); err == nil {
		t.Error("there is no such logstore")
	}
}
