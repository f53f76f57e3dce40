package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/host/tap"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testToken = "correct-horse-battery"

// open starts a server that has something to show.
func open(t *testing.T, cfg Config) *Server {
	t.Helper()
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	s.Show(Program{
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") }),
		State:   func() any { return map[string]int{"answer": 42} },
	})
	return s
}

// client keeps cookies and its connections to itself, and follows no redirect.
func client(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// do sends a request that edit has changed, and returns its answer with the body read.
func do(t *testing.T, c *http.Client, method, address, body string, edit func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if edit != nil {
		edit(r)
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

func get(t *testing.T, s *Server, path string) (int, string) {
	t.Helper()
	answer, text := do(t, client(t), "GET", s.URL()+path, "", nil)
	return answer.StatusCode, text
}

func TestOpenNamesTheFlag(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct{ addr, token, want string }{
		{"9464", "", `--admin "9464": want an address and a port`},
		{"127.0.0.1", "", `--admin "127.0.0.1": want an address and a port`},
		{"127.0.0.1:http", "", `--admin "127.0.0.1:http": the port is not one of`},
		{"127.0.0.1:70000", "", `--admin "127.0.0.1:70000": the port is not one of`},
		{"127.0.0.1:", "", `--admin "127.0.0.1:": the port is not one of`},
		{"192.0.2.1:0", "", "--admin 192.0.2.1:0: "},
		{taken.Addr().String(), "", "address already in use; choose another address or port"},
		{"0.0.0.0:0", "", "others can reach this address"},
		{":0", "", "give a token with --admin-token-file"},
		{"127.0.0.1:0", "short", "--admin-token: has 5 characters; want at least 16"},
	} {
		s, err := Open(Config{Addr: c.addr, Token: c.token, Logger: slog.New(slog.DiscardHandler)})
		if err == nil {
			_ = s.Close(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "--admin") {
			t.Errorf("%q: %v; want %s", c.addr, err, c.want)
		}
		if err != nil && c.token != "" && strings.Contains(err.Error(), c.token) {
			t.Errorf("the error shows the token: %v", err)
		}
	}
}

func TestHealthAndState(t *testing.T) {
	s := open(t, Config{})
	if status, body := get(t, s, "healthz"); status != 200 || body != "alive\n" {
		t.Errorf("healthz: %d %q", status, body)
	}
	if status, body := get(t, s, "readyz"); status != 200 || body != "ready\n" {
		t.Errorf("readyz: %d %q", status, body)
	}
	if status, body := get(t, s, "api/state"); status != 200 || body != `{"answer":42}` {
		t.Errorf("state: %d %q", status, body)
	}
	if status, body := get(t, s, "metrics"); status != 200 || body != "up 1\n" {
		t.Errorf("metrics: %d %q", status, body)
	}
	s.Show(Program{Reasons: func() []string { return []string{"sink splunk is held", "shard 3 lags"} }})
	if status, body := get(t, s, "readyz"); status != 503 || body != "not ready\nsink splunk is held\nshard 3 lags\n" {
		t.Errorf("readyz: %d %q", status, body)
	}
	s.program.Store(nil) // as before Show
	for path, want := range map[string]int{"healthz": 200, "readyz": 503, "api/state": 503, "metrics": 503, "": 200, "assets/page.js": 200} {
		if status, _ := get(t, s, path); status != want {
			t.Errorf("while it starts, /%s answers %d; want %d", path, status, want)
		}
	}
}

func TestWhatIsOff(t *testing.T) {
	s := open(t, Config{})
	for path, want := range map[string]int{
		"debug/pprof/": 404, "debug/pprof/heap": 404, "api/tap": 404, "nothing": 404, "assets/..%2fadmin.go": 404, "assets/index.html": 404,
	} {
		if status, _ := get(t, s, path); status != want {
			t.Errorf("/%s answers %d; want %d", path, status, want)
		}
	}
	if answer, _ := do(t, client(t), "POST", s.URL()+"api/state", "a=b", nil); answer.StatusCode != 405 {
		t.Errorf("POST /api/state answers %d", answer.StatusCode)
	}
	s = open(t, Config{Pprof: true})
	for path, want := range map[string]int{"debug/pprof/": 200, "debug/pprof/heap": 200, "debug/pprof/cmdline": 404} {
		if status, _ := get(t, s, path); status != want {
			t.Errorf("with --admin-pprof, /%s answers %d; want %d", path, status, want)
		}
	}
}

func TestHeaders(t *testing.T) {
	s := open(t, Config{Token: testToken})
	for _, path := range []string{"", "healthz", "metrics", "api/state", "assets/page.js", "nothing"} {
		answer, _ := do(t, client(t), "GET", s.URL()+path, "", nil)
		for name, want := range headers {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("/%s: %s is %q", path, name, got)
			}
		}
	}
	if policy := headers["Content-Security-Policy"]; strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || strings.Contains(policy, "http") {
		t.Errorf("the policy lets others in: %s", policy)
	}
}

// Without the token there are the probes and the form to log in, and nothing else.
func TestToken(t *testing.T) {
	s := open(t, Config{Token: testToken, Pprof: true, Tap: tap.New()})
	s.Show(Program{Reasons: func() []string { return []string{"secret.example says no"} }, State: func() any { return 1 }})
	for path, want := range map[string]int{
		"healthz": 200, "readyz": 503, "": 200, "assets/page.css": 200,
		"metrics": 401, "api/state": 401, "api/tap": 401, "debug/pprof/": 401, "debug/pprof/heap": 401,
	} {
		status, body := get(t, s, path)
		if status != want {
			t.Errorf("/%s answers %d; want %d", path, status, want)
		}
		if strings.Contains(body, "secret") || path == "" && !strings.Contains(body, `action="/login"`) {
			t.Errorf("/%s shows %q", path, body)
		}
	}
	for header, want := range map[string]int{
		"Bearer " + testToken: 200, "bearer " + testToken: 200, "Bearer " + testToken + "x": 401, "Bearer": 401, "Basic " + testToken: 401, testToken: 401,
	} {
		answer, _ := do(t, client(t), "GET", s.URL()+"api/state", "", func(r *http.Request) { r.Header.Set("Authorization", header) })
		if answer.StatusCode != want {
			t.Errorf("%q: %d; want %d", header, answer.StatusCode, want)
		}
		if want == 401 && answer.Header.Get("WWW-Authenticate") == "" {
			t.Error("a 401 without WWW-Authenticate")
		}
	}
	answer, body := do(t, client(t), "GET", s.URL()+"readyz", "", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+testToken) })
	if answer.StatusCode != 503 || !strings.Contains(body, "secret.example") {
		t.Errorf("readyz with the token: %d %q", answer.StatusCode, body)
	}
	if status, _ := get(t, open(t, Config{Token: testToken, OpenMetrics: true}), "metrics"); status != 200 {
		t.Errorf("open metrics answer %d", status)
	}
}

func TestLogin(t *testing.T) {
	s := open(t, Config{Token: testToken})
	c := client(t)
	answer, body := do(t, c, "POST", s.URL()+"login", "token=wrong", nil)
	if answer.StatusCode != 401 || !strings.Contains(body, "This is not the token") || len(answer.Cookies()) > 0 {
		t.Errorf("a wrong token: %d, %d cookies, %q", answer.StatusCode, len(answer.Cookies()), body)
	}
	answer, _ = do(t, c, "POST", s.URL()+"login", url.Values{"token": {testToken}}.Encode(), nil)
	if answer.StatusCode != 303 || len(answer.Cookies()) != 1 {
		t.Fatalf("the right token: %d, %d cookies", answer.StatusCode, len(answer.Cookies()))
	}
	cookie := answer.Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.MaxAge <= 0 || strings.Contains(cookie.Value, testToken) {
		t.Errorf("the cookie: %v", cookie)
	}
	if answer, body := do(t, c, "GET", s.URL(), "", nil); answer.StatusCode != 200 || !strings.Contains(body, `id="shards"`) {
		t.Errorf("logged in, the page answers %d %q", answer.StatusCode, body)
	}
	if answer, _ := do(t, c, "GET", s.URL()+"api/state", "", nil); answer.StatusCode != 200 {
		t.Errorf("logged in, the state answers %d", answer.StatusCode)
	}
	do(t, c, "POST", s.URL()+"logout", "a=b", nil)
	if answer, _ := do(t, c, "GET", s.URL()+"api/state", "", nil); answer.StatusCode != 401 {
		t.Errorf("logged out, the state answers %d", answer.StatusCode)
	}

	expires, signature, _ := strings.Cut(cookie.Value, ".")
	old := "1." + s.sessions.sign("1")
	for _, value := range []string{"", ".", expires, expires + ".", "9" + expires + "." + signature, expires + "." + newSessions().sign(expires), old} {
		answer, _ := do(t, client(t), "GET", s.URL()+"api/state", "", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookie.Name, Value: value}) })
		if answer.StatusCode != 401 {
			t.Errorf("with the cookie %q the state answers %d", value, answer.StatusCode)
		}
	}
	if answer, _ := do(t, client(t), "POST", s.URL()+"login", "token="+strings.Repeat("x", 2*maxForm), nil); answer.StatusCode != 400 {
		t.Errorf("a large form: %d", answer.StatusCode)
	}
}

