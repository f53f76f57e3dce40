package slstest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/go-kit/kit/log"
	"go.uber.org/goleak"
)

const (
	proj  = "proj"
	store = "store"
)

func TestMain(m *testing.M) {
	sls.Logger = log.NewNopLogger() // the SDK logs to stdout
	goleak.VerifyTestMain(m)
}

// newServer makes a server with one logstore.
func newServer(t testing.TB, shards int, edit ...func(*Config)) *Server {
	t.Helper()
	cfg := Config{Projects: []Project{{Name: proj, Logstores: []Logstore{{Name: store, Shards: shards}}}}}
	for _, f := range edit {
		f(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// listening is newServer with a socket.
func listening(t testing.TB, shards int, edit ...func(*Config)) *Server {
	t.Helper()
	s := newServer(t, shards, edit...)
	if err := s.Start(""); err != nil {
		t.Fatal(err)
	}
	return s
}

func sdkClient(s *Server, c *http.Client) sls.ClientInterface {
	provider := sls.NewStaticCredentialsProvider(s.cfg.AccessKeyID, s.cfg.AccessKeySecret, s.cfg.SecurityToken)
	client := sls.CreateNormalInterfaceV2(s.Endpoint(), provider)
	client.SetHTTPClient(c)
	client.SetRetryTimeout(time.Second)
	return client
}

// A probe is one request, signed by the SDK's own signer after which edit may
// spoil it.
type probe struct {
	method, uri string
	header      map[string]string
	body        []byte
	edit        func(*http.Request)
	v4          bool
}

func (p probe) request(t testing.TB, s *Server) *http.Request {
	t.Helper()
	h := map[string]string{"x-log-bodyrawsize": "0", "x-log-apiversion": "0.6.0"}
	hostName := proj + "." + strings.TrimPrefix(strings.TrimPrefix(s.Endpoint(), "http://"), "https://")
	h["Host"] = hostName
	if p.body != nil {
		h["Content-Type"] = "application/json"
	}
	for k, v := range p.header {
		h[k] = v
	}
	var signer sls.Signer = sls.NewSignerV1(s.cfg.AccessKeyID, s.cfg.AccessKeySecret)
	if p.v4 {
		signer = sls.NewSignerV4(s.cfg.AccessKeyID, s.cfg.AccessKeySecret, "cn-test")
		h["x-log-date"] = s.cfg.Now().UTC().Format(v4Time)
	} else {
		h["Date"] = s.cfg.Now().UTC().Format(http.TimeFormat)
	}
	if err := signer.Sign(p.method, p.uri, h, p.body); err != nil {
		t.Fatal(err)
	}
	scheme, _, _ := strings.Cut(s.Endpoint(), "://")
	r, err := http.NewRequest(p.method, scheme+"://"+hostName+p.uri, bytes.NewReader(p.body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range h {
		r.Header.Set(k, v)
	}
	if p.edit != nil {
		p.edit(r)
	}
	return r
}

// do sends the probe in-process and returns the answer's status, error code
// and body.
func (p probe) do(t testing.TB, s *Server) (status int, code string, body []byte) {
	t.Helper()
	status, code, body, _ = p.full(t, s)
	return status, code, body
}

func (p probe) full(t testing.TB, s *Server) (status int, code string, body []byte, h http.Header) {
	t.Helper()
	resp, err := s.InProcess().Do(p.request(t, s))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Header.Get("x-log-requestid") == "" {
		t.Error("no x-log-requestid")
	}
	if resp.StatusCode != 200 {
		var e struct{ ErrorCode, ErrorMessage string }
		if err := json.Unmarshal(body, &e); err != nil || e.ErrorCode == "" || e.ErrorMessage == "" {
			t.Fatalf("error without code and message: %q: %v", body, err)
		}
		return resp.StatusCode, e.ErrorCode, body, resp.Header
	}
	return 200, "", body, resp.Header
}

func (p probe) ok(t testing.TB, s *Server) []byte {
	t.Helper()
	status, code, body := p.do(t, s)
	if status != 200 {
		t.Fatalf("%s %s: %d %s: %s", p.method, p.uri, status, code, body)
	}
	return body
}

func (p probe) fails(t testing.TB, s *Server, status int, code string) {
	t.Helper()
	if got, gotCode, body := p.do(t, s); got != status || gotCode != code {
		t.Errorf("%s %s: %d %q, want %d %q: %s", p.method, p.uri, got, gotCode, status, code, body)
	}
}

// group makes a log group of n logs with one content.
func group(n int, key, value string) []byte {
	g := Group{Topic: "t", Source: "s", Tags: []KV{{"host", "h"}}}
	for i := range n {
		g.Logs = append(g.Logs, Log{Time: uint32(1000 + i), Contents: []KV{{"n", strconv.Itoa(i)}, {key, value}}})
	}
	return g.Marshal()
}

// sdkError returns an error's status and code, as the SDK tells them.
func sdkError(err error) string {
	var e *sls.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%d %s", e.HTTPCode, e.Code)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
