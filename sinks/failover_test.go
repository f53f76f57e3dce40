package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

// failover is one over sinks named to-a, to-b, to-c and so on.
func failover(prefer sinks.Preference, logger *slog.Logger, members ...sinks.Sink) *sinks.Failover {
	var endpoints []sinks.Endpoint
	for i, m := range members {
		endpoints = append(endpoints, sinks.Endpoint{Name: "to-" + string(rune('a'+i)), Sink: m})
	}
	cfg := sinks.RetryConfig{Initial: time.Second, Max: 8 * time.Second, MaxAfter: 20 * time.Second, Hold: time.Minute}
	return sinks.NewFailover(endpoints, prefer, cfg, logger)
}

var silent = slog.New(slog.DiscardHandler)

func TestFailoverSend(t *testing.T) {
	errFault := errors.New("a fault in the sink")
	down, full := step{0, retry(errDown, 0)}, step{1, retry(errors.New("full"), 0)}
	for _, c := range []struct {
		name string
		a, b []step
		n    int
		gotA []int
		gotB []int
		err  string
	}{
		{name: "one is enough", n: 4, gotA: []int{0, 1, 2, 3}},
		{name: "the next one takes it", a: []step{down}, n: 4, gotB: []int{0, 1, 2, 3}},
		{name: "the next one takes the rest", a: []step{full}, n: 4, gotA: []int{0}, gotB: []int{1, 2, 3}},
		{name: "one that is held keeps no other", a: []step{{1, hold("token")}}, n: 4, gotA: []int{0}, gotB: []int{1, 2, 3}},
		{name: "none takes the rest", a: []step{full}, b: []step{full}, n: 2, gotA: []int{0}, gotB: []int{1},
			err: "none of 2 endpoints takes events: to-a: full; to-b: full"},
		{name: "all hold", a: []step{{0, hold("x")}}, b: []step{{0, fmt.Errorf("sink: %w", hold("its token"))}},
			err: "held: none of 2 endpoints takes events: to-a: x; to-b: held: its token"},
		{name: "one holds and one is down", a: []step{{0, hold("token")}}, b: []step{down},
			err: "none of 2 endpoints takes events: to-a: token; to-b: receiver is down"},
		{name: "a verdict on the event", a: []step{{2, rejected("no")}}, n: 2, gotA: []int{0, 1}, err: "rejected: no"},
		{name: "unknown outcome", a: []step{{1, errFault}}, n: 1, gotA: []int{0}, err: "a fault in the sink"},
		{name: "a sink that says too much", a: []step{{9, nil}}, gotA: []int{0, 1, 2, 3},
			err: "to-a: host fault: the sink says that it delivered 9 of 4 events"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := &scripted{steps: c.a}, &scripted{steps: c.b}
				n, err := failover(sinks.First, silent, a, b).Send(t.Context(), numbered(4))
				if n != c.n || text(err) != c.err {
					t.Errorf("%d, %q; want %d, %q", n, text(err), c.n, c.err)
				}
				if d := cmp.Diff([][]int{c.gotA, c.gotB}, [][]int{a.got, b.got}); d != "" {
					t.Errorf("delivered (-want +got):\n%s", d)
				}
				_, isHold := errors.AsType[*sinks.Hold](err)
				if want := strings.HasPrefix(c.err, "held: "); isHold != want {
					t.Errorf("is a Hold: %v", isHold)
				}
			})
		})
	}
}

func TestPreferences(t *testing.T) {
	for prefer, want := range map[sinks.Preference][]int{sinks.Spread: {3, 3, 3}, sinks.First: {9, 0, 0}} {
		members := []*scripted{{}, {}, {}}
		f := failover(prefer, silent, members[0], members[1], members[2])
		for range 9 {
			if n, err := f.Send(t.Context(), numbered(2)); n != 2 || err != nil {
				t.Fatal(n, err)
			}
		}
		got := []int{len(members[0].sends), len(members[1].sends), len(members[2].sends)}
		if !slices.Equal(got, want) {
			t.Errorf("%v: sends %v, want %v", prefer, got, want)
		}
	}
}

