package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/lmittmann/tint"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/slswasm/slswasm/host/oplog"
)

// logSettings are the flags about the program's own log, on standard error.
type logSettings struct {
	level, format string
	file          string
	fileSize      byteSize
	fileKeep      int
	each          bool // line is shown, however often it repeats
}

func (s *logSettings) flags(level string) []cli.Flag {
	const c = category("Logging")
	s.level, s.format = level, "auto"
	return []cli.Flag{
		c.text(&s.level, "log-level", "`LEVEL` from which lines of the log are shown: debug, info, warn or error"),
		c.text(&s.format, "log-format", "`FORMAT` of the log: text, json, or auto, which is text on a terminal"),
	}
}

// fileFlags are for commands that run for long.
func (s *logSettings) fileFlags() []cli.Flag {
	const c = category("Logging")
	s.fileSize, s.fileKeep = 100<<20, 5
	return []cli.Flag{
		c.file(&s.file, "log-file", "`FILE` for the log as JSON lines, besides standard error"),
		c.size(&s.fileSize, "log-file-size", "`SIZE` of the log file, in whole MiB, from which it is put aside, with the time in its name, and a new one is begun"),
		c.number(&s.fileKeep, "log-file-keep", "`N` of the log files that were put aside are kept"),
	}
}

// A journal is what the loggers of one process share.
type journal struct {
	secrets oplog.Secrets
	ends    []func() error
}

const journalKey = "journal" // in the metadata of the app

func journalOf(c *cli.Context) *journal { return c.App.Metadata[journalKey].(*journal) }

// close writes what is held back.
func (j *journal) close() error {
	var errs []error
	for _, end := range j.ends {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

// logger makes the command's logger, which shows no secret that is in its flags.
func (s *logSettings) logger(c *cli.Context) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.level)); err != nil {
		return nil, fmt.Errorf("--log-level: %q is none of: debug, info, warn, error", s.level)
	}
	journal, w := journalOf(c), c.App.ErrWriter
	for _, f := range c.Command.Flags {
		if _, secret := f.(secretFlag); secret {
			journal.secrets.Hide(c.String(f.Names()[0]))
		}
	}
	text := isTerminal(w)
	switch s.format {
	case "auto":
	case "text", "json":
		text = s.format == "text"
	default:
		return nil, fmt.Errorf("--log-format: %q is none of: auto, text, json", s.format)
	}
	json := &slog.HandlerOptions{Level: level, ReplaceAttr: readable}
	handlers := []slog.Handler{slog.NewJSONHandler(w, json)}
	if text {
		handlers[0] = tint.NewTextHandler(w, &tint.Options{
			Level: level, TimeFormat: time.TimeOnly, NoColor: !isTerminal(w) || os.Getenv("NO_COLOR") != "",
		})
	}
	var ends []func() error
	if s.file != "" {
		file, err := s.openFile()
		if err != nil {
			return nil, err
		}
		handlers, ends = append(handlers, slog.NewJSONHandler(file, json)), append(ends, file.Close)
	}
	h := oplog.New(&journal.secrets, handlers...)
	if s.each {
		h.Close()
	}
	journal.ends = append(journal.ends, append([]func() error{func() error { h.Close(); return nil }}, ends...)...)
	return slog.New(h), nil
}

func (s *logSettings) checkFile() error {
	switch {
	case s.file == "":
		return nil
	case s.fileSize < oplog.MiB:
		return fmt.Errorf("--log-file-size %v: want at least 1MiB", s.fileSize)
	case s.fileKeep < 1:
		return fmt.Errorf("--log-file-keep %d: want at least 1", s.fileKeep)
	}
	return writable("log-file", s.file)
}

func (s *logSettings) openFile() (*oplog.File, error) {
	if err := s.checkFile(); err != nil {
		return nil, err
	}
	file, err := oplog.OpenFile(s.file, int64(s.fileSize), s.fileKeep)
	if err != nil {
		return nil, fmt.Errorf("--log-file: %w", err)
	}
	return file, nil
}

// secrets are those of all sources, transforms and sinks.
func (p *plan) secrets() []string {
	if p == nil {
		return nil
	}
	var all []string
	for _, f := range p.flows {
		all = append(all, f.filled.secrets()...)
	}
	for _, r := range p.receivers {
		all = append(all, r.filled.secrets()...)
	}
	return all
}

func (f *filled) secrets() []string {
	var all []string
	if f == nil { // they are flags of the command
		return nil
	}
	for _, one := range f.flags {
		if _, secret := one.(secretFlag); secret {
			all = append(all, f.texts(one.Names()[0])...)
		}
	}
	return all
}

// hidden are credentials that the log shows nothing of, also when they are
// renewed.
func hidden(of sls.CredentialsProvider, slot string, logger *slog.Logger) sls.CredentialsProvider {
	if of == nil || logger == nil {
		return of
	}
	return &hiddenCredentials{of, slot, logger}
}

type hiddenCredentials struct {
	sls.CredentialsProvider
	slot   string
	logger *slog.Logger
}

func (h *hiddenCredentials) GetCredentials() (sls.Credentials, error) {
	c, err := h.CredentialsProvider.GetCredentials()
	if err == nil {
		oplog.Rotate(h.logger, h.slot, c.AccessKeySecret, c.SecurityToken)
	}
	return c, err
}

// readable writes durations as people do: 1.5s, not 1500000000.
func readable(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
