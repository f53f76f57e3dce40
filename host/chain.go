package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/sinks/deadletter"
)

// A chain is the guests that each log passes through, in this order.
type chain []module

// A module is one guest, with what messages call it.
type module struct {
	*guest.Module
	file, sha256 string
}

func (m *module) stage() deadletter.Stage {
	return deadletter.Stage{Kind: deadletter.StageGuest, Name: m.file, SHA256: m.sha256}
}

// compile makes a chain. Its error names the module, and leaves none open.
func compile(ctx context.Context, guests []guest.Config, logger *slog.Logger) (chain, error) {
	var c chain
	for _, g := range guests {
		m, err := guest.Compile(ctx, g)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("--transform: %w", err), c.close(ctx))
		}
		info := m.Info()
		c = append(c, module{m, g.Name, info.SHA256})
		logger.Info("guest compiled", "guest", g.Name, "sha256", info.SHA256, "name", info.Name, "version", info.Version)
	}
	return c, nil
}

func (c chain) close(ctx context.Context) error {
	var errs []error
	for _, m := range c {
		errs = append(errs, m.Close(context.WithoutCancel(ctx)))
	}
	return errors.Join(errs...)
}
