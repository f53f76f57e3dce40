package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/admin"
	"github.com/slswasm/slswasm/host/health"
	"github.com/slswasm/slswasm/host/metrics"
	"github.com/slswasm/slswasm/host/tap"
)

// adminSettings are the flags about the page for the person on call.
type adminSettings struct {
	addr, token, tokenFile     string
	pprof, openMetrics, tapped bool
	maxLag                     time.Duration
}

func (s *adminSettings) flags() []cli.Flag {
	const c = category("Admin")
	s.maxLag = health.DefaultMaxLag
	return []cli.Flag{
		c.text(&s.addr, "admin", "`HOST:PORT` of the page, /metrics, /healthz and /readyz, such as 127.0.0.1:9464; port 0: any; default: none of them"),
		c.secret(&s.token, "admin-token", "`TOKEN` for the page and all beside it but the two probes; needed at any address but loopback; rather by environment or file than here"),
		c.file(&s.tokenFile, "admin-token-file", "`FILE` that holds the token for the page"),
		c.yes(&s.openMetrics, "admin-open-metrics", "let /metrics be read without the token"),
		c.duration(&s.maxLag, "ready-max-lag", "`DURATION` that a shard may lag behind before /readyz says that the program is not ready; 0: any lag will do"),
		c.yes(&s.pprof, "admin-pprof", "serve profiles of this process under /debug/pprof/"),
		c.yes(&s.tapped, "tap", "let the page show some of the logs before and after the guests, as they are: nothing is masked"),
	}
}

// An adminPage is the server, if there is to be one.
type adminPage struct {
	*admin.Server // nil: there is none
	tap           *tap.Tap
	limits        health.Limits
	version       string
	logger        *slog.Logger
}

// open starts the server. Its error names the flag.
func (s *adminSettings) open(version string, logger *slog.Logger) (*adminPage, error) {
	page := &adminPage{limits: health.Limits{MaxLag: s.maxLag}, version: version, logger: logger}
	cfg, err := s.config()
	if err != nil || s.addr == "" {
		return page, err
	}
	if s.tapped {
		page.tap = tap.New()
	}
	cfg.Tap, cfg.Version, cfg.Logger = page.tap, version, logger
	page.Server, err = admin.Open(cfg)
	return page, err
}

// check is open without a server.
func (s *adminSettings) check() error {
	cfg, err := s.config()
	if err != nil || s.addr == "" {
		return err
	}
	return cfg.Check()
}

func (s *adminSettings) config() (admin.Config, error) {
	if s.maxLag < 0 {
		return admin.Config{}, fmt.Errorf("--ready-max-lag %v: want 0 or more", s.maxLag)
	}
	if s.addr == "" {
		return admin.Config{}, s.without()
	}
	token, err := s.secret()
	return admin.Config{Addr: s.addr, Token: token, OpenMetrics: s.openMetrics, Pprof: s.pprof}, err
}

// without refuses what would be of no effect.
func (s *adminSettings) without() error {
	for _, f := range []struct {
		name  string
		given bool
	}{
		{"tap", s.tapped}, {"admin-pprof", s.pprof}, {"admin-open-metrics", s.openMetrics}, {"admin-token-file", s.tokenFile != ""},
	} {
		if f.given {
			return fmt.Errorf("--%s: needs --admin, such as 127.0.0.1:9464", f.name)
		}
	}
	return nil
}

func (s *adminSettings) secret() (string, error) {
	switch {
	case s.tokenFile == "":
		return s.token, nil
	case s.token != "":
		return "", errors.New("--admin-token and --admin-token-file: give one of them")
	}
	text, err := os.ReadFile(s.tokenFile)
	if err != nil {
		return "", fmt.Errorf("--admin-token-file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("--admin-token-file: %s is empty", s.tokenFile)
	}
	return token, nil
}

// show shows a pipeline, if there is a page. From the end of ctx on it is not
// ready any more: it drains.
func (p *adminPage) show(ctx context.Context, of *host.Pipeline) {
	if p.Server == nil {
		return
	}
	p.Show(admin.Program{
		Metrics: metrics.Handler(metrics.New(metrics.Config{State: of.State, Version: p.version}), p.logger),
		State:   func() any { return of.State() },
		Reasons: func() []string {
			if ctx.Err() != nil {
				return []string{"stopping: nothing more is pulled"}
			}
			return health.Ready(of.State(), p.limits)
		},
	})
}

func (p *adminPage) close(ctx context.Context) error {
	if p.Server == nil {
		return nil
	}
	return p.Close(ctx)
}
