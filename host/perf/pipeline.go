package perf

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/hec"
	"github.com/slswasm/slswasm/sinks/syslog"
)

// A PipelineConfig says what RunPipeline carries where.
type PipelineConfig struct {
	Endpoint string       // of the Log Service
	Client   *http.Client // nil: one of its own
	Logstore string
	Group    string
	Guests   []guest.Config
	Sink     sinks.Sink // closed in the end
	Dir      string     // for the dead letters
}

// RunPipeline carries all that there is, within this process, as slswasm run
// does, and counts the allocations between the start and the last checkpoint:
// of everything in this process, so nothing else should go on in it.
func RunPipeline(ctx context.Context, cfg PipelineConfig) (c host.Counts, mallocs uint64, err error) {
	logger := slog.New(slog.DiscardHandler)
	credentials, err := shard.StaticCredentials(slstest.DefaultAccessKeyID, slstest.DefaultAccessKeySecret, "")
	if err != nil {
		return c, 0, errors.Join(err, cfg.Sink.Close())
	}
	p, err := host.Open(ctx, host.Config{
		Flows: []host.Flow{{
			Sources: []shard.Config{{
				Endpoint: cfg.Endpoint, Project: Project, Logstore: cfg.Logstore, Group: cfg.Group, HTTPClient: cfg.Client,
				Credentials: credentials, Until: shard.Now, Budget: shard.NewBudget(shard.DefaultBudget), Logger: logger,
			}},
			Guests: cfg.Guests, OnError: host.OnErrorDeadLetter,
		}},
		Sinks:       []host.NamedSink{{Name: "sink", Sink: cfg.Sink}},
		DeadLetters: filepath.Join(cfg.Dir, "letters.jsonl"), Logger: logger,
	})
	if err != nil {
		return c, 0, err
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	err = p.Run(ctx)
	runtime.ReadMemStats(&after)
	c = p.Counts()
	return c, after.Mallocs - before.Mallocs, errors.Join(err, p.Close(context.WithoutCancel(ctx)))
}

// NewHEC and NewSyslog are sinks as slswasm run has them by default.
func NewHEC(address string, zip bool) (sinks.Sink, error) {
	return hec.New(hec.Config{
		URL: "http://" + address, Token: "bench", Nest: hec.DefaultNest(), Gzip: zip,
	}, slog.New(slog.DiscardHandler))
}

// NewSyslog delivers with octet counting to a TCP receiver.
func NewSyslog(host string, port int) (sinks.Sink, error) {
	return syslog.New(syslog.Config{Host: host, Port: port, Protocol: syslog.TCP, Framing: syslog.Octet}, slog.New(slog.DiscardHandler))
}

// ReadGuest reads a module of the folder.
func ReadGuest(folder, name string) (guest.Config, error) {
	wasm, err := os.ReadFile(filepath.Join(folder, name+".wasm"))
	return guest.Config{Name: name, Wasm: wasm}, err
}

// WriteHand writes the modules that are not examples, from the hexadecimal
// form in which the tree has them, into the folder.
func WriteHand(wat, folder string) error {
	for _, name := range []string{keepFew, keepAll} {
		text, err := os.ReadFile(filepath.Join(wat, name+".hex"))
		if err != nil {
			return err
		}
		wasm, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
		if err != nil {
			return fmt.Errorf("%s.hex: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, name+".wasm"), wasm, 0o600); err != nil {
			return err
		}
	}
	return nil
}