// A site that lets its name point to 127.0.0.1 must not read what is here, and
// one that is open in another tab must not use it.
func TestOtherSites(t *testing.T) {
	s := open(t, Config{Token: testToken})
	for host, want := range map[string]int{
		"evil.example": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example:9464": 421, "192.0.2.1": 421, "": 421,
		"localhost": 200, "LOCALHOST:9464": 200, "127.0.0.1:1": 200, "127.1.2.3": 200, "[::1]:9464": 200,
	} {
		answer, _ := raw(t, s, "GET /healthz HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
		if answer != want {
			t.Errorf("host %q: %d; want %d", host, answer, want)
		}
	}
	for _, c := range []struct {
		method, path, header, value string
		want                        int
	}{
		{"GET", "", "Sec-Fetch-Site", "cross-site", 200}, // a link
		{"GET", "", "Sec-Fetch-Site", "none", 200},
		{"GET", "healthz", "Sec-Fetch-Site", "same-origin", 200},
		{"GET", "healthz", "Sec-Fetch-Site", "cross-site", 403},
		{"GET", "api/state", "Sec-Fetch-Site", "same-site", 403},
		{"POST", "login", "Sec-Fetch-Site", "cross-site", 403},
		{"POST", "login", "Origin", "http://evil.example", 403},
		{"POST", "logout", "Origin", "null", 403},
		{"POST", "login", "Origin", strings.TrimSuffix(s.URL(), "/"), 303},
	} {
		body := ""
		if c.method == "POST" {
			body = "token=" + testToken
		}
		answer, _ := do(t, client(t), c.method, s.URL()+c.path, body, func(r *http.Request) { r.Header.Set(c.header, c.value) })
		if answer.StatusCode != c.want {
			t.Errorf("%s /%s with %s %s: %d; want %d", c.method, c.path, c.header, c.value, answer.StatusCode, c.want)
		}
	}
}

func TestLargeHeadersAreRefused(t *testing.T) {
	s := open(t, Config{})
	status, _ := raw(t, s, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Large: "+strings.Repeat("x", 2*maxHeader)+"\r\n\r\n")
	if status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("answers %d", status)
	}
}

// raw sends what a client of net/http would not.
func raw(t *testing.T, s *Server, request string) (status int, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text)
}