// When an endpoint that was put aside is tried again.
func TestAside(t *testing.T) {
	sec := time.Second
	for _, c := range []struct {
		name     string
		steps    []step
		low, top []time.Duration
	}{
		{"longer and longer", repeat(step{0, retry(errDown, 0)}, 5),
			[]time.Duration{sec / 2, sec, 2 * sec, 8*sec/3 - 1, 8*sec/3 - 1},
			[]time.Duration{3 * sec / 2, 3 * sec, 6 * sec, 8 * sec, 8 * sec}},
		{"as the receiver asks, within limits", []step{{0, retry(errDown, 7*sec)}, {0, retry(errDown, time.Hour)}, {0, retry(errDown, 1)}},
			[]time.Duration{7 * sec, 20 * sec, sec}, []time.Duration{7 * sec, 20 * sec, sec}},
		{"while it is held", repeat(step{0, hold("token")}, 3),
			[]time.Duration{30 * sec, 30 * sec, 30 * sec}, []time.Duration{30 * sec, 30 * sec, 30 * sec}},
		{"longer also when it flaps", []step{{0, retry(errDown, 0)}, {4, nil}, {0, retry(errDown, 0)}, {4, nil}, {0, retry(errDown, 0)}},
			[]time.Duration{sec / 2, 0, sec, 0, 2 * sec}, []time.Duration{3 * sec / 2, 0, 3 * sec, 0, 6 * sec}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const tick = 10 * time.Millisecond
				a, b := &scripted{steps: c.steps}, &scripted{}
				f := failover(sinks.First, silent, a, b)
				for len(a.sends) <= len(c.low) {
					if n, err := f.Send(t.Context(), numbered(4)); n != 4 || err != nil {
						t.Fatal(n, err)
					}
					time.Sleep(tick)
				}
				for i, w := range a.waits() {
					if w < c.low[i] || w > c.top[i]+tick {
						t.Errorf("pause %d is %v, want %v to %v", i, w, c.low[i], c.top[i])
					}
				}
			})
		})
	}
}

// One that was well for longer than it was last aside starts with a short
// pause again.
func TestPausesStartAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &scripted{steps: slices.Concat(repeat(step{0, retry(errDown, 0)}, 6), []step{{1, nil}, {0, retry(errDown, 0)}})}
		f := failover(sinks.First, silent, a, &scripted{})
		send := func() {
			if n, err := f.Send(t.Context(), numbered(1)); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
		for range 7 {
			send()
			time.Sleep(13 * time.Second)
		}
		send() // fails
		time.Sleep(1500 * time.Millisecond)
		send()
		if len(a.sends) != 9 {
			t.Errorf("%d sends, want 9: the pause was not short", len(a.sends))
		}
	})
}

// A gated sink waits in each Send for an outcome.
type gated struct {
	scripted
	entered  chan struct{}
	outcomes chan error
}

func (g *gated) Send(ctx context.Context, events []abi.Event) (int, error) {
	g.entered <- struct{}{}
	select {
	case err := <-g.outcomes:
		if err == nil {
			return len(events), nil
		}
		return 0, err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func TestOneProbeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &gated{entered: make(chan struct{}, 99), outcomes: make(chan error)}, &scripted{}
		f := failover(sinks.First, silent, a, b)
		var all sync.WaitGroup
		send := func(ctx context.Context) { all.Go(func() { f.Send(ctx, numbered(1)) }) }
		for range 3 {
			send(t.Context())
		}
		synctest.Wait()
		for range 3 { // all three fail, which is one failure
			a.outcomes <- retry(errDown, 0)
			synctest.Wait()
		}
		all.Wait()
		if len(a.entered) != 3 || len(b.sends) != 3 {
			t.Fatalf("%d and %d sends", len(a.entered), len(b.sends))
		}
		time.Sleep(1500 * time.Millisecond)
		ctx, cancel := context.WithCancel(t.Context())
		send(ctx)
		synctest.Wait()
		for range 5 {
			f.Send(t.Context(), numbered(1))
		}
		if len(a.entered) != 4 || len(b.sends) != 8 {
			t.Errorf("%d and %d sends while one probes", len(a.entered), len(b.sends))
		}
		cancel() // the prober gives up: the next one probes
		all.Wait()
		send(t.Context())
		synctest.Wait()
		a.outcomes <- nil
		all.Wait()
		send(t.Context()) // healthy: no limit
		send(t.Context())
		synctest.Wait()
		if len(a.entered) != 7 {
			t.Errorf("%d sends to the endpoint that is back, want 7", len(a.entered))
		}
		a.outcomes <- nil
		a.outcomes <- nil
		all.Wait()
	})
}

