package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
)

// The names of the checks of a way.
const (
	checkDNS  = "name"
	checkConn = "connection"
	checkCert = "certificate"
)

// shakeLimit is for a handshake with somebody who has taken the connection.
const shakeLimit = 10 * time.Second

// soon is when a certificate that ends is worth a warning.
const soon = 30 * 24 * time.Hour

// A way leads to a service or a receiver.
type way struct {
	host, port string
	network    string      // tcp or udp
	tls        *tls.Config // nil: without
	proxy      *url.URL    // nil: none
	setting    string      // that says where it leads
	trust      string      // what to do about a certificate that nobody trusts here
	rename     string      // what to do about one for another name

	lookup func(context.Context, string) ([]string, error)
}

// checks are those of the way, and the names of those that what lies behind it
// needs.
func (w way) checks() (checks []check, names []string) {
	if w.proxy != nil {
		w = w.toProxy()
	}
	checks = append(checks, check{name: checkDNS, try: w.resolve})
	if w.network == "tcp" {
		checks = append(checks, check{name: checkConn, needs: []string{checkDNS}, try: w.connect})
	}
	if w.tls != nil {
		checks = append(checks, check{name: checkCert, needs: []string{checkConn}, limit: shakeLimit, try: w.certificate})
	}
	for _, c := range checks {
		names = append(names, c.name)
	}
	return checks, names
}

// toProxy is the way to the proxy: what lies behind it, only the proxy sees.
func (w way) toProxy() way {
	p := w.proxy
	w.host, w.port, w.tls = p.Hostname(), p.Port(), nil
	if w.port == "" {
		w.port = map[string]string{"https": "443", "socks5": "1080", "socks5h": "1080"}[p.Scheme]
	}
	if w.port == "" {
		w.port = "80"
	}
	w.setting = "the proxy's address (HTTPS_PROXY, HTTP_PROXY, NO_PROXY; for Splunk also --hec-proxy)"
	return w
}

func (w way) address() string { return net.JoinHostPort(w.host, w.port) }

// via says that it is a proxy, where it is one.
func (w way) via() string {
	if w.proxy != nil {
		return "the proxy "
	}
	return ""
}

func (w way) resolve(ctx context.Context) finding {
	if _, err := netip.ParseAddr(w.host); err == nil {
		return ok("%s%s is an address", w.via(), w.host)
	}
	addresses, err := w.lookup(ctx, w.host)
	dns, _ := errors.AsType[*net.DNSError](err)
	switch {
	case err == nil && len(addresses) > 0:
		return ok("%s%s is at %s", w.via(), w.host, strings.Join(addresses, ", "))
	case err == nil, dns != nil && dns.IsNotFound:
		return failed("%s%s: there is no such host", w.via(), w.host).but("check %s, and this machine's name servers", w.setting)
	}
	return failed("%s%s: %v", w.via(), w.host, err).but("check this machine's name servers and its way to them")
}

func (w way) connect(ctx context.Context) finding {
	began := time.Now()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", w.address())
	if err == nil {
		_ = conn.Close() // nothing was sent
		return ok("%s%s answers in %v", w.via(), w.address(), time.Since(began).Round(time.Millisecond))
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return failed("%s%s: nobody listens there: %v", w.via(), w.address(), err).but("check %s, and whether the other side runs", w.setting)
	case isTimeout(err):
		return failed("%s%s: no answer: %v", w.via(), w.address(), err).but("check %s, and let firewalls and security groups pass it", w.setting)
	}
	return failed("%s%s: %v", w.via(), w.address(), err).but("check %s, and this machine's routes", w.setting)
}

func isTimeout(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}

// certificate shakes hands with whoever is there, and then looks at what it
// showed as the connection itself would.
func (w way) certificate(ctx context.Context) finding {
	trusting := w.tls.Clone()
	trusting.InsecureSkipVerify = true // what is shown is verified below
	conn, err := (&tls.Dialer{Config: trusting}).DialContext(ctx, "tcp", w.address())
	if err != nil {
		return w.noHandshake(err)
	}
	shown := conn.(*tls.Conn).ConnectionState().PeerCertificates //nolint:errcheck,forcetypeassert // tls.Dialer says so
	_ = conn.Close()                                             // nothing was sent
	leaf, left := shown[0], time.Until(shown[0].NotAfter)
	if !w.tls.InsecureSkipVerify {
		if err := w.verify(shown); err != nil {
			return w.distrust(leaf, err)
		}
	}
	until := leaf.NotAfter.UTC().Format(time.DateOnly)
	switch {
	case left < 0:
		return warning("it is not verified, as the settings say, and ended on %s", until).but("have the other side's certificate renewed")
	case left < soon:
		return warning("it is valid until %s only, for %s more", until, days(left)).but("have the other side's certificate renewed in time")
	case w.tls.InsecureSkipVerify:
		return warning("it is not verified, as the settings say; it is valid until %s", until).but("have it verified: anybody could pose as the other side")
	}
	return ok("for %s, valid until %s", w.tls.ServerName, until)
}

func (w way) verify(shown []*x509.Certificate) error {
	others := x509.NewCertPool()
	for _, c := range shown[1:] {
		others.AddCert(c)
	}
	_, err := shown[0].Verify(x509.VerifyOptions{DNSName: w.tls.ServerName, Roots: w.tls.RootCAs, Intermediates: others})
	return err
}

func (w way) distrust(leaf *x509.Certificate, err error) finding {
	name, isName := errors.AsType[x509.HostnameError](err)
	invalid, _ := errors.AsType[x509.CertificateInvalidError](err)
	now := time.Now()
	switch {
	case isName:
		return failed("it is for %s, and not for %s", orNobody(names(leaf)), name.Host).but("%s", w.rename)
	case invalid.Cert != nil && invalid.Reason == x509.Expired && now.Before(invalid.Cert.NotBefore):
		return failed("it is not valid before %s", invalid.Cert.NotBefore.UTC().Format(time.RFC3339)).but("check this machine's clock")
	case invalid.Cert != nil && invalid.Reason == x509.Expired:
		return failed("it ended on %s: %v", invalid.Cert.NotAfter.UTC().Format(time.RFC3339), err).
			but("have the other side's certificate renewed, or check this machine's clock")
	}
	return failed("%v", err).but("%s", w.trust)
}

func (w way) noHandshake(err error) finding {
	if _, plain := errors.AsType[tls.RecordHeaderError](err); plain {
		return failed("the other side does not speak TLS on this port: %v", err).but("check %s: scheme and port", w.setting)
	}
	if isTimeout(err) {
		return failed("the other side took the connection, and does not answer in TLS: %v", err).
			but("check %s: the port may not speak TLS (scheme, port), or what is there may hang", w.setting)
	}
	return failed("no TLS connection: %v", err).but("check %s, and see the other side's log: it may want a client certificate", w.setting)
}

// names are the names in a certificate.
func names(c *x509.Certificate) string {
	all := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	return strings.Join(all, ", ")
}

func orNobody(s string) string {
	if s == "" {
		return "nobody"
	}
	return s
}

func days(d time.Duration) string {
	if n := int(d.Hours() / 24); n != 1 {
		return fmt.Sprintf("%d days", n)
	}
	return "1 day"
}
