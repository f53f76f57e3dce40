package sinks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/slswasm/slswasm/abi"
)

// A Router sends each event to the deliverer that a guest chose for it by
// name, and those without a choice to the default one. Events of one
// deliverer keep their order; between deliverers there is none.
type Router struct {
	to     []Deliverer // to[0] is the default
	byName map[string]int
	names  string // for the reason of a rejection
}

// NewRouter returns a Router over named deliverers, one of which is the
// default.
func NewRouter(to map[string]Deliverer, fallback string) (*Router, error) {
	names := slices.Sorted(maps.Keys(to))
	r := &Router{byName: make(map[string]int, len(to)), names: strings.Join(names, ", ")}
	if to[fallback] == nil {
		return nil, fmt.Errorf("the default sink %q is none of: %s", fallback, r.names)
	}
	r.to = append(r.to, to[fallback])
	r.byName[fallback] = 0
	for _, name := range names {
		if name != fallback {
			r.byName[name] = len(r.to)
			r.to = append(r.to, to[name])
		}
	}
	return r, nil
}

// Deliver implements Deliverer. The deliverers work at the same time, so that
// one that is down keeps nothing from the others. An event that goes to
// another than the default is a copy when reject sees it.
func (r *Router) Deliver(ctx context.Context, events []abi.Event, reject func(*abi.Event, string) error) error {
	if r.allDefault(events) {
		return r.to[0].Deliver(ctx, events, reject)
	}
	reject = oneAtATime(reject)
	parts, err := r.split(events, reject)
	if err != nil {
		return err
	}
	return r.deliverParts(ctx, parts, reject)
}

func (r *Router) allDefault(events []abi.Event) bool {
	for i := range events {
		if r.index(&events[i]) != 0 {
			return false
		}
	}
	return true
}

// index returns the number of the event's deliverer, or -1.
func (r *Router) index(e *abi.Event) int {
	if e.Meta == nil || len(e.Meta.Route) == 0 {
		return 0
	}
	if i, ok := r.byName[string(e.Meta.Route)]; ok {
		return i
	}
	return -1
}

// split sorts the events by deliverer and rejects those that have none.
func (r *Router) split(events []abi.Event, reject func(*abi.Event, string) error) ([][]abi.Event, error) {
	parts := make([][]abi.Event, len(r.to))
	for i := range events {
		e := &events[i]
		to := r.index(e)
		if to < 0 {
			reason := fmt.Sprintf("the guest routed it to %q; the sinks are: %s", e.Meta.Route, r.names)
			if err := reject(e, reason); err != nil {
				return nil, err
			}
			continue
		}
		parts[to] = append(parts[to], *e)
	}
	return parts, nil
}

// deliverParts ends when all deliverers have. The first that fails stops the
// others: they might wait for their receiver for days.
func (r *Router) deliverParts(ctx context.Context, parts [][]abi.Event, reject func(*abi.Event, string) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		wg    sync.WaitGroup
		once  sync.Once
		first error
	)
	for i, part := range parts {
		if len(part) == 0 {
			continue
		}
		wg.Go(func() {
			if err := r.to[i].Deliver(ctx, part, reject); err != nil {
				once.Do(func() { first = err; cancel() })
			}
		})
	}
	wg.Wait()
	return first
}

// oneAtATime keeps the promise that reject is never called twice at a time.
// After it failed it is not called again, and everybody hears why.
func oneAtATime(reject func(*abi.Event, string) error) func(*abi.Event, string) error {
	var (
		mu     sync.Mutex
		failed error
	)
	return func(e *abi.Event, reason string) error {
		mu.Lock()
		defer mu.Unlock()
		if failed == nil {
			failed = reject(e, reason)
		}
		return failed
	}
}
