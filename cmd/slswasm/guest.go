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
	"time"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/guest"
)

// guestSettings are the flags about the modules.
type guestSettings struct {
	transforms, configs cli.StringSlice
	onError, cacheDir   string
	memory              byteSize
	timeLimit           time.Duration
	fuel                fuelSettings
	watch               bool
}

func (s *guestSettings) flags() []cli.Flag {
	const c = category("Guest")
	s.onError, s.memory, s.timeLimit = string(host.OnErrorDeadLetter), 64<<20, 10*time.Second
	if dir, err := os.UserCacheDir(); err == nil {
		s.cacheDir = filepath.Join(dir, "slswasm", "wazero")
	}
	return slices.Concat([]cli.Flag{
		&cli.StringSliceFlag{
			Name: "transform", Usage: "`FILE.wasm` that each log passes through, or FILE.wasm@sha256:HEX for no other than this one; several form a chain, in this order",
			Destination: &s.transforms, Category: string(c), EnvVars: env("transform"), TakesFile: true,
		},
		&cli.StringSliceFlag{
			Name: "guest-config", Usage: "`FILE|JSON` for the module: the first for the first --transform, and so on",
			Destination: &s.configs, Category: string(c), EnvVars: env("guest-config"), TakesFile: true,
		},
		c.text(&s.onError, "on-error", "for a log that the module cannot transform: dead-letter, halt, pass or drop"),
		c.size(&s.memory, "memory-limit", "`SIZE` of one instance of a module"),
		c.duration(&s.timeLimit, "time-limit", "for one batch in a module"),
		c.yes(&s.watch, "watch", "load modules and their configuration again when the files change, as on SIGHUP"),
		c.text(&s.cacheDir, "compile-cache", "`DIR` for compiled modules; empty for none"),
	}, s.fuel.flags(c))
}

func (s *guestSettings) guests(logger *slog.Logger) ([]guest.Config, host.OnError, error) {
	var errs []error
	onError, err := host.ParseOnError(s.onError)
	if err != nil {
		errs = append(errs, fmt.Errorf("--on-error: %w", err))
	}
	if s.memory < 64<<10 || s.memory > 4<<30 {
		errs = append(errs, fmt.Errorf("--memory-limit %v: want 64KiB to 4GiB", s.memory))
	}
	if s.timeLimit < time.Millisecond {
		errs = append(errs, fmt.Errorf("--time-limit %v: want at least 1ms", s.timeLimit))
	}
	if err := s.fuel.check(); err != nil {
		errs = append(errs, err)
	}
	paths, configs := s.transforms.Value(), s.configs.Value()
	if s.watch && len(paths) == 0 {
		errs = append(errs, errors.New("--watch: there is no --transform to watch"))
	}
	if len(configs) > len(paths) {
		errs = append(errs, fmt.Errorf("--guest-config: %d of them for %d --transform", len(configs), len(paths)))
		configs = configs[:len(paths)]
	}
	guests := make([]guest.Config, len(paths))
	for i, transform := range paths {
		path, wasm, err := readModule(transform)
		if err != nil {
			errs = append(errs, fmt.Errorf("--transform: %w", err))
		}
		guests[i] = guest.Config{
			Name: path, Wasm: wasm, MemoryLimit: int(s.memory), TimeLimit: s.timeLimit,
			FuelPerLog: s.fuel.perLog, FuelPerBatch: s.fuel.perBatch, Interrupt: s.fuel.interrupt,
			CacheDir: s.cacheDir, Logger: logger,
		}
	}
	for i, text := range configs {
		if guests[i].GuestConfig, err = guestConfig(text); err != nil {
			errs = append(errs, fmt.Errorf("--guest-config: %w", err))
		}
	}
	return guests, onError, errors.Join(errs...)
}

// files are what a change of which is worth a reload.
func (s *guestSettings) files() []string {
	var files []string
	for _, t := range s.transforms.Value() {
		path, _, _ := strings.Cut(t, pin)
		files = append(files, path)
	}
	for _, c := range s.configs.Value() {
		if !isLiteral(c) {
			files = append(files, c)
		}
	}
	return files
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
