package shard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/slswasm/slswasm/host/slstest"
)

func TestParseEndpoint(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]endpoint{
		"cn-hangzhou.log.aliyuncs.com":          {scheme: "http", dial: "p.cn-hangzhou.log.aliyuncs.com", host: "p.cn-hangzhou.log.aliyuncs.com"},
		"https://cn-hangzhou.log.aliyuncs.com/": {scheme: "https", dial: "p.cn-hangzhou.log.aliyuncs.com", host: "p.cn-hangzhou.log.aliyuncs.com"},
		"HTTP://log.example:8080":               {scheme: "http", dial: "p.log.example:8080", host: "p.log.example:8080"},
		"10.0.0.5":                              {scheme: "http", dial: "10.0.0.5", host: "p.10.0.0.5"},
		"https://127.0.0.1:8443":                {scheme: "https", dial: "127.0.0.1:8443", host: "p.127.0.0.1:8443"},
		"http://[::1]:80":                       {scheme: "http", dial: "[::1]:80", host: "p.[::1]:80"},
	} {
		want.named = text
		if got, err := parseEndpoint(text, "p"); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, part := range map[string]string{
		"ftp://log.example":   "scheme",
		"log.example/path":    "want a host",
		"http://":             "want a host",
		"http://u@log.ex":     "want a host",
		"log.example?x=y":     "want a host",
		"a host":              "want a host",
		"https://p.log.alice": "leave the project out",
	} {
		if _, err := parseEndpoint(text, "p"); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTLSOnAnIPAddress(t *testing.T) {
	t.Parallel()
	w := newSilentWorld(t, 1)
	if err := w.StartTLS(""); err != nil {
		t.Fatal(err)
	}
	w.putLogs(0, 3)
	cfg := w.config("a")
	cfg.Endpoint = "https://" + w.Addr()
	if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
	cfg.HTTPClient = w.Client()
	var r receiver
	w.run(cfg, r.handle)
	w.await("all arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
}

// Through a proxy, requests name the made-up host; the proxy finds the way.
func TestThroughAProxy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.putLogs(0, 3)
	proxy, err := url.Parse(w.ProxyURL())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(proxy)}
	defer transport.CloseIdleConnections()
	cfg := w.config("a")
	cfg.Endpoint, cfg.HTTPClient = "http://cn-nowhere.log.example", &http.Client{Transport: transport}
	var r receiver
	c := w.run(cfg, r.handle)
	w.await("all arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
	c.stop()
	_ = c.wait(t)
}

func TestOurTransportHonoursTheProxyVariables(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	cfg := w.config("a")
	cfg = cfg.withDefaults()
	c, err := newClient(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if c.http.Transport.(*http.Transport).Proxy == nil {
		t.Error("no proxy function")
	}
}

// answerer is a client of a server that answers every pull in one way.
func answerer(t *testing.T, handle http.HandlerFunc) *client {
	t.Helper()
	srv := httptest.NewServer(handle)
	t.Cleanup(srv.Close)
	cfg := (&Config{Endpoint: srv.URL, Project: project, Logstore: logstore, Group: groupID,
		Credentials: sls.NewStaticCredentialsProvider("id", "secret", "")}).withDefaults()
	c, err := newClient(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	c.pause = time.Millisecond
	t.Cleanup(c.close)
	return c
}

func TestPullChecksTheAnswer(t *testing.T) {
	t.Parallel()
	raw := []byte(strings.Repeat("log ", 100))
	packed := make([]byte, lz4.CompressBlockBound(len(raw)))
	n, err := lz4.CompressBlock(raw, packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	packed = packed[:n]
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	zpacked := enc.EncodeAll(raw, nil)
	good := map[string]string{"X-Log-Cursor": "next", "X-Log-Bodyrawsize": fmt.Sprint(len(raw)), "X-Log-Count": "1", "X-Log-Compresstype": "lz4"}
	for name, c := range map[string]struct {
		set   map[string]string
		body  []byte
		chunk bool
		want  string // of the error
	}{
		"lz4":               {nil, packed, false, ""},
		"lz4, chunked":      {nil, packed, true, ""},
		"zstd":              {map[string]string{"X-Log-Compresstype": "zstd"}, zpacked, false, ""},
		"not compressed":    {map[string]string{"X-Log-Compresstype": ""}, raw, false, ""},
		"no cursor":         {map[string]string{"X-Log-Cursor": ""}, packed, false, "no header x-log-cursor"},
		"cursor stays":      {map[string]string{"X-Log-Cursor": "here"}, packed, false, "does not move"},
		"no size":           {map[string]string{"X-Log-Bodyrawsize": ""}, packed, false, "X-Log-Bodyrawsize"},
		"negative size":     {map[string]string{"X-Log-Bodyrawsize": "-1"}, packed, false, "X-Log-Bodyrawsize"},
		"huge size":         {map[string]string{"X-Log-Bodyrawsize": "999999999999"}, packed, false, "--pull-count"},
		"no count":          {map[string]string{"X-Log-Count": ""}, packed, false, "X-Log-Count"},
		"groups in nothing": {map[string]string{"X-Log-Bodyrawsize": "0"}, nil, false, "1 log groups in 0 bytes"},
		"unknown":           {map[string]string{"X-Log-Compresstype": "snappy"}, packed, false, "snappy"},
		"size too small":    {map[string]string{"X-Log-Bodyrawsize": "399"}, packed, false, "lz4"},
		"size too large":    {map[string]string{"X-Log-Bodyrawsize": "401"}, packed, false, "401"},
		"zstd too small":    {map[string]string{"X-Log-Compresstype": "zstd", "X-Log-Bodyrawsize": "399"}, zpacked, false, "zstd"},
		"zstd too large":    {map[string]string{"X-Log-Compresstype": "zstd", "X-Log-Bodyrawsize": "401"}, zpacked, false, "401"},
		"garbage":           {nil, []byte("\xff\xff\xff\xff"), false, "lz4"},
		"plain, wrong size": {map[string]string{"X-Log-Compresstype": ""}, raw[1:], false, "399"},
		"body too long":     {map[string]string{"X-Log-Bodyrawsize": "10"}, make([]byte, 5000), false, "5000"},
		"chunks too long":   {map[string]string{"X-Log-Bodyrawsize": "10"}, make([]byte, 5000), true, "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl := answerer(t, func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range good {
					if o, ok := c.set[k]; ok {
						v = o
					}
					if v != "" {
						w.Header().Set(k, v)
					}
				}
				if !c.chunk {
					w.Header().Set("Content-Length", fmt.Sprint(len(c.body)))
				} else {
					_ = http.NewResponseController(w).Flush()
				}
				_, _ = w.Write(c.body)
			})
			p, err := cl.pull(t.Context(), pullRequest{shard: 3, cursor: "here", count: 1})
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "pull shard 3 at here") {
					t.Errorf("got %v, want an error with %q", err, c.want)
				}
				if err != nil && classify(err) != transient {
					t.Errorf("a broken answer is not tried again: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(*p.raw) != string(raw) || p.next != "next" || p.groups != 1 {
				t.Errorf("got %q, next %s, %d groups", *p.raw, p.next, p.groups)
			}
		})
	}
}

func TestPullIsBoundToItsContext(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	c := answerer(t, func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	go func() { <-entered; cancel(why) }()
	err := c.retry(ctx, running, func() error {
		_, err := c.pull(ctx, pullRequest{cursor: "here", count: 1})
		return err
	})
	if !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	page := func(status int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(status); _, _ = io.WriteString(w, body) }
	}
	codeOf := func(status int, code string) func(http.ResponseWriter) {
		return page(status, fmt.Sprintf(`{"errorCode":%q,"errorMessage":"m"}`, code))
	}
	for name, c := range map[string]struct {
		first func(http.ResponseWriter)
		p     patience
		calls int32
	}{
		"500":                     {codeOf(500, "InternalServerError"), running, 3},
		"a proxy's 502":           {page(502, "<html>"), running, 3},
		"429":                     {codeOf(429, "TooMany"), running, 3},
		"read quota":              {codeOf(403, "ReadQuotaExceed"), running, 3},
		"shard read quota":        {codeOf(403, "ShardReadQuotaExceed"), running, 3},
		"not JSON":                {page(200, "<html>"), running, 3},
		"refused, while running":  {codeOf(401, "Unauthorized"), running, 3},
		"refused, while opening":  {codeOf(401, "Unauthorized"), opening, 1},
		"skewed, while opening":   {codeOf(400, "RequestTimeTooSkewed"), opening, 1},
		"a proxy's 403":           {page(403, "<html>"), running, 1},
		"a bad parameter":         {codeOf(400, "ParameterInvalid"), running, 1},
		"the group quota":         {codeOf(403, "ConsumerGroupQuotaExceed"), running, 1},
		"transient while opening": {codeOf(503, "ServerBusy"), opening, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			cl := answerer(t, func(w http.ResponseWriter, _ *http.Request) {
				if calls.Add(1) < 3 {
					c.first(w)
					return
				}
				_, _ = io.WriteString(w, `[]`)
			})
			_, err := cl.listShards(t.Context(), c.p)
			if n := calls.Load(); n != c.calls || (err == nil) != (c.calls == 3) {
				t.Errorf("%d calls, not %d; %v", n, c.calls, err)
			}
		})
	}
}

func TestRetryGivesUpWhenPatienceEnds(t *testing.T) {
	t.Parallel()
	c := answerer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	_, err := c.listShards(t.Context(), patience{transient: 20 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("got %v", err)
	}
}

func TestSkewedClockIsNamed(t *testing.T) {
	t.Parallel()
	for _, v4 := range []bool{false, true} {
		w := newWorld(t, 1, func(c *slstest.Config) { c.Now = func() time.Time { return time.Now().Add(-time.Hour) } })
		cfg := w.config("a")
		cfg.AuthV4, cfg.Region = v4, "cn-test"
		if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "set this machine's clock") {
			t.Errorf("version 4: %v: %v", v4, err)
		}
	}
}
