package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/latency"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// A chain is the guests that each log passes through, in this order, and the
// batches that are in them.
type chain struct {
	modules []module
	batches sync.WaitGroup
}

// A module is one guest, with what messages call it.
type module struct {
	*guest.Module
	file, sha256 string
	config       []byte
	tally        *guestTally
}

// A guestTally counts what a guest does.
type guestTally struct {
	transform       latency.Histogram // of batches
	faults, refused atomic.Uint64     // logs that it failed
}

// failed counts the logs that did not come through.
func (t *guestTally) failed(failures []guest.Failure) {
	for i := range failures {
		if kindOf(failures[i].Err) == refusedByGuest {
			t.refused.Add(1)
		} else {
			t.faults.Add(1)
		}
	}
}

func (m *module) stage() deadletter.Stage {
	return deadletter.Stage{Kind: deadletter.StageGuest, Name: m.file, SHA256: m.sha256}
}

// compile makes a chain. Its error names the module, and leaves none open.
func compile(ctx context.Context, guests []guest.Config, logger *slog.Logger) (*chain, error) {
	c := &chain{}
	for _, g := range guests {
		m, err := guest.Compile(ctx, g)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("--transform: %w", err), c.close(ctx))
		}
		info := m.Info()
		c.modules = append(c.modules, module{m, g.Name, info.SHA256, g.GuestConfig, &guestTally{}})
		logger.Info("guest compiled", "guest", g.Name, "sha256", info.SHA256, "name", info.Name, "version", info.Version)
	}
	return c, nil
}

// same reports whether the guests are those of the chain.
func (c *chain) same(other *chain) bool {
	return slices.EqualFunc(c.modules, other.modules, func(a, b module) bool {
		return a.sha256 == b.sha256 && bytes.Equal(a.config, b.config)
	})
}

// succeed takes over what the guests of another chain have counted.
func (c *chain) succeed(old *chain) {
	for i := range c.modules {
		c.modules[i].Succeed(old.modules[i].Module)
	}
}

// close waits until the last batch has left.
func (c *chain) close(ctx context.Context) error {
	c.batches.Wait()
	var errs []error
	for _, m := range c.modules {
		errs = append(errs, m.Close(context.WithoutCancel(ctx)))
	}
	return errors.Join(errs...)
}
