package tck

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/guest"
)

// A rule is one requirement of ABI.md.
type rule struct {
	section string
	text    string
	should  bool
	basic   bool // the rules after it make no sense without it
	check   func(context.Context, *kit) error
}

var rules = []rule{
	{"alloc", "it serves 1 MiB, and what it answers lies in memory", false, false, allocSizes},
	{"alloc", "asking again and again costs no memory", false, false, allocKeeps},
	{"init", "the same configuration gives the same descriptor", false, false, initSame},
	{"init", "a configuration that is of no use is refused with a descriptor", true, false, initRefuses},
	{"transform", "every batch gets a reply, and one that can be read", false, true, plain},

	{"The batch", "records start at hdr_len", false, false, in(layout{header: 40})},
	{"The batch", "records lie stride bytes apart", false, false, in(layout{stride: 24})},
	{"The batch", "flags that are not known are ignored", false, false, in(layout{flags: 0xFFFFFFFF})},
	{"The batch", "reserved words are ignored", false, false, in(layout{reserved: 0xFFFFFFFF})},
	{"The batch", "nothing is aligned", false, false, in(layout{header: 5, stride: 3, gap: 1})},
	{"The batch", "tables and texts lie anywhere", false, false, in(layout{gap: 100, reverse: true})},
	{"The batch", "texts overlap", false, false, in(layout{overlap: true})},
	{"The batch", "the offset of what is absent or empty means nothing", false, false, in(layout{nowhere: true})},
	{"The batch", "all of this at once", false, false, in(layout{
		header: 33, stride: 17, flags: 0xFFFFFFFE, reserved: 0x80000001, gap: 3, reverse: true, overlap: true, nowhere: true,
	})},
	{"The batch", "batches of one log, and of as many as the guest takes", false, false, batchSizes},
	{"The batch", "a value of a megabyte", false, false, batchLarge},
	{"The batch", "the guest writes to cursor", true, false, cursor},

	{"transform", "a batch after other batches is as if it were the first", false, false, repeats},
	{"transform", "what becomes of a log depends on it and the configuration alone", true, false, alone},
	{"transform", "memory does not grow with the number of batches", false, false, memoryStays},
	{"transform", "through the host, every log ends exactly once and none by a fault", false, false, throughHost},
	{"Metrics", "each has a name that it can have, one kind, and there are at most 64", false, false, metricNames},
	{"Metrics", "logs count the same in whatever batches they come", true, false, metricBatches},
}

// in passes the logs in this layout.
func in(l layout) func(context.Context, *kit) error {
	return func(ctx context.Context, k *kit) error { return k.passAs(ctx, l) }
}

// plain learns what becomes of the logs, in batches as this host writes them.
func plain(ctx context.Context, k *kit) error {
	return k.fresh(ctx, func(p *guest.Probe) error {
		var err error
		k.want, err = k.pass(ctx, p, k.logs, layout{})
		return err
	})
}

func allocSizes(ctx context.Context, k *kit) error {
	return k.fresh(ctx, func(p *guest.Probe) error {
		for _, n := range []int{1, 56, 1000, 4096, 65535, 65536, 65537, 1, batchBytes, 33, batchBytes} {
			_, view, err := p.Alloc(ctx, n)
			if err != nil {
				return err
			}
			view[0], view[n-1] = junk, junk
		}
		return nil
	})
}

func allocKeeps(ctx context.Context, k *kit) error {
	return k.fresh(ctx, func(p *guest.Probe) error {
		const size = 10_000
		return settles(p, size, func() error {
			_, view, err := p.Alloc(ctx, size)
			copy(view, "not a batch")
			return err
		})
	})
}

// settles passes 2 MiB after 2 MiB, size bytes at each step, until memory has
// stopped growing, which a collector may take a while for. A guest that leaks
// comes to rest in its limit only.
func settles(p *guest.Probe, size int, step func() error) error {
	const round, still, most = 2 << 20, 4, 40
	first, rest := p.MemorySize(), 0
	for i := 0; rest < still; i++ {
		before := p.MemorySize()
		if i == most {
			return fmt.Errorf("%d MiB of batches took its memory from %d to %d KiB, and it was still growing",
				most*round>>20, first>>10, before>>10)
		}
		for range round/size + 1 {
			if err := step(); err != nil {
				return fmt.Errorf("%w; its memory had grown from %d to %d KiB", err, first>>10, p.MemorySize()>>10)
			}
		}
		if rest++; p.MemorySize() != before {
			rest = 0
		}
	}
	return nil
}

func initSame(ctx context.Context, k *kit) error {
	for range 3 {
		p, d, err := k.m.Probe(ctx, k.cfg.GuestConfig)
		if err != nil {
			return err
		}
		p.Close(ctx)
		if !d.SameInput(k.desc) || d.Name != k.desc.Name || d.Version != k.desc.Version || d.Error != k.desc.Error {
			return fmt.Errorf("%+v and then %+v", *k.desc, *d)
		}
	}
	return nil
}

func initRefuses(ctx context.Context, k *kit) error {
	for what, config := range map[string][]byte{
		"1 MiB of spaces": bytes.Repeat([]byte{' '}, batchBytes), "1 MiB of [": bytes.Repeat([]byte{'['}, batchBytes),
		"bytes that are no text": []byte("\xff\x00\xfe"), "half an object": []byte(`{"a":`), "an array": []byte("[]"),
	} {
		p, _, err := k.m.Probe(ctx, config)
		if err != nil {
			return fmt.Errorf("configured with %s: %w", what, err)
		}
		p.Close(ctx)
	}
	return nil
}

