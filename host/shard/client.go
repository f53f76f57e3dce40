package shard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/klauspost/compress/zstd"
)

const (
	apiVersion    = "0.6.0"
	answerTimeout = 20 * time.Second       // of one call other than a pull
	pullTimeout   = 60 * time.Second       // of one pull
	firstPause    = 200 * time.Millisecond // before a call is tried again; the longest is 50 times that
	maxAnswer     = 16 << 20               // bytes of a JSON answer
	bodiesKept    = 8 << 20                // bytes of buffers for compressed pulls
)

// A client makes the calls that a consumer needs to one logstore. Each method
// is one attempt, bound to its context, unless it says otherwise.
//
// The SDK signs and gives the types; the requests are our own, for the SDK's
// take no context, retry for 90 seconds and read a pull into a new buffer.
type client struct {
	endpoint    endpoint
	project     string
	logstore    string
	group       string
	consumer    string
	region      string // not empty: version 4 signatures
	zstd        bool
	credentials sls.CredentialsProvider
	http        *http.Client
	own         bool // http is ours to close
	log         *slog.Logger
	clock       clock
	pause       time.Duration // before the first retry
	unzstd      *zstd.Decoder
	bodies      *buffers // compressed
	raws        *buffers // decompressed
}

func newClient(cfg *Config) (*client, error) {
	e, err := parseEndpoint(cfg.Endpoint, cfg.Project)
	if err != nil {
		return nil, err
	}
	unzstd, err := zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(maxRaw))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	c := &client{
		endpoint: e, project: cfg.Project, logstore: cfg.Logstore, group: cfg.Group, consumer: cfg.Consumer,
		zstd: cfg.Zstd, credentials: cfg.Credentials, http: cfg.HTTPClient, log: cfg.Logger, pause: firstPause, unzstd: unzstd,
		bodies: newBuffers(bodiesKept), raws: cfg.Budget.raws,
		clock: clock{local: time.Now},
	}
	if cfg.AuthV4 {
		c.region = cfg.Region
	}
	if c.http == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = t.MaxIdleConns // one host gets all our calls
		t.IdleConnTimeout = 55 * time.Second   // the service closes after a minute
		c.http, c.own = &http.Client{Transport: t}, true
	}
	return c, nil
}

func (c *client) close() {
	c.unzstd.Close()
	if c.own {
		c.http.CloseIdleConnections()
	}
}

// An endpoint is where requests go and what host they name. The two differ
// for an IP address, for no resolver knows <project>.<IP>.
type endpoint struct {
	named  string // as the user wrote it
	scheme string
	dial   string // host, or host:port
	host   string // <project>.<host:port>
}

func parseEndpoint(text, project string) (endpoint, error) {
	e := endpoint{named: text, scheme: "http"}
	rest := text
	if scheme, after, ok := strings.Cut(text, "://"); ok {
		e.scheme, rest = strings.ToLower(scheme), after
	}
	if e.scheme != "http" && e.scheme != "https" {
		return e, setting("--endpoint", "%q: scheme %q: want https or http", text, e.scheme)
	}
	u, err := url.Parse(e.scheme + "://" + strings.TrimSuffix(rest, "/"))
	if err != nil || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return e, setting("--endpoint", "%q: want a host such as cn-hangzhou.log.aliyuncs.com, with https:// before it for TLS", text)
	}
	if strings.HasPrefix(u.Hostname(), project+".") && project != "" {
		return e, setting("--endpoint", "%q: leave the project out: want %q", text, strings.TrimPrefix(rest, project+"."))
	}
	e.host = project + "." + u.Host
	e.dial = e.host
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		e.dial = u.Host
	}
	return e, nil
}

// A call is one request. Its path is below the logstore, already escaped.
type call struct {
	name   string // for errors
	method string
	path   string
	query  url.Values
	body   any    // sent as JSON; nil for none
	accept string // encodings
	again  bool   // with the clock set right
}

// send makes one attempt and hands an answer with status 200 to read. Its
// error is a *callError, which wraps an *sls.Error if the service sent one.
func (c *client) send(ctx context.Context, r call, read func(*http.Response) error) error {
	err := c.roundTrip(ctx, r, read)
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return &callError{call: r.name, err: err, hint: c.hint(code(err))}
}

