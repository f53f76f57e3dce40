package hec

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

func TestCheck(t *testing.T) {
	answer := func(a sinktest.HECAnswer) sinktest.HECOptions {
		return sinktest.HECOptions{Answer: sinktest.HECScript(a)}
	}
	sick := sinktest.HECError(503, 18, sinktest.NoNumber)
	noHealth := sinktest.HECAnswer{Status: 404}
	for name, c := range map[string]struct {
		opt  sinktest.HECOptions
		want string // a part of the error
	}{
		"well":              {sinktest.HECOptions{}, ""},
		"unhealthy":         {sinktest.HECOptions{Health: &sick}, ""},
		"no health at all":  {sinktest.HECOptions{Health: &noHealth}, ""},
		"busy":              {answer(sinktest.HECError(503, 9, sinktest.NoNumber)), ""},
		"wrong token":       {sinktest.HECOptions{Token: "another"}, "403: Invalid token (code 4); check --hec-token or --hec-token-file"},
		"disabled":          {answer(sinktest.HECError(403, 1, sinktest.NoNumber)), "403: Token disabled (code 1); enable the token in Splunk"},
		"wants a channel":   {sinktest.HECOptions{NeedChannel: true}, "code 10); the token has indexer acknowledgement enabled: give --hec-ack"},
		"HEC is off":        {answer(sinktest.HECAnswer{Status: 404, Body: "not found"}), `answered 404 "not found"; check that --hec-url names`},
		"some other server": {answer(sinktest.HECAnswer{Status: 200, Body: "<html>"}), "no answer of a HTTP Event Collector"},
		"bad gateway":       {answer(sinktest.HECAnswer{Status: 502, Body: "upstream"}), `answered 502 "upstream"`},
		"acknowledges":      {sinktest.HECOptions{Acks: polled(true)}, ""},
		"acks busy":         {sinktest.HECOptions{Acks: polled(true, sinktest.HECError(503, 9, sinktest.NoNumber))}, ""},
		"acks lost":         {sinktest.HECOptions{Acks: polled(true, sinktest.HECAnswer{Fault: sinktest.HECReset})}, ""},
		"acks off":          {sinktest.HECOptions{Acks: polled(false)}, "ACK is disabled (code 14); enable indexer acknowledgement for the token in Splunk, or leave --hec-ack out"},
		"acks not found":    {sinktest.HECOptions{Acks: polled(true, sinktest.HECAnswer{Status: 404, Body: "no such page"})}, `asked for acknowledgements: the receiver answered 404 "no such page"`},
		"acks otherwise":    {sinktest.HECOptions{Acks: polled(true, sinktest.HECError(400, 12, sinktest.NoNumber))}, "leave --hec-ack out"},
		"reset":             {sinktest.HECOptions{Answer: resetAll}, "cannot be reached; check --hec-url"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := start(t, c.opt, func(cfg *Config) { cfg.Ack = strings.HasPrefix(name, "ack") })
			err := s.Check(t.Context())
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if err != nil && (!strings.Contains(err.Error(), r.URL()) || strings.Contains(err.Error(), token)) {
				t.Errorf("error %v names no address, or the token", err)
			}
			if n := r.Count(); n != 0 {
				t.Errorf("the check left %d events", n)
			}
		})
	}
}

func polled(on bool, polls ...sinktest.HECAnswer) sinktest.HECAcks {
	return sinktest.HECAcks{On: on, Answer: sinktest.HECScript(polls...)}
}

func resetAll(int) *sinktest.HECAnswer { return &sinktest.HECAnswer{Fault: sinktest.HECReset} }

func TestCheckWithoutReceiver(t *testing.T) {
	s, r := start(t, sinktest.HECOptions{})
	r.Down()
	if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "HEC at "+r.URL()+" cannot be reached; check --hec-url") {
		t.Errorf("error %v", err)
	}
}

// An authority signs a certificate for a name, good until a time.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	return &authority{
		cert: must(x509.ParseCertificate(der)), key: key,
		pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// issue writes the certificate and its key as PEM files and returns the pair.
func (a *authority) issue(t *testing.T, name string, until time.Time) (certFile, keyFile string, pair tls.Certificate) {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der := must(x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key))
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))})
	return file(t, certPEM), file(t, keyPEM), must(tls.X509KeyPair(certPEM, keyPEM))
}

func file(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTLS(t *testing.T) {
	ca := newAuthority(t)
	caFile, hour := file(t, ca.pem), time.Now().Add(time.Hour)
	clientCert, clientKey, _ := ca.issue(t, "client", hour)
	otherCert, otherKey, _ := newAuthority(t).issue(t, "client", hour)
	_, _, good := ca.issue(t, "splunk.test", hour)
	_, _, expired := ca.issue(t, "splunk.test", time.Now().Add(-time.Hour))
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	server := &tls.Config{Certificates: []tls.Certificate{good}}
	mutual := &tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	for name, c := range map[string]struct {
		server *tls.Config
		change func(*Config)
		want   string
	}{
		"good":         {server, func(c *Config) { c.CAFile, c.ServerName = caFile, "splunk.test" }, ""},
		"not verified": {server, func(c *Config) { c.SkipVerify = true }, ""},
		"unknown":      {server, func(c *Config) { c.ServerName = "splunk.test" }, "--hec-ca"},
		"another name": {server, func(c *Config) { c.CAFile = caFile }, "--hec-server-name"},
		"expired":      {&tls.Config{Certificates: []tls.Certificate{expired}}, func(c *Config) { c.CAFile, c.ServerName = caFile, "splunk.test" }, "renew the server's certificate"},
		"client cert": {mutual, func(c *Config) {
			c.CAFile, c.ServerName, c.CertFile, c.KeyFile = caFile, "splunk.test", clientCert, clientKey
		}, ""},
		"client refused": {mutual, func(c *Config) {
			c.CAFile, c.ServerName, c.CertFile, c.KeyFile = caFile, "splunk.test", otherCert, otherKey
		}, "--hec-cert and --hec-key"},
		"no client":     {mutual, func(c *Config) { c.CAFile, c.ServerName = caFile, "splunk.test" }, "--hec-cert and --hec-key"},
		"not TLS":       {nil, func(c *Config) { c.URL = strings.Replace(c.URL, "http:", "https:", 1) }, "use http:// in --hec-url"},
		"TLS, not HTTP": {server, func(c *Config) { c.URL = strings.Replace(c.URL, "https:", "http:", 1) }, "400"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := start(t, sinktest.HECOptions{TLS: c.server}, c.change)
			err := s.Check(t.Context())
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if n, err := s.Send(t.Context(), numbered(3)); n != 3 || err != nil || r.Count() != 3 {
					t.Errorf("%d sent, %d arrived, %v", n, r.Count(), err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			// While running, the same is a setting to change and nothing to give up for.
			if err := settled(t, s); !isHold(err) && name != "TLS, not HTTP" {
				t.Errorf("send: %v, want a Hold", err)
			}
		})
	}
}

func isHold(err error) bool { _, ok := errors.AsType[*sinks.Hold](err); return ok }

// settled sends until the outcome is not that of a broken connection: a
// server that refuses and closes is not always heard.
func settled(t *testing.T, s *Sink) (err error) {
	t.Helper()
	for range 20 {
		if _, err = s.Send(t.Context(), numbered(1)); isHold(err) {
			return err
		}
		if !isRetry(err) {
			t.Fatalf("send: %v", err)
		}
	}
	return err
}
