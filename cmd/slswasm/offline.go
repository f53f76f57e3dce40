package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host/offline"
)

// offlineSettings are the flags that the offline tools share.
type offlineSettings struct {
	config, cacheDir string
	memory           byteSize
	fuel             fuelSettings
	log              logSettings
}

// flags leaves out the guest's configuration for a tool that reads it
// elsewhere.
func (s *offlineSettings) flags(withConfig bool) []cli.Flag {
	const c = category("Guest")
	s.memory = 64 << 20
	if dir, err := os.UserCacheDir(); err == nil {
		s.cacheDir = filepath.Join(dir, "slswasm", "wazero")
	}
	flags := []cli.Flag{
		c.size(&s.memory, "memory-limit", "`SIZE` of one instance of the module"),
		c.text(&s.cacheDir, "compile-cache", "`DIR` for compiled modules; empty for none"),
	}
	if withConfig {
		flags = append(flags, c.text(&s.config, "guest-config", "`FILE|JSON` for the module"))
	}
	return slices.Concat(flags, s.fuel.flags(c), s.log.flags("warn"))
}

func (s *offlineSettings) limits(c *cli.Context) (offline.Limits, error) {
	s.log.each = true
	logger, err := s.log.logger(c)
	return offline.Limits{
		CacheDir: s.cacheDir, Memory: int(s.memory), Logger: logger,
		FuelPerLog: s.fuel.perLog, FuelPerBatch: s.fuel.perBatch, Interrupt: s.fuel.interrupt,
	}, errors.Join(err, s.fuel.check())
}

// module reads everything that a tool for one module needs; what is wrong
// with it is the user's to mend.
func (s *offlineSettings) module(c *cli.Context, path string) (offline.Module, error) {
	m := offline.Module{Name: path}
	var err error
	if m.Limits, err = s.limits(c); err != nil {
		return m, usage(err)
	}
	if m.Config, err = guestConfig(s.config); err != nil {
		return m, usage(fmt.Errorf("--guest-config: %w", err))
	}
	if m.Wasm, err = os.ReadFile(path); err != nil {
		return m, usage(err)
	}
	return m, nil
}

// words checks that a command got words that are no flags, and not too many;
// -1: any number.
func words(c *cli.Context, most int) error {
	if n := c.Args().Len(); n == 0 || most >= 0 && n > most {
		return usage(fmt.Errorf("%s: give %s; see slswasm %s --help", c.Command.Name, c.Command.ArgsUsage, c.Command.Name))
	}
	return nil
}

// readInput reads a file, or standard input when there is no path or "-".
func readInput(c *cli.Context, path string) (name string, text []byte, err error) {
	if path == "" || path == "-" {
		text, err = io.ReadAll(c.App.Reader)
		return "standard input", text, err
	}
	text, err = os.ReadFile(path)
	return path, text, err
}

// A palette colours text on a terminal.
type palette bool

func colours(w io.Writer) palette { return palette(isTerminal(w) && os.Getenv("NO_COLOR") == "") }

func (p palette) paint(code, text string) string {
	if !p {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p palette) red(text string) string   { return p.paint("31", text) }
func (p palette) green(text string) string { return p.paint("32", text) }
func (p palette) faint(text string) string { return p.paint("2", text) }
func (p palette) bold(text string) string  { return p.paint("1", text) }

// diff paints the lines of a difference.
func (p palette) diff(w io.Writer, margin string, lines []offline.DiffLine) {
	for _, l := range lines {
		text := string(l.Kind) + " " + l.Text
		switch l.Kind {
		case '-':
			text = p.red(text)
		case '+':
			text = p.green(text)
		case '@':
			text = p.faint(text)
		}
		fmt.Fprintln(w, margin+text)
	}
}