func batchSizes(ctx context.Context, k *kit) error {
	return k.fresh(ctx, func(p *guest.Probe) error {
		for i := range k.logs {
			if _, err := k.batch(ctx, p, k.logs[i:i+1], layout{}); err != nil {
				return fmt.Errorf("log %d, alone: %w", i, err)
			}
		}
		if _, err := k.pass(ctx, p, small(k.desc, k.desc.BatchMax), layout{}); err != nil {
			return fmt.Errorf("%d short logs: %w", k.desc.BatchMax, err)
		}
		return nil
	})
}

func batchLarge(ctx context.Context, k *kit) error {
	return k.fresh(ctx, func(p *guest.Probe) error {
		for i, log := range large(k.desc) {
			if _, err := k.batch(ctx, p, []abi.Event{log}, layout{}); err != nil {
				return fmt.Errorf("large log %d, %s: %w", i, abi.Printable(log.Fields[0].Value, 8), err)
			}
		}
		return nil
	})
}

// cursor looks at the word that the guest leaves after a batch. A reply that
// lies over it tells nothing.
func cursor(ctx context.Context, k *kit) error {
	return k.fresh(ctx, func(p *guest.Probe) error {
		in := k.logs[:min(len(k.logs), k.desc.BatchMax)]
		batch := layout{}.encode(k.desc, in)
		ptr, view, err := p.Alloc(ctx, len(batch))
		if err != nil {
			return err
		}
		copy(view, batch)
		reply, at, err := p.Transform(ctx, ptr, uint32(len(batch)))
		if err != nil || reply != nil && at < ptr+abi.HeaderSize && ptr < at+uint32(len(reply)) {
			return err
		}
		word := p.Memory(ptr+abi.OffCursor, 4)
		if last := uint32(len(in) - 1); word == nil || !bytes.Equal(word, []byte{byte(last), byte(last >> 8), 0, 0}) {
			return fmt.Errorf("after a batch of %d it is % x; a fault costs more replays without it", len(in), word)
		}
		return nil
	})
}

// repeats passes the same logs with others between. A guest that draws random
// numbers may answer otherwise each time, and is held to being readable only.
func repeats(ctx context.Context, k *kit) error {
	random := bytes.Contains(k.cfg.Wasm, []byte("random_get")) // its import's name
	return k.fresh(ctx, func(p *guest.Probe) error {
		for i, between := range [][]abi.Event{nil, nil, small(k.desc, 1), large(k.desc), small(k.desc, 300), k.logs[:1]} {
			if _, err := k.pass(ctx, p, between, layout{}); err != nil {
				return err
			}
			got, err := k.pass(ctx, p, k.logs, layout{})
			if err != nil {
				return err
			}
			if err := differ(got, k.want); err != nil {
				if i < 2 && random {
					return nil // the rule about chance says so
				}
				return fmt.Errorf("when the batch before had %d logs: %w", len(between), err)
			}
		}
		return nil
	})
}

// alone passes each log alone, the last one first.
func alone(ctx context.Context, k *kit) error {
	return k.fresh(ctx, func(p *guest.Probe) error {
		got := make([]string, len(k.logs))
		for i := len(k.logs) - 1; i >= 0; i-- {
			became, err := k.batch(ctx, p, k.logs[i:i+1], layout{})
			if err != nil {
				return err
			}
			got[i] = became[0]
		}
		return differ(got, k.want)
	})
}

func memoryStays(ctx context.Context, k *kit) error {
	in := k.logs[:min(len(k.logs), k.desc.BatchMax)]
	batch := layout{}.encode(k.desc, in)
	return k.fresh(ctx, func(p *guest.Probe) error {
		return settles(p, len(batch), func() error {
			ptr, view, err := p.Alloc(ctx, len(batch))
			if err != nil {
				return err
			}
			copy(view, batch)
			_, _, err = p.Transform(ctx, ptr, uint32(len(batch)))
			return err
		})
	})
}

func throughHost(ctx context.Context, k *kit) error {
	var in []abi.Event
	for len(in) < 2000 {
		in = append(in, k.logs...)
	}
	in = append(append(in, large(k.desc)...), small(k.desc, 1000)...)
	for i := range in {
		in[i].Origin = i
	}
	var out guest.Output
	if err := k.m.Transform(ctx, in, &out); err != nil {
		return err
	}
	ended := make([]int, len(in))
	last := -1
	for _, e := range out.Events {
		if e.Origin < last {
			return fmt.Errorf("log %d comes after log %d", e.Origin, last)
		}
		last = e.Origin
		ended[e.Origin] = 1
	}
	for _, f := range out.Failures {
		var fault *guest.Fault
		if errors.As(f.Err, &fault) {
			return fmt.Errorf("log %d: %w", f.Index, fault)
		}
		ended[f.Index]++
	}
	sum := out.Dropped
	for i, n := range ended {
		if n > 1 {
			return fmt.Errorf("log %d ended %d times", i, n)
		}
		sum += n
	}
	if sum != len(in) {
		return fmt.Errorf("%d logs went in, %d came to an end", len(in), sum)
	}
	return nil
}
