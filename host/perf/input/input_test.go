package input_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/perf/input"
	"github.com/slswasm/slswasm/host/shard"
)

func TestPull(t *testing.T) {
	sizes := input.Sizes()
	for _, kind := range slices.Concat(input.Kinds(), slices.Collect(maps.Keys(sizes))) {
		raw, err := input.Pull(kind, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		again, err := input.Pull(kind, 1<<20)
		if err != nil || !bytes.Equal(raw, again) {
			t.Errorf("%s: another pull the second time, error %v", kind, err)
		}
		logs, err := shard.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		size, valid, seen := 0, 0, map[string]bool{}
		for _, l := range logs {
			before := size
			for _, f := range l.Fields {
				size += len(f.Key) + len(f.Value)
			}
			if want := sizes[kind]; want > 0 && size-before != want+len("__topic____source____time__1763712042") {
				t.Fatalf("%s: a log of %d bytes", kind, size-before)
			}
			event, _ := l.Get("event")
			if len(event) > 0 {
				if abi.ValidJSON(event) {
					valid++
				}
				seen[string(event)] = true
			}
		}
		if sizes[kind] == 0 && (size < 1<<20 || size > 5<<18) {
			t.Errorf("%s: %d bytes, want about 1 MiB", kind, size)
		}
		if kind == input.Trail && (len(seen) != len(logs) || valid < len(logs)*34/35 || valid == len(logs)) {
			t.Errorf("%d logs: %d different events, %d valid", len(logs), len(seen), valid)
		}
	}
}
