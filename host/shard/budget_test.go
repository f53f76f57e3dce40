package shard

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(100)
		ctx := t.Context()
		one, _ := b.reserve(ctx, 40)
		two, _ := b.reserve(ctx, 40)
		one, two = b.settle(one, 90), b.settle(two, 70) // 160 in flight: 60 of debt
		got := make(chan int64, 1)
		go func() { n, _ := b.reserve(ctx, 30); got <- n }()
		b.release(one) // 70 in flight
		three := <-got
		go func() { n, _ := b.reserve(ctx, 1); got <- n }()
		synctest.Wait()
		select {
		case <-got:
			t.Fatal("101 bytes in flight")
		default:
		}
		b.release(b.settle(three, 10))
		b.release(<-got)
		b.release(two)
		if n, err := b.reserve(ctx, 1000); n != 100 || err != nil { // larger than all: alone
			t.Errorf("reserved %d, %v", n, err)
		}
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := b.reserve(ended, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestBudgetNeverJamsOrLeaks(t *testing.T) {
	t.Parallel()
	b := NewBudget(1000)
	var all sync.WaitGroup
	var pulls atomic.Int64
	for shard := range int64(8) {
		all.Go(func() {
			for i := range int64(500) {
				n, err := b.reserve(t.Context(), 100+shard)
				if err != nil {
					t.Error(err)
					return
				}
				n = b.settle(n, (i*37+shard*911)%1500)
				pulls.Add(1)
				b.release(n)
			}
		})
	}
	all.Wait()
	if n, err := b.reserve(t.Context(), 1000); err != nil || n != 1000 || b.debt != 0 || pulls.Load() != 4000 {
		t.Errorf("%d of 1000 bytes are free, %d of debt: %v", n, b.debt, err)
	}
}
