package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

// logSettings are the flags about the program's own log, on standard error.
type logSettings struct{ level, format string }

func (s *logSettings) flags(level string) []cli.Flag {
	const c = category("Logging")
	s.level, s.format = level, "auto"
	return []cli.Flag{
		c.text(&s.level, "log-level", "debug, info, warn or error"),
		c.text(&s.format, "log-format", "text, json, or auto: text on a terminal"),
	}
}

func (s *logSettings) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.level)); err != nil {
		return nil, fmt.Errorf("--log-level: %q is none of: debug, info, warn, error", s.level)
	}
	text := isTerminal(w)
	switch s.format {
	case "auto":
	case "text", "json":
		text = s.format == "text"
	default:
		return nil, fmt.Errorf("--log-format: %q is none of: auto, text, json", s.format)
	}
	if !text {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: readable})), nil
	}
	return slog.New(tint.NewTextHandler(w, &tint.Options{
		Level: level, TimeFormat: time.TimeOnly, NoColor: !isTerminal(w) || os.Getenv("NO_COLOR") != "",
	})), nil
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
