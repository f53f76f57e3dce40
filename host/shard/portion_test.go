package shard

import (
	"testing"
	"time"
)

func TestPortion(t *testing.T) {
	var p portion
	for i, c := range []struct {
		took time.Duration
		want int
	}{
		{0, leastPart},
		{longDelivery, leastPart},
		{longDelivery + 1, 2 * leastPart},
		{longDelivery, 2 * leastPart},
		{time.Hour, 4 * leastPart},
		{time.Hour, mostPart},
		{time.Hour, mostPart},
		{longDelivery / 2, mostPart},
		{longDelivery/2 - 1, mostPart / 2},
		{0, mostPart / 4},
		{0, leastPart},
		{0, leastPart},
	} {
		if p.took(c.took); p.bytes() != c.want {
			t.Fatalf("step %d, %v: %d bytes, not %d", i, c.took, p.bytes(), c.want)
		}
	}
}
