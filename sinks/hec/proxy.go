package hec

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
)

// NoProxy as a Config's Proxy means none, whatever the environment says.
const NoProxy = "none"

// findProxy says which proxy a request goes through; nil: none.
type findProxy func(*http.Request) (*url.URL, error)

// findProxy reads the setting. No error shows what may be a password.
func (c Config) findProxy() (findProxy, error) {
	switch c.Proxy {
	case NoProxy:
		return nil, nil
	case "":
		return http.ProxyFromEnvironment, checkEnvironment()
	}
	u, err := url.Parse(c.Proxy)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("--hec-proxy: want a URL such as http://proxy.example.com:3128, or none")
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return http.ProxyURL(u), nil
	}
	return nil, fmt.Errorf("--hec-proxy: %q is none of: http, https, socks5", u.Scheme)
}

// checkEnvironment refuses what net/http would ignore: events would go past the
// proxy that somebody wanted.
func checkEnvironment() error {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		value := os.Getenv(name)
		_, err := url.Parse(value)
		if _, bare := url.Parse("http://" + value); err != nil && bare != nil {
			return fmt.Errorf("%s in the environment is no URL of a proxy: mend it, or give --hec-proxy", name) // and is not shown: it may hold a password
		}
	}
	return nil
}

// via is the address of the proxy that a request goes through, without its
// password; "" without a proxy.
func (s *Sink) via(req *http.Request) string {
	if s.proxy == nil {
		return ""
	}
	u, err := s.proxy(req)
	if err != nil || u == nil {
		return ""
	}
	return u.Host
}

const (
	proxyHint    = "check --hec-proxy, or HTTPS_PROXY and HTTP_PROXY in the environment"
	passwordHint = "it wants a name and a password: --hec-proxy http://NAME:PASSWORD@HOST:PORT, or the same in HTTPS_PROXY"
)

// A proxyRefusal is the answer of a proxy that does not connect us.
type proxyRefusal struct {
	proxy  string
	status int
}

func (e *proxyRefusal) Error() string {
	return fmt.Sprintf("the proxy %s answered %d and made no connection to the receiver", e.proxy, e.status)
}

func refusedByProxy(_ context.Context, u *url.URL, _ *http.Request, resp *http.Response) error {
	err := &proxyRefusal{proxy: u.Host, status: resp.StatusCode}
	switch s := resp.StatusCode; {
	case s == http.StatusOK:
		return nil
	case s == http.StatusProxyAuthRequired:
		return &settingError{err: err, hint: passwordHint}
	case s == http.StatusRequestTimeout, s == http.StatusTooManyRequests, s >= 500:
		return err
	}
	return &settingError{err: err, hint: "it may not allow this host or port: " + proxyHint}
}

// explainProxy adds to an error of the network that a proxy was in between.
func explainProxy(err error, proxy string) error {
	if _, ok := errors.AsType[*proxyRefusal](err); ok {
		return err
	}
	if connect, ok := errors.AsType[*net.OpError](err); ok && connect.Op == "proxyconnect" {
		return fmt.Errorf("the proxy %s cannot be reached (%s): %w", proxy, proxyHint, err)
	}
	return fmt.Errorf("by way of the proxy %s: %w", proxy, err)
}
