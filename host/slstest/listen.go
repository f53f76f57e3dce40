package slstest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// host is the made-up endpoint that Endpoint and the certificate name.
const host = "cn-test.log.example"

// Start listens on a TCP address, "127.0.0.1:0" when it is empty. One server
// listens once.
func (s *Server) Start(addr string) error { return s.start(addr, nil) }

// StartTLS is Start with TLS, under a certificate of the server's own that
// Client trusts and CertificatePEM returns.
func (s *Server) StartTLS(addr string) error {
	c, err := newCertificate()
	if err != nil {
		return err
	}
	return s.start(addr, c)
}

func (s *Server) start(addr string, c *certificate) error {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.listener != nil {
		return errors.New("slstest: Start: the server is closed or listens already")
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("slstest: %w", err)
	}
	s.listener, s.cert = l, c
	s.httpd = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
	}
	if c != nil {
		// HTTP/1.1 only: a fault that cuts the connection means one call.
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{c.tls}, NextProtos: []string{"http/1.1"}})
	}
	s.wg.Go(func() {
		if err := s.httpd.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("emulator stopped listening", "error", err)
		}
	})
	return nil
}

// Addr returns the address that the server listens on, or "".
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// Endpoint returns an endpoint for the SDKs. Its host name is made up: it
// leads here with Client's client, or with HTTP_PROXY set to ProxyURL (then
// any made-up http endpoint does).
func (s *Server) Endpoint() string {
	scheme := "http://"
	if s.tls() {
		scheme = "https://"
	}
	_, port, err := net.SplitHostPort(s.Addr())
	if err != nil { // not listening: InProcess takes any port
		return scheme + host
	}
	return scheme + net.JoinHostPort(host, port)
}

func (s *Server) tls() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cert != nil
}

// ProxyURL returns what HTTP_PROXY must be for a program that is to find this
// server under made-up http endpoints.
func (s *Server) ProxyURL() string { return "http://" + s.Addr() }

// CertificatePEM returns the certificate to trust after StartTLS, or nil.
func (s *Server) CertificatePEM() []byte {
	if !s.tls() {
		return nil
	}
	return s.cert.pem
}

// Client returns a client that comes here whatever host it is told, and
// trusts the certificate. Close closes its idle connections.
func (s *Server) Client() *http.Client {
	addr := s.Addr()
	t := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, addr)
		},
		DisableCompression:  true,
		MaxIdleConnsPerHost: 64,
	}
	if s.tls() {
		t.TLSClientConfig = &tls.Config{RootCAs: s.cert.pool}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, t.CloseIdleConnections)
	return &http.Client{Transport: t}
}

// Close stops listening, cuts what is under way and waits for all of it. It
// is safe to call it twice.
func (s *Server) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.notify()
	httpd, idle := s.httpd, s.idle
	s.mu.Unlock()
	s.cancel()
	var err error
	if httpd != nil && first {
		err = httpd.Close()
	}
	for _, closeIdle := range idle {
		closeIdle()
	}
	s.wg.Wait()
	if first {
		s.zdec.Close()
	}
	return err
}
