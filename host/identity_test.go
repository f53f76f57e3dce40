package host

import (
	"maps"
	"sync"
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/shard"
)

func TestIdentify(t *testing.T) {
	var b batch = pulled{&source{cfg: shard.Config{Project: "p", Logstore: "l"}}, &shard.Batch{Shard: 7, Cursor: "cur", First: 40}}
	events := []abi.Event{{Origin: 0}, {Origin: 2}, {Origin: 2}, {Origin: 2}, {Origin: 3}}
	l := newLane(0)
	for range 2 { // the lane's memory is used again
		l.identify(events, b)
		for i, want := range []string{"p/l/7/cur/40", "p/l/7/cur/42", "p/l/7/cur/42.1", "p/l/7/cur/42.2", "p/l/7/cur/43"} {
			if got := string(events[i].ID); got != want {
				t.Errorf("event %d is %s, want %s", i, got, want)
			}
		}
	}
	if n := testing.AllocsPerRun(10, func() { l.identify(events, b) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestIdentityStays: what is delivered again is recognized, though the pulls
// fall differently.
func TestIdentityStays(t *testing.T) {
	service := newService(t, 100)
	put(t, service, testLogstore, 100, 50)
	ids := func(group string, pullCount int) map[string]string {
		var mu sync.Mutex
		got := map[string]string{}
		cfg := newConfig(t, service, &fakeSink{accept: func(e *abi.Event) error {
			mu.Lock()
			defer mu.Unlock()
			n, _ := e.Get("n")
			got[string(e.ID)] = string(n)
			return nil
		}})
		cfg.EventIDs = true
		cfg.Flows[0].Sources[0].Group, cfg.Flows[0].Sources[0].PullCount = group, pullCount
		if _, err := run(t, cfg); err != nil {
			t.Fatal(err)
		}
		return got
	}
	first, again := ids("one", 1), ids("two", 1000)
	if len(first) != 150 || !maps.Equal(first, again) {
		t.Errorf("%d and %d different identities, and they differ:\n%v\n%v", len(first), len(again), first, again)
	}
}
