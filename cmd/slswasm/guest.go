package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/guest"
)

// guestSettings are the flags about the modules.
type guestSettings struct {
	transforms, configs cli.StringSlice
	onError, cacheDir   string
	limits              limitSettings
	watch               bool
}

func (s *guestSettings) flags() []cli.Flag {
	const c = category("Guest")
	if dir, err := os.UserCacheDir(); err == nil {
		s.cacheDir = filepath.Join(dir, "slswasm", "wazero")
	}
	return slices.Concat([]cli.Flag{
		&cli.StringSliceFlag{
			Name: "transform", Usage: "`FILE.wasm` that each log passes through, or FILE.wasm@sha256:HEX for no other than this one; several form a chain, in this order",
			Destination: &s.transforms, Category: string(c), EnvVars: env("transform"), TakesFile: true,
		},
		&cli.StringSliceFlag{
			Name: "guest-config", Usage: "`FILE|JSON` that is the configuration of a module: the first for the first --transform, and so on",
			Destination: &s.configs, Category: string(c), EnvVars: env("guest-config"), TakesFile: true,
		},
		onErrorFlag(&s.onError),
		c.yes(&s.watch, "watch", "load modules and their configuration again when the files change, as on SIGHUP"),
		c.file(&s.cacheDir, "compile-cache", "`DIR` for compiled modules; empty for none"),
	}, s.limits.flags(c))
}

func onErrorFlag(to *string) cli.Flag {
	*to = string(host.OnErrorDeadLetter)
	return category("Guest").text(to, "on-error", "`WAY` of a log that the module cannot transform: dead-letter, halt, pass or drop")
}

func (s *guestSettings) guests(logger *slog.Logger) ([]guest.Config, host.OnError, error) {
	onError, err := parseOnError(s.onError)
	errs := []error{err, s.limits.check()}
	if s.watch && len(s.transforms.Value()) == 0 {
		errs = append(errs, errors.New("--watch: there is no --transform to watch"))
	}
	entries, err := s.entries()
	errs = append(errs, err)
	guests := make([]guest.Config, len(entries))
	for i := range entries {
		guests[i], err = entries[i].guest(s.cacheDir, logger)
		errs = append(errs, err)
	}
	return guests, onError, errors.Join(errs...)
}

func parseOnError(text string) (host.OnError, error) {
	onError, err := host.ParseOnError(text)
	if err != nil {
		err = fmt.Errorf("--on-error: %w", err)
	}
	return onError, err
}

// entries are the modules of the chain, each with its configuration.
func (s *guestSettings) entries() (_ []guestEntry, err error) {
	paths, configs := s.transforms.Value(), s.configs.Value()
	if len(configs) > len(paths) {
		err = fmt.Errorf("--guest-config: %d of them for %d --transform", len(configs), len(paths))
		configs = configs[:len(paths)]
	}
	entries := make([]guestEntry, len(paths))
	for i, transform := range paths {
		entries[i] = guestEntry{module: transform, limits: &s.limits}
		if i < len(configs) {
			entries[i].config = configs[i]
		}
	}
	return entries, err
}

// A guestEntry is one module of a chain.
type guestEntry struct {
	module string // FILE.wasm, or with a pin
	config string // FILE|JSON
	limits *limitSettings
}

func (e *guestEntry) guest(cacheDir string, logger *slog.Logger) (guest.Config, error) {
	path, wasm, err := readModule(e.module)
	if err != nil {
		err = fmt.Errorf("--transform: %w", err)
	}
	config, configErr := guestConfig(e.config)
	if configErr != nil {
		configErr = fmt.Errorf("--guest-config: %w", configErr)
	}
	return guest.Config{
		Name: path, Wasm: wasm, GuestConfig: config, MemoryLimit: int(e.limits.memory), TimeLimit: e.limits.time,
		FuelPerLog: e.limits.fuel.perLog, FuelPerBatch: e.limits.fuel.perBatch, Interrupt: e.limits.fuel.interrupt,
		CacheDir: cacheDir, Logger: logger,
	}, errors.Join(err, configErr)
}

func (e *guestEntry) files() []string {
	path, _, _ := strings.Cut(e.module, pin)
	if e.config == "" || isLiteral(e.config) {
		return []string{path}
	}
	return []string{path, e.config}
}

// pin stands between a module's path and the hash that it must have.
const pin = "@sha256:"

func readModule(transform string) (path string, wasm []byte, err error) {
	path, want, pinned := strings.Cut(transform, pin)
	wasm, err = os.ReadFile(path)
	if err != nil || !pinned {
		return path, wasm, err
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(wasm)); got != strings.ToLower(want) {
		return path, nil, fmt.Errorf("%s is not the module that is pinned: its SHA-256 is %s, and not %s", path, got, want)
	}
	return path, wasm, nil
}

// isLiteral tells JSON from the name of a file.
func isLiteral(config string) bool { return strings.HasPrefix(strings.TrimSpace(config), "{") }

// guestConfig reads FILE|JSON. What a file of another kind holds is between
// its author and the module; what calls itself JSON has to be JSON.
func guestConfig(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	config := []byte(text)
	if !isLiteral(text) {
		var err error
		if config, err = os.ReadFile(text); err != nil {
			return nil, err
		}
		if filepath.Ext(text) != ".json" {
			return config, nil
		}
	}
	var any json.RawMessage
	if err := json.Unmarshal(config, &any); err != nil {
		if isLiteral(text) {
			text = "the text on the command line" // which may hold secrets
		}
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, fmt.Errorf("not JSON: %s, byte %d: %w", text, syntax.Offset, err)
		}
		return nil, fmt.Errorf("not JSON: %s: %w", text, err)
	}
	return config, nil
}
