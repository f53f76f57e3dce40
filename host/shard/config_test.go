package shard

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

func TestParsePosition(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Position{
		"begin": Begin, "END": End, "now": Now,
		"2026-01-31T08:00:00Z":          "1769846400",
		"2026-01-31T08:00:00.75Z":       "1769846400",
		"2026-01-31T08:00:00+08:00":     "1769817600",
		"2026-01-31T08:00:00+0800":      "1769817600",
		"2026-01-31T08:00+08:00":        "1769817600",
		"2026-01-31 08:00:00":           "1769846400", // UTC
		"2026-01-31T08:00":              "1769846400",
		"2026-01-31":                    "1769817600",
		"2026-01-31T08:00:00.123+00:00": "1769846400",
	} {
		if got, err := ParsePosition(text); got != want || err != nil {
			t.Errorf("%s: %q, %v", text, string(got), err)
		}
	}
	for _, text := range []string{"", "yesterday", "1769846400", "2026-13-01", "31.01.2026", "1969-12-31"} {
		if got, err := ParsePosition(text); err == nil || !strings.Contains(err.Error(), "ISO 8601") {
			t.Errorf("%q: %q, %v", text, string(got), err)
		}
	}
	if p := At(time.Unix(1769846400, 5)); p.String() != "2026-01-31T08:00:00Z" {
		t.Error(p)
	}
}

func FuzzParsePosition(f *testing.F) {
	f.Add("begin")
	f.Add("2026-01-31T08:00:00+08:00")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePosition(text)
		if err != nil {
			return
		}
		if again, err := ParsePosition(p.String()); err != nil || again != p {
			t.Errorf("%q is %q, and that is %q: %v", text, string(p), string(again), err)
		}
	})
}

func TestParsePolicy(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"begin", "End", "halt"} {
		if _, err := ParsePolicy(text); err != nil {
			t.Error(err)
		}
	}
	if _, err := ParsePolicy("skip"); err == nil {
		t.Error("skip was taken")
	}
}