// watchTap opens the stream and returns its lines, once it is watched.
func watchTap(t *testing.T, c *http.Client, s *Server, query string) (*bufio.Scanner, io.Closer) {
	t.Helper()
	answer, err := c.Get(s.URL() + "api/tap?" + query)
	if err != nil {
		t.Fatal(err)
	}
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != 200 || kind != "text/event-stream" {
		t.Fatalf("%d %s", answer.StatusCode, kind)
	}
	lines := bufio.NewScanner(answer.Body)
	if !lines.Scan() || lines.Text() != ": watching" {
		t.Fatalf("the stream begins with %q", lines.Text())
	}
	return lines, answer.Body
}

func offer(topic string) tap.Batch {
	log := abi.Log{Time: 1, Fields: []abi.Field{{Key: []byte("__topic__"), Value: []byte(topic)}, {Key: []byte("k"), Value: []byte("<b>\n\ndata: x")}}}
	return tap.Batch{Source: "p/l", Logs: []abi.Log{log}, Events: []abi.Event{{Log: log}}}
}

func TestTapStreams(t *testing.T) {
	shown := tap.New()
	s := open(t, Config{Tap: shown})
	lines, body := watchTap(t, client(t), s, "topic=wanted")
	defer body.Close()
	shown.Offer(offer("other"))
	shown.Offer(offer("wanted"))
	var pair tap.Pair
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if err := json.Unmarshal([]byte(data), &pair); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	if pair.Topic != "wanted" || pair.Verdict != tap.Kept || pair.After[0].Rows[1].Before.Text != "<b>\n\ndata: x" {
		t.Errorf("got %+v", pair)
	}
}

