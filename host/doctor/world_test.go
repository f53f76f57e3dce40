package doctor

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks/hec"
	"github.com/slswasm/slswasm/sinks/sinktest"
	"github.com/slswasm/slswasm/sinks/syslog"
)

func TestMain(m *testing.M) {
	shard.RouteSDKLog(quiet())
	goleak.VerifyTestMain(m)
}

const (
	project  = "proj"
	logstore = "store"
	group    = "audit"

	keySecret = "K3y-Secret/+= of %this% test"
	stsToken  = "STS.token.of.this.test"
	hecToken  = "11111111-2222-3333-4444-555555555555"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// A world is all that a run needs, each part well, over TLS where it can be.
// What a test changes before ask is what is wrong.
type world struct {
	t         *testing.T
	authority *authority
	dir       string

	service slstest.Config
	server  *slstest.Server // made by ask, or before it by serve
	front   *tls.Config     // of the service
	hecOpts sinktest.HECOptions
	sysOpts sinktest.SyslogOptions

	source shard.Config // Endpoint: that of the service when it is empty
	guests []guest.Config
	hec    hec.Config // URL: that of the receiver when it is empty
	syslog syslog.Config
	cfg    Config

	collector *sinktest.HECReceiver
	receiver  *sinktest.SyslogReceiver
}

func newWorld(t *testing.T) *world {
	t.Helper()
	a := newAuthority(t)
	w := &world{t: t, authority: a, dir: t.TempDir()}
	w.service = slstest.Config{
		Projects:    []slstest.Project{{Name: project, Logstores: []slstest.Logstore{{Name: logstore, Shards: 2}}}},
		AccessKeyID: "id", AccessKeySecret: keySecret, SecurityToken: stsToken, Dated: true,
	}
	w.front = a.server("127.0.0.1", time.Hour*24*365)
	w.hecOpts = sinktest.HECOptions{TLS: a.server("127.0.0.1", time.Hour*24*365), Token: hecToken, Acks: sinktest.HECAcks{On: true}}
	w.sysOpts = sinktest.SyslogOptions{Network: syslog.RELPTLS, TLS: a.server("127.0.0.1", time.Hour*24*365)}
	w.source = shard.Config{
		Project: project, Logstore: logstore, Group: group, Query: "* | where verb = 'get'", HeartbeatInterval: 20 * time.Second,
		Credentials: sls.NewStaticCredentialsProvider("id", keySecret, stsToken),
		HTTPClient:  a.client(t),
	}
	w.guests = []guest.Config{{Name: "drop.wasm", Wasm: wasm(t, "drop"), GuestConfig: []byte(`{"a":1}`)}}
	w.hec = hec.Config{Token: hecToken, Ack: true, CAFile: a.file, Timeout: 10 * time.Second}
	w.syslog = syslog.Config{Protocol: syslog.RELPTLS, CAFile: a.file, Timeout: 10 * time.Second}
	w.cfg = Config{
		fileLimit: func() (uint64, bool) { return 1 << 20, true },
		freeSpace: func(string) (uint64, bool) { return 1 << 40, true },
		lookup: func(_ context.Context, host string) ([]string, error) {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		},
	}
	w.cfg.Host.DeadLetters = filepath.Join(w.dir, "letters.jsonl")
	return w
}

// serve makes the service.
func (w *world) serve() *slstest.Server {
	w.t.Helper()
	if w.server != nil {
		return w.server
	}
	var err error
	w.server, err = slstest.New(w.service)
	w.must(err)
	w.t.Cleanup(func() { w.must(w.server.Close()) })
	return w.server
}

// listen gives a handler a socket behind the certificate of the service.
func (w *world) listen(h http.Handler) string {
	front := httptest.NewUnstartedServer(h)
	front.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	front.TLS = w.front
	if front.TLS == nil {
		front.Start()
	} else {
		front.StartTLS()
	}
	w.t.Cleanup(front.Close)
	return "https://" + front.Listener.Addr().String()
}

// ask starts what there is to look at and returns all lines.
func (w *world) ask() []Line {
	w.t.Helper()
	if w.source.Endpoint == "" {
		w.source.Endpoint = w.listen(w.serve())
	}
	var err error
	w.collector, err = sinktest.StartHEC(w.hecOpts)
	w.must(err)
	w.t.Cleanup(func() { w.collector.Close() })
	if w.hec.URL == "" {
		w.hec.URL = w.collector.URL()
	}
	w.receiver, err = sinktest.StartSyslog(w.sysOpts)
	w.must(err)
	w.t.Cleanup(func() { w.receiver.Close() })
	if w.syslog.Host == "" {
		w.syslog.Host, w.syslog.Port = w.receiver.Host(), w.receiver.Port()
	}
	splunk, err := hec.New(w.hec, quiet())
	w.must(err)
	defer splunk.Close()
	siem, err := syslog.New(w.syslog, quiet())
	w.must(err)
	defer siem.Close()
	w.cfg.Host.Flows = []host.Flow{{Sources: []shard.Config{w.source}, Guests: w.guests}}
	w.cfg.Host.Sinks = []host.NamedSink{{Name: "splunk", Sink: splunk}, {Name: "siem", Sink: siem}}
	var lines []Line
	Run(w.t.Context(), w.cfg, func(l Line) { lines = append(lines, l) })
	return lines
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// wasm is a module of testdata/wat.
func wasm(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../testdata/wat", name+".hex"))
	if err != nil {
		t.Fatal(err)
	}
	module, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// An authority signs certificates.
type authority struct {
	file string // its own certificate
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{file: filepath.Join(t.TempDir(), "ca.pem"), key: newKey()}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der := a.sign(a.cert, a.key)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(a.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func (a *authority) sign(c *x509.Certificate, key *ecdsa.PrivateKey) []byte {
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, &key.PublicKey, a.key)
	if err != nil {
		panic(err)
	}
	return der
}

// server is the TLS side of a server with this name, for so long.
func (a *authority) server(name string, left time.Duration) *tls.Config {
	key := newKey()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(left),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		c.IPAddresses = []net.IP{ip}
	} else {
		c.DNSNames = []string{name}
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{a.sign(c, key)}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
}

// client trusts the authority.
func (a *authority) client(t *testing.T) *http.Client {
	pool := x509.NewCertPool()
	text, err := os.ReadFile(a.file)
	if err != nil || !pool.AppendCertsFromPEM(bytes.TrimSpace(text)) {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