func (c *client) roundTrip(ctx context.Context, r call, read func(*http.Response) error) error {
	signed := c.clock.offset()
	req, err := c.request(ctx, r)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer func() { // what little is left is read, so that the connection can be used again
		_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
		_ = resp.Body.Close()
	}()
	if resp.StatusCode == http.StatusOK {
		return read(resp)
	}
	err = refusal(resp)
	if code(err) != sls.REQUEST_TIME_TOO_SKEWED || r.again {
		return err
	}
	if !c.clock.correct(resp, signed, c.log) {
		return err
	}
	r.again = true
	return c.roundTrip(ctx, r, read)
}

// refusal reads the service's error from an answer.
func refusal(resp *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("reading the answer %s: %w", resp.Status, err)
	}
	api := &sls.Error{}
	if json.Unmarshal(text, api) != nil || api.Code == "" {
		api.Code, api.Message = codeInvalidAnswer, fmt.Sprintf("not an answer of the Log Service: %.200q", text)
		if resp.StatusCode < 500 {
			api.Code = http.StatusText(resp.StatusCode) // of a proxy: not to be retried as a broken answer is
		}
	}
	api.HTTPCode, api.RequestID = int32(resp.StatusCode), resp.Header.Get(sls.RequestIDHeader)
	return api
}

// unreachable adds to a network error what the user can change.
func (c *client) unreachable(err error) error {
	var dns *net.DNSError
	var dial *net.OpError
	if errors.As(err, &dns) || errors.As(err, &dial) && dial.Op == "dial" || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") {
		return fmt.Errorf("%w: check --endpoint %q and the way there (network, HTTP_PROXY)", err, c.endpoint.named)
	}
	return err
}

func (c *client) request(ctx context.Context, r call) (*http.Request, error) {
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return nil, err
		}
	}
	uri := "/logstores/" + url.PathEscape(c.logstore) + r.path
	if len(r.query) > 0 {
		uri += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.endpoint.scheme+"://"+c.endpoint.dial+uri, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	headers, err := c.sign(r, uri, body)
	if err != nil {
		return nil, err
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	req.Host = c.endpoint.host
	return req, nil
}

// sign returns the headers of a request, the signature among them.
func (c *client) sign(r call, uri string, body []byte) (map[string]string, error) {
	cred, err := c.credentials.GetCredentials()
	if err != nil {
		return nil, &credentialsError{err}
	}
	h := map[string]string{
		sls.HTTPHeaderHost:        c.endpoint.host,
		sls.HTTPHeaderAPIVersion:  apiVersion,
		sls.HTTPHeaderBodyRawSize: strconv.Itoa(len(body)),
		sls.HTTPHeaderUserAgent:   "slswasm",
	}
	if cred.SecurityToken != "" {
		h[sls.HTTPHeaderAcsSecurityToken] = cred.SecurityToken
	}
	if body != nil {
		h[sls.HTTPHeaderContentType] = "application/json"
	}
	now := c.clock.now().UTC()
	if c.region != "" {
		h[sls.HTTPHeaderLogDate] = now.Format(sls.ISO8601)
		err = sls.NewSignerV4(cred.AccessKeyID, cred.AccessKeySecret, c.region).Sign(r.method, uri, h, body)
	} else {
		h[sls.HTTPHeaderDate] = now.Format(http.TimeFormat)
		err = sls.NewSignerV1(cred.AccessKeyID, cred.AccessKeySecret).Sign(r.method, uri, h, body)
	}
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	if r.accept != "" {
		h["Accept-Encoding"] = r.accept
	}
	return h, nil
}

// json makes one attempt and reads the answer into v, unless v is nil.
func (c *client) json(ctx context.Context, r call, v any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout, fmt.Errorf("no answer within %v", answerTimeout))
	defer cancel()
	return c.send(ctx, r, func(resp *http.Response) error {
		if v == nil {
			return nil
		}
		text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		if err == nil {
			err = json.Unmarshal(text, v)
		}
		if err != nil {
			return fmt.Errorf("reading the answer: %w", err)
		}
		return nil
	})
}
