package tck

import (
	"context"
	"fmt"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
)

// metricNames comes after throughHost, which has given the guest reasons to
// count.
func metricNames(_ context.Context, k *kit) error { return k.m.MetricMistake() }

func metricBatches(ctx context.Context, k *kit) error {
	together, err := k.counted(ctx, len(k.logs))
	if err != nil {
		return err
	}
	alone, err := k.counted(ctx, 1)
	if err != nil {
		return err
	}
	for name, n := range together {
		if alone[name] != n {
			return fmt.Errorf("%d logs in one call add %v to %s, and alone %v", len(k.logs), n, name, alone[name])
		}
	}
	return nil
}

// counted returns what the logs add to each counter, so many of them at a time.
func (k *kit) counted(ctx context.Context, size int) (map[string]float64, error) {
	sums := map[string]float64{}
	for _, m := range k.m.Metrics() {
		sums[m.Name] = -m.Value
	}
	var out guest.Output
	for logs := k.logs; len(logs) > 0; logs = logs[size:] {
		size = min(size, len(logs))
		if err := k.m.Transform(ctx, logs[:size], &out); err != nil {
			return nil, err
		}
	}
	for _, m := range k.m.Metrics() {
		if sums[m.Name] += m.Value; m.Kind != abi.Counter {
			delete(sums, m.Name)
		}
	}
	return sums, nil
}