// A failure that takes long to show keeps the endpoint aside for as long.
func TestSilenceIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &gated{entered: make(chan struct{}, 99), outcomes: make(chan error)}
		f := failover(sinks.First, silent, a, &scripted{})
		go func() { time.Sleep(2 * time.Minute); a.outcomes <- retry(errDown, 0) }()
		f.Send(t.Context(), numbered(1))
		for range 119 {
			f.Send(t.Context(), numbered(1))
			time.Sleep(time.Second)
		}
		if len(a.entered) != 1 {
			t.Errorf("%d sends within two minutes", len(a.entered))
		}
	})
}

// With all aside, nobody is asked before the time that the error tells.
func TestAllAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &scripted{steps: []step{{0, retry(errDown, 5*time.Second)}}}
		b := &scripted{steps: []step{{0, retry(errDown, 3*time.Second)}}}
		f := failover(sinks.Spread, silent, a, b)
		for range 3 {
			n, err := f.Send(t.Context(), numbered(1))
			if r, ok := errors.AsType[*sinks.Retry](err); n != 0 || !ok || r.After != 3*time.Second {
				t.Errorf("%d, %#v; want a Retry after 3 s", n, err)
			}
		}
		if len(a.sends)+len(b.sends) != 2 {
			t.Errorf("%d and %d sends", len(a.sends), len(b.sends))
		}
		if err := sinks.NewRetry(f, sinks.RetryConfig{}, silent).Deliver(t.Context(), numbered(2), nil); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(b.waits(), []time.Duration{3 * time.Second}) || len(a.sends) != 1 {
			t.Errorf("waits %v and %v", a.waits(), b.waits())
		}
	})
}

// A wrong token at all endpoints is found to be mended at the first try of
// the Retrier.
func TestAllHeldAndMended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &scripted{steps: repeat(step{0, hold("token")}, 3)}, &scripted{steps: repeat(step{0, hold("token")}, 3)}
		r := sinks.NewRetry(failover(sinks.First, silent, a, b), sinks.RetryConfig{Hold: time.Minute}, silent)
		if err := r.Deliver(t.Context(), numbered(2), nil); err != nil {
			t.Fatal(err)
		}
		if s := r.Stats(); s.Holds != 3 || len(a.sends) != 4 || len(b.sends) != 3 {
			t.Errorf("%+v, %d and %d sends", s, len(a.sends), len(b.sends))
		}
	})
}

func TestFailoverLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: bare}))
		a := &scripted{steps: slices.Concat(repeat(step{0, retry(errDown, 0)}, 4), repeat(step{0, hold("token")}, 3))}
		f := failover(sinks.First, logger, a, &scripted{})
		for range 1000 {
			f.Send(t.Context(), numbered(1))
			time.Sleep(time.Second)
		}
		var got []string
		for _, line := range lines(out.String()) {
			line, _, _ = strings.Cut(line, " after=")
			got = append(got, line)
		}
		want := []string{
			`level=WARN msg="the endpoint is put aside and tried again later" endpoint=to-a error="receiver is down"`,
			`level=ERROR msg="the endpoint is put aside until a setting is changed" endpoint=to-a error="held: token"`,
			`level=INFO msg="the endpoint is back" endpoint=to-a`,
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("log (-want +got):\n%s", d)
		}
	})
}

// A checked sink has a fixed answer to Check and Close.
type checked struct {
	scripted
	check, closing error
	closed         bool
}

func (c *checked) Check(context.Context) error { return c.check }
func (c *checked) Close() error                { c.closed = true; return c.closing }

func TestFailoverCheckAndClose(t *testing.T) {
	bad, good := &checked{check: errors.New("wrong token"), closing: errors.New("stuck")}, &checked{}
	var out strings.Builder
	f := failover(sinks.First, slog.New(slog.NewTextHandler(&out, nil)), bad, good)
	if err := f.Check(t.Context()); err != nil {
		t.Errorf("check with one good endpoint: %v", err)
	}
	if !strings.Contains(out.String(), `level=WARN`) || !strings.Contains(out.String(), `endpoint=to-a error="wrong token"`) {
		t.Errorf("log: %s", out.String())
	}
	if n, err := f.Send(t.Context(), numbered(1)); n != 1 || err != nil || len(bad.sends) != 0 {
		t.Errorf("%d, %v; %d sends to the endpoint that did not pass", n, err, len(bad.sends))
	}
	if err := f.Close(); text(err) != "to-a: stuck" || !bad.closed || !good.closed {
		t.Errorf("close: %v; closed %v, %v", err, bad.closed, good.closed)
	}
	good.check = errors.New("to-b does not answer")
	if err := f.Check(t.Context()); text(err) != "to-a: wrong token\nto-b does not answer" {
		t.Errorf("check: %v", err)
	}
}

