package hec

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/slswasm/slswasm/sinks"
)

const (
	healthPath = "/services/collector/health"
	userAgent  = "slswasm"

	// answerLen is more than any HEC answer has. The rest is not read.
	answerLen = 64 << 10

	// Splunk closes idle connections after 12 s (busyKeepAliveIdleTimeout);
	// being first avoids a POST into a connection that is just closing.
	idleTime = 10 * time.Second
)

func newClient(cfg Config, tls *tls.Config) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: min(cfg.Timeout, 30*time.Second)}).DialContext,
			TLSClientConfig:        tls,
			TLSHandshakeTimeout:    min(cfg.Timeout, 30*time.Second),
			MaxIdleConnsPerHost:    256, // as many as shards send at once
			IdleConnTimeout:        idleTime,
			DisableCompression:     true,
			MaxResponseHeaderBytes: answerLen,
			WriteBufferSize:        64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends a filled body of n events. An error is the contract's: Retry or
// Hold when there was no answer, ctx's own at its end.
func (s *Sink) post(ctx context.Context, b *body, n int) (verdict, error) {
	wire, err := b.wire(s.cfg.Gzip)
	if err != nil {
		return verdict{}, fmt.Errorf("host fault: compressing a body: %w", err)
	}
	b.sent = len(wire)
	a, err := s.exchange(ctx, http.MethodPost, eventPath, wire)
	if ctx.Err() != nil && err != nil {
		return verdict{}, ctx.Err()
	}
	if err != nil {
		return verdict{}, outcomeOf(err)
	}
	v := a.judge(n, time.Now())
	if v.full {
		s.slowDown(a.excerpt())
	}
	return v, nil
}

// exchange makes one request within the time limit and reads its answer.
func (s *Sink) exchange(ctx context.Context, method, path string, wire []byte) (answer, error) {
	limited, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	l := &loan{bytes: wire}
	defer l.end()
	req, err := http.NewRequestWithContext(limited, method, s.base+path, nil)
	if err != nil {
		return answer{}, err
	}
	if len(wire) > 0 {
		req.Body, req.ContentLength = l.reader(), int64(len(wire))
		req.GetBody = func() (io.ReadCloser, error) { return l.reader(), nil }
	}
	s.setHeader(req.Header, len(wire) > 0)
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{}, s.explain(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{status: resp.StatusCode, header: resp.Header}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, answerLen))
	if err != nil && a.needsBody() {
		return answer{}, s.explain(ctx, fmt.Errorf("reading the answer (status %d): %w", a.status, err))
	}
	return a, nil
}

// needsBody says whether the status alone means nothing. A server that does
// not want to read all of a request may break the connection right behind
// its answer, with 413 above all; the status must be enough then.
func (a answer) needsBody() bool {
	return a.status == http.StatusOK || a.status == http.StatusBadRequest
}

func (s *Sink) setHeader(h http.Header, hasBody bool) {
	h.Set("Authorization", "Splunk "+s.cfg.Token)
	h.Set("User-Agent", userAgent)
	if s.cfg.Channel != "" {
		h.Set("X-Splunk-Request-Channel", s.cfg.Channel)
	}
	if !hasBody {
		return
	}
	h.Set("Content-Type", "application/json")
	if s.cfg.Gzip {
		h.Set("Content-Encoding", "gzip")
	}
}

// explain adds what to do to an error of the network.
func (s *Sink) explain(ctx context.Context, err error) error {
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within --hec-timeout (%v): %w", s.cfg.Timeout, err)
	}
	if hint := tlsHint(err); hint != "" {
		return &certificateError{err: err, hint: hint}
	}
	return err
}

// A certificateError does not mend itself.
type certificateError struct {
	err  error
	hint string
}

func (e *certificateError) Error() string { return e.err.Error() + "; " + e.hint }
func (e *certificateError) Unwrap() error { return e.err }

func tlsHint(err error) string {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		remote  *net.OpError
	)
	switch {
	case errors.As(err, &unknown):
		return "give the authority that signed the server's certificate with --hec-ca"
	case errors.As(err, &name):
		return "connect by a name that the server's certificate has, or give one with --hec-server-name"
	case errors.As(err, &invalid):
		return "renew the server's certificate, or check this machine's clock and --hec-ca"
	case errors.Is(err, http.ErrSchemeMismatch):
		return "the server does not speak TLS on this port: use http:// in --hec-url, or enable SSL for its HTTP Event Collector"
	case errors.As(err, &remote) && remote.Op == "remote error": // an alert: crypto/tls has no type for it
		return "the server refused the TLS connection: it may want a client certificate, --hec-cert and --hec-key"
	}
	return ""
}

// outcomeOf turns a failed exchange into the contract's outcome. Whether the
// events arrived is not known, so they are sent again.
func outcomeOf(err error) error {
	var cert *certificateError
	if errors.As(err, &cert) {
		return &sinks.Hold{Err: err}
	}
	return &sinks.Retry{Err: err}
}
