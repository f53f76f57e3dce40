package doctor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/slswasm/slswasm/host/guest"
)

// The names of the checks of a guest.
const (
	checkModule = "module"
	checkConfig = "configuration"
)

// compileLimit is for modules of some megabytes on a busy machine.
const compileLimit = time.Minute

func (c Config) guests() []*patient {
	var all []*patient
	for n, flow := range c.Host.Flows {
		for i, g := range flow.Guests {
			subject := "guest " + g.Name
			if flow.Name != "" {
				subject += fmt.Sprintf(" (%d. of flow %s)", i+1, flow.Name)
			}
			p := module(subject, g)
			p.of = Of{Kind: OfGuest, Flow: n, Item: i}
			all = append(all, p)
		}
	}
	return all
}

// module compiles a guest and starts it as a run does.
func module(subject string, cfg guest.Config) *patient {
	cfg.Logger = slog.New(slog.DiscardHandler)
	var refusal *guest.Refusal
	p := &patient{subject: subject}
	p.checks = []check{
		{name: checkModule, limit: compileLimit, try: func(ctx context.Context) finding {
			if len(cfg.Wasm) == 0 {
				return skipped("it was not read; see the settings")
			}
			m, err := guest.Compile(ctx, cfg)
			switch {
			case errors.As(err, &refusal):
				return ok("it starts")
			case err != nil:
				return failed("%v", err).but("build it as its SDK says; slswasm inspect tells more")
			}
			defer m.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it was only looked at
			return describe(m.Info())
		}},
		{name: checkConfig, needs: []string{checkModule}, try: func(context.Context) finding {
			switch {
			case refusal != nil:
				return failed("the guest %v", refusal).but("mend --guest-config of this module")
			case len(cfg.GuestConfig) == 0:
				return ok("none, and none is asked for")
			}
			return ok("accepted")
		}},
	}
	return p
}

func describe(i guest.Info) finding {
	text := fmt.Sprintf("%s, SHA-256 %.12s, up to %d logs at once", orNobody(strings.TrimSpace(i.Name+" "+i.Version)), i.SHA256, i.BatchMax)
	if i.Unmetered != "" {
		return warning("%s; it cannot be metered: %s", text, i.Unmetered).but("build it with another compiler, or live with the time limit alone, which is slower")
	}
	if i.Interpreted != "" {
		return warning("%s; it is interpreted, fifty times slower: this system refuses executable memory: %s", text, i.Interpreted).
			but("let it have some: no MemoryDenyWriteExecute in its unit, no SELinux rule against execmem")
	}
	return ok("%s", text)
}
