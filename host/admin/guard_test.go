package admin

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/slswasm/slswasm/host/tap"
)

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