// The time for a request is over long before a long answer is.
func TestTapOutlivesTheRequest(t *testing.T) {
	const limit = 50 * time.Millisecond
	shown := tap.New()
	s := open(t, Config{Tap: shown})
	short := httptest.NewUnstartedServer(s.server.Handler)
	short.Config.ReadTimeout, short.Config.WriteTimeout = limit, limit
	short.Start()
	answer, err := short.Client().Get(short.URL + "/api/tap")
	if err != nil {
		t.Fatal(err)
	}
	<-time.After(4 * limit)
	shown.Offer(offer("late"))
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() && lines.Text() != "event: pair" {
	}
	if err := lines.Err(); err != nil || lines.Text() != "event: pair" {
		t.Errorf("the stream ends with %q, %v", lines.Text(), err)
	}
	answer.Body.Close()
	short.Close()
}

// Who watches and leaves makes room for others; without that the tap would
// serve eight pages in all.
func TestTapEndsWithItsClient(t *testing.T) {
	shown := tap.New()
	s := open(t, Config{Tap: shown})
	for range 3 {
		var bodies []io.Closer
		c := client(t)
		for range tap.MaxWatchers {
			_, body := watchTap(t, c, s, "")
			bodies = append(bodies, body)
		}
		if status, text := get(t, s, "api/tap"); status != 503 || !strings.Contains(text, "as many watchers") {
			t.Errorf("one more: %d %q", status, text)
		}
		for _, body := range bodies {
			body.Close()
		}
		gone(t, shown)
	}
}

// gone waits until nobody watches.
func gone(t *testing.T, shown *tap.Tap) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(10 * time.Second)
	for shown.Watched() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("the tap is still watched after its clients have left")
		}
	}
}

func TestTapEndsWithTheServer(t *testing.T) {
	shown := tap.New()
	s, err := Open(Config{Addr: "127.0.0.1:0", Tap: shown, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	lines, body := watchTap(t, client(t), s, "")
	defer body.Close()
	began := time.Now()
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > stopLimit {
		t.Errorf("closing took %v", took)
	}
	var all []string
	for lines.Scan() {
		all = append(all, lines.Text())
	}
	if text := strings.Join(all, " "); !strings.Contains(text, "event: end") {
		t.Errorf("the stream ends with %q", text)
	}
	if shown.Watched() {
		t.Error("the tap is still watched")
	}
	if _, err := net.Dial("tcp", s.listener.Addr().String()); err == nil {
		t.Error("the port is still open")
	}
}

func TestSecretsAreNotLogged(t *testing.T) {
	var text lockedBuilder
	s := open(t, Config{Token: testToken, Logger: slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	do(t, client(t), "POST", s.URL()+"login", "token=a-wrong-secret", nil)
	do(t, client(t), "GET", s.URL()+"api/state?token=a-wrong-secret", "", func(r *http.Request) { r.Header.Set("Authorization", "Bearer a-wrong-secret") })
	if got := text.String(); strings.Contains(got, "secret") || strings.Contains(got, testToken) || !strings.Contains(got, "without the right token") {
		t.Errorf("the log: %s", got)
	}
}

type lockedBuilder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuilder) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuilder) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
