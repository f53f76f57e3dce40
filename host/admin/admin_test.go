package admin

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
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

// Without the token there are the probes and the form to log in, and nothing else.
// A site that lets its name point to 127.0.0.1 must not read what is here, and
// one that is open in another tab must not use it.
// raw sends what a client of net/http would not.
// watchTap opens the stream and returns its lines, once it is watched.
// The time for a request is over long before a long answer is.
// Who watches and leaves makes room for others; without that the tap would
// serve eight pages in all.
// gone waits until nobody watches.
