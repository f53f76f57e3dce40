// Package admin is the HTTP server for the person on call: metrics, health,
// the state as JSON, the tap, and a page that shows all of it.
//
// It asks, and shows what it is told; what is healthy, measured or tapped is
// decided in other packages. Nothing here changes what the program does.
//
//	admin.go   listening and stopping     pages.go  the embedded page
//	routes.go  what is where              guard.go  who may see it
//	events.go  the tap, as it goes on     session.go  logging in
package admin

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/time/rate"

	"github.com/slswasm/slswasm/host/tap"
)

// Bounds of what a client may take.
const (
	maxConns    = 256
	maxHeader   = 16 << 10
	maxForm     = 4 << 10
	headerLimit = 5 * time.Second
	readLimit   = 10 * time.Second
	writeLimit  = 15 * time.Second // of one answer, or one event of the tap
	idleLimit   = time.Minute
	stopLimit   = 5 * time.Second // for answers under way
)

// leastToken is the length of a token that nobody guesses.
const leastToken = 16

// Config says where the server listens and who may see what.
type Config struct {
	Addr        string // host:port; port 0: any that is free
	Token       string // needed at any address but loopback; "": none
	OpenMetrics bool   // /metrics needs no token
	Pprof       bool   // there is a /debug/pprof/
	Tap         *tap.Tap
	Version     string // of the program
	Logger      *slog.Logger
}

// A Program is what there is to show. What is nil is not there.
type Program struct {
	Metrics http.Handler
	// Reasons says why the program is not ready, in the words of the person on
	// call; none: it is ready.
	Reasons func() []string
	State   func() any // of which JSON is made
}

// A Server serves from Open to Close.
type Server struct {
	cfg      Config
	listener net.Listener
	server   *http.Server
	loopback bool
	pages    *template.Template
	sessions *sessions
	program  atomic.Pointer[Program] // nil: starting
	stopping chan struct{}           // closed when answers without an end are to end
	served   chan error
	refused  rate.Sometimes // its log line
}

// Check says what is wrong with the address or the token, as far as that is
// known without listening.
func (c *Config) Check() error {
	if c.Token != "" && len(c.Token) < leastToken {
		return fmt.Errorf("--admin-token: has %d characters; want at least %d that nobody guesses, such as those of: openssl rand -hex 16", len(c.Token), leastToken)
	}
	if err := checkAddr(c.Addr); err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(c.Addr)
	isName := host != "" && net.ParseIP(host) == nil // of which only a listener knows where it leads
	if err != nil || isName || isLoopback(c.Addr) {
		return err
	}
	return c.guarded()
}

// guarded refuses an address that others can reach, without a token.
func (c *Config) guarded() error {
	if c.Token != "" {
		return nil
	}
	return fmt.Errorf("--admin %s: others can reach this address, and the page and the metrics show what they should not see: "+
		"give a token with --admin-token-file, or listen at 127.0.0.1", c.Addr)
}

// Open listens and serves: health at once, and the rest from Show on. Its
// error says what is wrong with the address or the token.
func Open(cfg Config) (*Server, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	pages, err := template.ParseFS(web, "web/*.html")
	if err != nil {
		return nil, fmt.Errorf("host fault: the page: %w", err)
	}
	listener, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("--admin %s: %w; choose another address or port", cfg.Addr, err)
	}
	s := &Server{
		cfg: cfg, listener: listener, sessions: newSessions(), pages: pages,
		stopping: make(chan struct{}), served: make(chan error, 1),
		refused: rate.Sometimes{Interval: time.Second},
	}
	tcp, ok := listener.Addr().(*net.TCPAddr)
	s.loopback = ok && tcp.IP.IsLoopback()
	if err := cfg.guarded(); err != nil && !s.loopback {
		return nil, errors.Join(err, listener.Close())
	}
	s.server = &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: headerLimit, ReadTimeout: readLimit, WriteTimeout: writeLimit, IdleTimeout: idleLimit,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelDebug), // what clients do wrong
	}
	s.server.RegisterOnShutdown(func() { close(s.stopping) })
	go func() { s.served <- s.server.Serve(netutil.LimitListener(listener, maxConns)) }()
	cfg.Logger.Info("the page, health and metrics are here", "admin", s.URL(), "token", cfg.Token != "", "tap", cfg.Tap != nil)
	return s, nil
}

func checkAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("--admin %q: want an address and a port, such as 127.0.0.1:9464", addr)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("--admin %q: the port is not one of 1 to 65535, or 0 for any that is free", addr)
	} else if n == 0 && port != "0" {
		return fmt.Errorf("--admin %q: want 0 for any port that is free", addr)
	}
	return nil
}

// URL is where the page is, with the port that was found.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() + "/" }

// Show says what there is to show, once the program has it.
func (s *Server) Show(p Program) { s.program.Store(&p) }

// Close ends the server and waits until nothing of it is left: answers under
// way have some seconds to end.
func (s *Server) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = s.server.Close()
	}
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
