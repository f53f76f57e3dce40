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

func newClient(cfg Config, tls *tls.Config, proxy findProxy) *http.Client {
	dialer := &net.Dialer{Timeout: min(cfg.Timeout, 30*time.Second)}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  proxy,
			OnProxyConnectResponse: refusedByProxy,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := dialer.DialContext(ctx, network, address)
				if err != nil {
					return nil, err
				}
				return conn{c}, nil
			},
			TLSClientConfig:        tls,
			TLSHandshakeTimeout:    min(cfg.Timeout, 30*time.Second),
			MaxIdleConnsPerHost:    256, // as many as shards send at once
			IdleConnTimeout:        idleTime,
			DisableCompression:     true,
			MaxResponseHeaderBytes: answerLen,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends a filled body of n events, on a channel where acknowledgement is
// wanted. An error is the contract's: Retry or Hold when there was no answer,
// ctx's own at its end.
func (s *Sink) post(ctx context.Context, b *body, n int, ch *channel) (verdict, error) {
	wire, err := b.wire(s.cfg.Gzip)
	if err != nil {
		return verdict{}, fmt.Errorf("host fault: compressing a body: %w", err)
	}
	b.sent = len(wire)
	turn, err := s.limiter.acquire(ctx)
	if err != nil {
		return verdict{}, err
	}
	a, err := s.exchange(ctx, request{method: http.MethodPost, path: eventPath, body: wire, zipped: s.cfg.Gzip, channel: ch})
	if err != nil {
		s.limiter.release(turn, pressureOf(err))
		if ctx.Err() != nil {
			return verdict{}, ctx.Err()
		}
		return verdict{}, outcomeOf(err)
	}
	v := a.judge(n, time.Now())
	s.limiter.release(turn, v.pressure(a.status))
	if v.full {
		s.slowDown(a.excerpt())
	}
	return v, nil
}

// pressureOf is what a missing answer says of the receiver's load.
func pressureOf(err error) pressure {
	if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() {
		return pressed
	}
	return steady
}

// A request is one to make.
type request struct {
	method, path string
	body         []byte
	zipped       bool     // the body is
	channel      *channel // nil: the settings' own, if any
}

// exchange makes one request and reads its answer. When its token is refused
// and there is a new one, it is made again.
func (s *Sink) exchange(ctx context.Context, r request) (answer, error) {
	token := s.token.now()
	a, err := s.roundTrip(ctx, r, token)
	if err == nil && a.refusesToken() && s.token.renewed(token) {
		return s.roundTrip(ctx, r, s.token.now())
	}
	return a, err
}

// roundTrip makes a request within the time limit, which holds for all of it:
// a byte now and then is no sign of life.
func (s *Sink) roundTrip(ctx context.Context, r request, token string) (answer, error) {
	limited, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	l := &loan{bytes: r.body}
	defer l.end()
	req, err := http.NewRequestWithContext(limited, r.method, s.base+r.path, nil)
	if err != nil {
		return answer{}, err
	}
	if len(r.body) > 0 {
		req.Body, req.ContentLength = l.reader(), int64(len(r.body))
		req.GetBody = func() (io.ReadCloser, error) { return l.reader(), nil }
	}
	s.setHeader(req, r, token)
	proxy := s.via(req)
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{}, s.explain(ctx, err, proxy)
	}
	defer func() { _ = resp.Body.Close() }()
	if r.channel != nil {
		r.channel.notice(resp)
	}
	a := answer{status: resp.StatusCode, header: resp.Header}
	if req.URL.Scheme == "http" { // else it hears nothing but the connection
		a.proxy = proxy
	}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, answerLen))
	if err != nil && a.needsBody() {
		return answer{}, s.explain(ctx, fmt.Errorf("reading the answer (status %d): %w", a.status, err), proxy)
	}
	return a, nil
}

// needsBody says whether the status alone means nothing. A server that does
// not want to read all of a request may break the connection right behind
// its answer, with 413 above all; the status must be enough then.
func (a answer) needsBody() bool {
	return a.status == http.StatusOK || a.status == http.StatusBadRequest
}

func (a answer) refusesToken() bool {
	return a.status == http.StatusUnauthorized || a.status == http.StatusForbidden
}

func (s *Sink) setHeader(req *http.Request, r request, token string) {
	h := req.Header
	h.Set("Authorization", "Splunk "+token)
	h.Set("User-Agent", userAgent)
	switch {
	case r.channel != nil:
		r.channel.address(req)
	case s.cfg.Channel != "":
		h.Set("X-Splunk-Request-Channel", s.cfg.Channel)
	}
	if len(r.body) > 0 {
		h.Set("Content-Type", "application/json")
	}
	if r.zipped {
		h.Set("Content-Encoding", "gzip")
	}
}

// explain adds what to do to an error of the network. When nobody answers,
// connections to a peer that has died may be idle still: they go, so that the
// next try makes its own.
func (s *Sink) explain(ctx context.Context, err error, proxy string) error {
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		s.client.CloseIdleConnections()
		err = fmt.Errorf("no answer within --hec-timeout (%v): %w", s.cfg.Timeout, err)
	}
	if proxy != "" {
		err = explainProxy(err, proxy)
	}
	if hint := tlsHint(err); hint != "" {
		return &settingError{err: err, hint: hint}
	}
	return err
}

// A settingError does not mend itself.
type settingError struct {
	err  error
	hint string
}

func (e *settingError) Error() string { return e.err.Error() + "; " + e.hint }
func (e *settingError) Unwrap() error { return e.err }

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
	if _, ok := errors.AsType[*settingError](err); ok {
		return &sinks.Hold{Err: err}
	}
	return &sinks.Retry{Err: err}
}