func validConfig() Config {
	return Config{Endpoint: "log.example", Project: "p", Logstore: "l", Group: "g", Credentials: sls.NewStaticCredentialsProvider("a", "b", "")}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	c := validConfig()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, edit := range map[string]func(*Config){
		"--endpoint is missing":          func(c *Config) { c.Endpoint = "" },
		"want a host":                    func(c *Config) { c.Endpoint = "a b" },
		"--ram-role) are missing":        func(c *Config) { c.Credentials = nil },
		"--region is missing":            func(c *Config) { c.AuthV4 = true },
		"--from \"sometime\"":            func(c *Config) { c.From = "sometime" },
		"--until \"begin\"":              func(c *Config) { c.Until = Begin },
		"lies in the future":             func(c *Config) { c.Until = At(time.Now().Add(time.Hour)) },
		"nothing lies between":           func(c *Config) { c.From, c.Until = "1000", "1000" },
		"--on-expired":                   func(c *Config) { c.OnExpired = "skip" },
		"--pull-count 1001":              func(c *Config) { c.PullCount = 1001 },
		"--commit-interval -1s":          func(c *Config) { c.CommitInterval = -time.Second },
		"want whole seconds":             func(c *Config) { c.Timeout = 90500 * time.Millisecond },
		"want less than --group-timeout": func(c *Config) { c.HeartbeatInterval, c.Timeout = 20*time.Second, 20*time.Second },
		"--heartbeat-interval 20s":       func(c *Config) { c.Timeout = 5 * time.Second },
		"leave the project out":          func(c *Config) { c.Endpoint = "p.log.example" },
		"--pull-count -1: want 1 to":     func(c *Config) { c.PullCount = -1 },
		"--project is missing\n--logs":   func(c *Config) { c.Project, c.Logstore = "", "" },
	} {
		c := validConfig()
		edit(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c := validConfig()
	c.From = Now
	d := c.withDefaults()
	host, _ := os.Hostname()
	if d.From != End || d.OnExpired != ExpiredBegin || d.HeartbeatInterval != 20*time.Second || d.Timeout != time.Minute ||
		d.FetchInterval != time.Second || d.PullCount != 1000 || d.DrainTimeout != 30*time.Second || d.Budget == nil ||
		!strings.HasPrefix(d.Consumer, "g-"+host+"-") {
		t.Errorf("%+v", d)
	}
	c.HeartbeatInterval = 100 * time.Millisecond
	if d := c.withDefaults(); d.Timeout != time.Second {
		t.Errorf("timeout %v", d.Timeout)
	}
}

func TestCredentialsFile(t *testing.T) {
	t.Parallel()
	want := sls.Credentials{AccessKeyID: "id", AccessKeySecret: "se=cret", SecurityToken: "tkn-1"}
	for name, text := range map[string]string{
		"lines":      "# mine\n[default]\naccess_key_id = id\naccess_key_secret=se=cret\nsecurity-token = \"tkn-1\"\ntype = sts\n",
		"documented": "export SLS_AK_ID=id\nSLS_AK_KEY='se=cret'\nSTS_TOKEN=tkn-1\n",
		"JSON":       `{"accessKeyId":"id","accessKeySecret":"se=cret","securityToken":"tkn-1","n":1}`,
		"AssumeRole": `{"RequestId":"x","Credentials":{"AccessKeyId":"id","AccessKeySecret":"se=cret","SecurityToken":"tkn-1","Expiration":"2026-01-31T08:00:00Z"}}`,
	} {
		path := filepath.Join(t.TempDir(), "credentials")
		write(t, path, text, time.Unix(1000, 0))
		p, err := FileCredentials(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := p.GetCredentials(); got != want || err != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		write(t, path, strings.ReplaceAll(text, "tkn-1", "other"), time.Unix(2000, 0))
		if got, err := p.GetCredentials(); got.SecurityToken != "other" || err != nil {
			t.Errorf("%s: after a rotation: %+v, %v", name, got, err)
		}
		write(t, path, "{", time.Unix(3000, 0))
		if _, err := p.GetCredentials(); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: a broken file: %v", name, err)
		}
	}
	for text, part := range map[string]string{
		"access_key_id=id":                  "secret is missing",
		"access_key_secret=x":               "id is missing",
		"access_key_id=id\nMYSECRETKEYTEXT": "line 2",
		"{]":                                "JSON",
	} {
		path := filepath.Join(t.TempDir(), "credentials")
		write(t, path, text, time.Unix(1000, 0))
		_, err := FileCredentials(path)
		if err == nil || !strings.Contains(err.Error(), part) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && strings.Contains(err.Error(), "MYSECRET") {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
	if _, err := FileCredentials("/nonexistent/file"); err == nil {
		t.Error("no file, no error")
	}
}

func FuzzParseCredentials(f *testing.F) {
	f.Add([]byte("access_key_id = id\naccess_key_secret=s"))
	f.Add([]byte(`{"Credentials":{"AccessKeyId":"id","AccessKeySecret":"s"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, err := parseCredentials(text); err == nil && (c.AccessKeyID == "" || c.AccessKeySecret == "") {
			t.Errorf("%+v is not complete", c)
		}
	})
}

func write(t *testing.T, path, text string, changed time.Time) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, changed, changed); err != nil {
		t.Fatal(err)
	}
}

func TestStaticCredentials(t *testing.T) {
	t.Parallel()
	if _, err := StaticCredentials("", "", "t"); err == nil || !strings.Contains(err.Error(), "id is missing") || !strings.Contains(err.Error(), "secret is missing") {
		t.Errorf("got %v", err)
	}
	p, err := StaticCredentials("a", "b", "c")
	if err != nil {
		t.Fatal(err)
	}
	if c, _ := p.GetCredentials(); c != (sls.Credentials{AccessKeyID: "a", AccessKeySecret: "b", SecurityToken: "c"}) {
		t.Errorf("got %+v", c)
	}
}

func TestRoleCredentials(t *testing.T) {
	t.Parallel()
	calls := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		if r.URL.Path != "/role" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(`{"Code":"Success","AccessKeyId":"id","AccessKeySecret":"s","SecurityToken":"t","Expiration":"2999-01-01T00:00:00Z"}`))
	}))
	defer srv.Close()
	p := roleCredentials(srv.URL+"/", "role")
	for range 3 {
		if c, err := p.GetCredentials(); err != nil || c != (sls.Credentials{AccessKeyID: "id", AccessKeySecret: "s", SecurityToken: "t"}) {
			t.Fatalf("%+v, %v", c, err)
		}
	}
	if calls != 1 {
		t.Errorf("%d calls for credentials that last", calls)
	}
	if _, err := roleCredentials(srv.URL+"/", "other").GetCredentials(); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("an unknown role: %v", err)
	}
}

func TestSDKLog(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	l := sdkLog{slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if err := l.Log("level", "warn", "msg", "hello", "time", "x", "shard", 3, "odd"); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, `level=WARN msg=hello shard=3`) || strings.Contains(got, "odd") {
		t.Error(got)
	}
	for level, want := range map[string]string{"debug": "DEBUG", "info": "DEBUG", "error": "ERROR", "loud": "WARN"} {
		b.Reset()
		if err := l.Log("level", level, "reason", "x"); err != nil || !strings.Contains(b.String(), "level="+want+" msg=x") {
			t.Errorf("%s: %v, %s", level, err, b.String())
		}
	}
}

func TestReached(t *testing.T) {
	t.Parallel()
	ten, nine := "MTA=", "OQ=="
	for _, c := range []struct {
		cursor, end string
		want        bool
	}{{ten, ten, true}, {ten, nine, true}, {nine, ten, false}, {"x", "x", true}, {"x", "y", false}, {"x", nine, false}, {"", nine, false}} {
		if reached(c.cursor, c.end) != c.want {
			t.Errorf("%q has reached %q: not %v", c.cursor, c.end, c.want)
		}
	}
}
