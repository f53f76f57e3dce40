package shard

import (
	"fmt"
	"slices"
	"testing"

	"github.com/slswasm/slswasm/abi"
)

func TestKeySet(t *testing.T) {
	t.Parallel()
	k := newKeySet()
	k.nextGroup()
	fields := manyFields("tag", 300)
	for i := range fields { // grows among the tags
		if _, found := k.find(fields, fields[i].Key, i); found {
			t.Fatalf("tag %d is there already", i)
		}
	}
	k.endTags()
	for range 3 {
		k.nextLog()
		all := append(slices.Clone(fields), manyFields("content", 2000)...)
		for i := 300; i < len(all); i++ { // grows among the contents
			if _, found := k.find(all, all[i].Key, i); found {
				t.Fatalf("content %d is there already", i)
			}
		}
		for i := range all {
			if got, found := k.find(all, all[i].Key, -1); !found || got != i {
				t.Fatalf("field %d: found %v at %d", i, found, got)
			}
		}
	}
	k.nextGroup()
	if _, found := k.find(fields, fields[7].Key, 0); found {
		t.Error("a tag of the last group is left")
	}
}

func manyFields(name string, n int) []abi.Field {
	fields := make([]abi.Field, n)
	for i := range fields {
		fields[i].Key = fmt.Appendf(nil, "%s-%d", name, i)
	}
	return fields
}
