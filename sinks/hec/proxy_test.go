package hec

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slswasm/slswasm/sinks/sinktest"
)

// A proxy connects to anywhere, or answers with a status of its own.
type proxy struct {
	status   int    // 0: connect
	password string // NAME:PASSWORD that it wants; "": none
	server   *httptest.Server
	running  sync.WaitGroup

	mu    sync.Mutex
	asked []string // for which host
}

func startProxy(t *testing.T, p *proxy) *proxy {
	t.Helper()
	p.server = httptest.NewServer(p)
	t.Cleanup(func() {
		p.server.Close()
		p.running.Wait()
	})
	return p
}

func (p *proxy) host() string { return strings.TrimPrefix(p.server.URL, "http://") }

func (p *proxy) hosts() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.asked, " ")
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, req.Host)
	p.mu.Unlock()
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(p.password))
	switch {
	case p.password != "" && req.Header.Get("Proxy-Authorization") != want:
		w.WriteHeader(http.StatusProxyAuthRequired)
	case p.status != 0:
		w.WriteHeader(p.status)
	case req.Method == http.MethodConnect:
		p.tunnel(w, req)
	default:
		p.forward(w, req)
	}
}

func (p *proxy) forward(w http.ResponseWriter, req *http.Request) {
	req.RequestURI = ""
	req.Header.Del("Proxy-Authorization")
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

func (p *proxy) tunnel(w http.ResponseWriter, req *http.Request) {
	there, err := net.Dial("tcp", req.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = there.Close()
		return
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 Connected\r\n\r\n")
	for _, way := range []struct {
		to   net.Conn
		from io.Reader
	}{{there, buffered}, {here, there}} {
		p.running.Go(func() {
			_, _ = io.Copy(way.to, way.from)
			_ = here.Close()
			_ = there.Close()
		})
	}
}

// secured is a receiver with TLS, and what a sink needs to trust it.
func secured(t *testing.T) (opt sinktest.HECOptions, trust func(*Config)) {
	ca := newAuthority(t)
	_, _, pair := ca.issue(t, "splunk.test", time.Now().Add(time.Hour))
	path := file(t, ca.pem)
	return sinktest.HECOptions{TLS: &tls.Config{Certificates: []tls.Certificate{pair}}}, func(c *Config) { c.CAFile, c.ServerName = path, "splunk.test" }
}

func TestProxy(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, password := range []string{"", "name:S3CRET"} {
			t.Run(fmt.Sprint("TLS ", secure, " password ", password != ""), func(t *testing.T) {
				p := startProxy(t, &proxy{password: password})
				opt, trust := sinktest.HECOptions{}, func(*Config) {}
				if secure {
					opt, trust = secured(t)
				}
				s, r := start(t, opt, trust, func(c *Config) { c.Proxy = "http://" + password + "@" + p.host() })
				if err := s.Check(t.Context()); err != nil {
					t.Fatal(err)
				}
				if n, err := s.Send(t.Context(), numbered(3)); n != 3 || err != nil || r.Count() != 3 {
					t.Errorf("%d, %v, %d arrived", n, err, r.Count())
				}
				if !strings.Contains(p.hosts(), strings.TrimPrefix(strings.TrimPrefix(r.URL(), "https://"), "http://")) {
					t.Errorf("the proxy was asked for %q", p.hosts())
				}
			})
		}
	}
}

// What a proxy says is told as the proxy's: by its address, without a
// password.
func TestProxyRefuses(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for status, c := range map[int]struct {
			outcome func(error) bool
			want    string
		}{
			407: {isHold, "it wants a name and a password: --hec-proxy http://NAME:PASSWORD@HOST:PORT"},
			403: {isHold, "check --hec-"},
			502: {isRetry, " answered 502"},
			503: {isRetry, " answered 503"},
		} {
			t.Run(fmt.Sprint(status, " TLS ", secure), func(t *testing.T) {
				p := startProxy(t, &proxy{status: status})
				opt, trust := sinktest.HECOptions{}, func(*Config) {}
				if secure {
					opt, trust = secured(t)
				}
				s, r := start(t, opt, trust, func(c *Config) { c.Proxy = "http://name:S3CRET@" + p.host() })
				n, err := s.Send(t.Context(), numbered(3))
				if n != 0 || !c.outcome(err) || r.Count() != 0 {
					t.Fatalf("%d, %T %v", n, err, err)
				}
				for _, want := range []string{"the proxy " + p.host(), c.want} {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%v\ndoes not say %q", err, want)
					}
				}
				if strings.Contains(err.Error(), "S3CRET") {
					t.Errorf("the error shows a password: %v", err)
				}
			})
		}
	}
}

// Splunk's own answers are not the proxy's.
func TestProxyIsNotBlamed(t *testing.T) {
	p := startProxy(t, &proxy{})
	s, _ := start(t, sinktest.HECOptions{Token: "another"}, func(c *Config) { c.Proxy = p.server.URL })
	_, err := s.Send(t.Context(), numbered(1))
	if want := "the receiver answered 403: Invalid token (code 4)"; err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "proxy") {
		t.Errorf("%v, want %q", err, want)
	}
}

func TestProxyIsDown(t *testing.T) {
	p := startProxy(t, &proxy{})
	s, _ := start(t, sinktest.HECOptions{}, func(c *Config) { c.Proxy = "http://name:S3CRET@" + p.host() })
	p.server.Close()
	_, err := s.Send(t.Context(), numbered(1))
	want := "the proxy " + p.host() + " cannot be reached (check --hec-proxy, or HTTPS_PROXY and HTTP_PROXY in the environment)"
	if !isRetry(err) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "S3CRET") {
		t.Errorf("%T %v\nwant %q", err, err, want)
	}
}

// Proxies of the environment are in testdata/scripts/hec-proxy.txt: a process
// reads it once.
func TestProxyOfTheEnvironment(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://u:S3%CRET@p")
	err := Config{URL: "http://h", Token: "t"}.Validate()
	if err == nil || !strings.Contains(err.Error(), "HTTPS_PROXY in the environment is no URL of a proxy") || strings.Contains(err.Error(), "S3") {
		t.Errorf("error %v", err)
	}
	if err := (Config{URL: "http://h", Token: "t", Proxy: NoProxy}).Validate(); err != nil {
		t.Errorf("it is overridden: %v", err)
	}
}

func TestProxySettings(t *testing.T) {
	for setting, want := range map[string]string{
		"http://p:3128": "", "https://p": "", "socks5://p:1080": "", "socks5h://p": "", NoProxy: "", "": "",
		"p:3128":              "--hec-proxy: want a URL such as",
		"name:S3CRET@p:3128":  "--hec-proxy: want a URL such as",
		"http://":             "--hec-proxy: want a URL such as",
		"http://u:S3%CRET@p":  "--hec-proxy: want a URL such as",
		"ftp://u:S3CRET@p:21": `--hec-proxy: "ftp" is none of: http, https, socks5`,
	} {
		err := Config{URL: "http://h", Token: "t", Proxy: setting}.Validate()
		if (want == "") != (err == nil) || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "S3")) {
			t.Errorf("%q: %v, want %q", setting, err, want)
		}
	}
}
