package slstest

import (
	"bufio"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Every way to a server that issue and README promise.
func TestWaysIn(t *testing.T) {
	plain, secure := listening(t, 1), newServer(t, 1)
	must(t, secure.StartTLS(""))

	check := func(name string, s *Server, c *http.Client, endpoint string) {
		t.Helper()
		client := sdkClient(s, c)
		for _, version := range []string{"v1", "v4"} {
			p := probe{method: "GET", uri: shardsURI, v4: version == "v4", edit: func(r *http.Request) {
				if endpoint != "" {
					u, err := url.Parse(endpoint)
					must(t, err)
					r.URL.Scheme, r.URL.Host = u.Scheme, u.Host
				}
			}}
			r := p.request(t, s)
			resp, err := c.Do(r)
			must(t, err)
			b, err := io.ReadAll(resp.Body)
			must(t, err)
			must(t, resp.Body.Close())
			if resp.StatusCode != 200 {
				t.Errorf("%s, %s: %d %s", name, version, resp.StatusCode, b)
			}
		}
		if endpoint == "" {
			if _, err := client.ListShards(proj, store); err != nil {
				t.Errorf("%s, SDK: %v", name, err)
			}
		}
	}
	check("dialler", plain, plain.Client(), "")
	check("dialler with TLS", secure, secure.Client(), "")
	check("in-process", plain, plain.InProcess(), "")

	// To the address itself, with the project in the Host header only.
	check("direct address", plain, plain.Client(), "http://"+plain.Addr())

	// As a proxy: the request line has the whole URL.
	proxy, err := url.Parse(plain.ProxyURL())
	must(t, err)
	transport := &http.Transport{Proxy: http.ProxyURL(proxy)}
	defer transport.CloseIdleConnections()
	check("proxy", plain, &http.Client{Transport: transport}, "")
}

// A client that signs Host without the port, as the Python SDK does, through
// a proxy, where the request line's host has the port.
func TestProxyWithPythonsHost(t *testing.T) {
	s := listening(t, 1)
	named := probe{method: "GET", uri: shardsURI, v4: true, header: map[string]string{"Host": proj + "." + host}}
	r := named.request(t, s)
	conn, err := net.Dial("tcp", s.Addr())
	must(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "GET http://%s.%s:80%s HTTP/1.1\r\nHost: %s.%s\r\nConnection: close\r\n", proj, host, shardsURI, proj, host)
	must(t, err)
	must(t, r.Header.WriteSubset(conn, map[string]bool{"Host": true, "Content-Length": true}))
	_, err = io.WriteString(conn, "\r\n")
	must(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), r)
	must(t, err)
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Errorf("%d %s, %v", resp.StatusCode, b, err)
	}
	must(t, resp.Body.Close())
}

func TestHostsWithoutAProject(t *testing.T) {
	s := newServer(t, 1)
	for _, h := range []string{"127.0.0.1:80", "127.0.0.1", "[::1]:80", "localhost:80", "other." + host} {
		p := probe{method: "GET", uri: shardsURI, edit: func(r *http.Request) { r.Host = h }}
		p.fails(t, s, 404, codeProjectNotExist)
	}
}

func TestCertificate(t *testing.T) {
	s := newServer(t, 1)
	if s.CertificatePEM() != nil || s.Addr() != "" || s.Endpoint() != "http://"+host {
		t.Error(s.CertificatePEM(), s.Addr(), s.Endpoint())
	}
	must(t, s.StartTLS(""))
	if !strings.HasPrefix(s.Endpoint(), "https://"+host+":") {
		t.Error(s.Endpoint())
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CertificatePEM()) {
		t.Error("no certificate in the PEM")
	}
	untrusting := &http.Client{Transport: &http.Transport{DialContext: s.Client().Transport.(*http.Transport).DialContext}}
	if _, err := untrusting.Get(s.Endpoint()); err == nil {
		t.Error("a client that trusts nobody got in")
	}
}

func TestStartTwice(t *testing.T) {
	s := listening(t, 1)
	if err := s.Start(""); err == nil {
		t.Error("listens twice")
	}
	must(t, s.Close())
	if err := s.Start(""); err == nil {
		t.Error("listens after Close")
	}
	other := newServer(t, 1)
	if err := other.Start("nowhere:xyz"); err == nil {
		t.Error("listens nowhere")
	}
}