// A reloading sink is held until it is reloaded.
type reloading struct {
	scripted
	err      error
	reloaded bool
}

func (r *reloading) Reload() error {
	r.reloaded = true
	return r.err
}

func (r *reloading) Send(ctx context.Context, events []abi.Event) (int, error) {
	if !r.reloaded {
		return 0, hold("token")
	}
	return r.scripted.Send(ctx, events)
}

func TestFailoverReload(t *testing.T) {
	a, b := &reloading{}, &reloading{err: errors.New("no such file")}
	f := failover(sinks.Spread, silent, a, &scripted{steps: repeat(step{0, hold("x")}, 1)}, b)
	if n, err := f.Send(t.Context(), numbered(1)); n != 0 || err == nil {
		t.Fatal(n, err)
	}
	if err := f.Reload(); text(err) != "to-c: no such file" {
		t.Errorf("reload: %v", err)
	}
	for range 3 { // all of them are tried at once
		if n, err := f.Send(t.Context(), numbered(1)); n != 1 || err != nil {
			t.Error(n, err)
		}
	}
	if len(a.sends) != 1 || len(b.sends) != 1 {
		t.Errorf("%d and %d sends", len(a.sends), len(b.sends))
	}
}

// A random sink fails as it likes, and keeps to the contract.
type random struct {
	mu   sync.Mutex
	rand *rand.Rand
	down time.Time // until then
	took func(e *abi.Event)
}

func (r *random) Check(context.Context) error { return nil }
func (r *random) Close() error                { return nil }

func (r *random) Send(_ context.Context, events []abi.Event) (int, error) {
	r.mu.Lock()
	n, dice, delay := r.rand.IntN(len(events)+1), r.rand.IntN(10), time.Duration(r.rand.IntN(300))*time.Millisecond
	if dice == 0 {
		r.down = time.Now().Add(10 * delay)
	}
	if time.Now().Before(r.down) {
		n, dice = 0, 1
	}
	r.mu.Unlock()
	time.Sleep(delay)
	switch {
	case dice > 5:
		n = len(events)
	case n == len(events):
		n = 0
	}
	for i := range events[:n] {
		if events[i].Origin%10 == 7 {
			return i, rejected("seven")
		}
		r.took(&events[i])
	}
	switch {
	case n == len(events):
		return n, nil
	case dice < 2:
		return n, hold("token")
	}
	return n, retry(errDown, time.Duration(dice-2)*delay)
}

// Whatever three endpoints do, each event ends once, at one of them or
// rejected, and those of a shard end in order.
func TestFailoverLosesNothing(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			const shards, batches, size = 4, 5, 20
			var mu sync.Mutex
			ended := make([][]int, shards)
			took := func(e *abi.Event) {
				mu.Lock()
				defer mu.Unlock()
				shard := e.Origin / (batches * size)
				ended[shard] = append(ended[shard], e.Origin)
			}
			var members []sinks.Sink
			for i := range uint64(3) {
				members = append(members, &random{rand: rand.New(rand.NewPCG(seed, i)), took: took})
			}
			r := sinks.NewRetry(failover(sinks.Preference(seed%2), silent, members...), sinks.RetryConfig{}, silent)
			all, want := numbered(shards*batches*size), make([][]int, shards)
			var running sync.WaitGroup
			for s := range shards {
				running.Go(func() {
					for b := range batches {
						from := (s*batches + b) * size
						err := r.Deliver(t.Context(), all[from:from+size], func(e *abi.Event, _ string) error { took(e); return nil })
						if err != nil {
							t.Error(err)
						}
					}
				})
				for i := range batches * size {
					want[s] = append(want[s], s*batches*size+i)
				}
			}
			running.Wait()
			if d := cmp.Diff(want, ended); d != "" {
				t.Errorf("seed %d (-want +got):\n%s", seed, d)
			}
			if s := r.Stats(); s.Delivered+s.Rejected != shards*batches*size || s.Rejected != shards*batches*size/10 {
				t.Errorf("seed %d: %+v", seed, s)
			}
		})
	}
}
