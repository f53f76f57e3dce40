package shard

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"github.com/slswasm/slswasm/host/slstest"
)

func TestFaultsCostTimeAndNoLogs(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]slstest.Fault{
		"errors":           {{Every: 3, Status: 500}},
		"busy":             {{Every: 2, Status: 503, Code: "ServerBusy"}},
		"quota":            {{Kind: slstest.PullLogs, Every: 3, Status: 403, Code: "ShardReadQuotaExceed"}, {Every: 5, Status: 429, Code: "ReadQuotaExceed"}},
		"resets":           {{Every: 3, Reset: true}},
		"lost answers":     {{Every: 3, Lose: true}},
		"truncated bodies": {{Every: 2, Truncate: true}},
		"delays":           {{Every: 2, Delay: 3 * time.Millisecond}},
		"a bit of all":     {{Every: 7, Status: 502}, {Every: 5, Reset: true}, {Every: 4, Truncate: true}, {Every: 6, Lose: true}, {Every: 3, Delay: time.Millisecond}},
		"refused a while":  {{Every: 3, Status: 401, Code: "Unauthorized"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 3)
			w.putLogs(slstest.AnyShard, 60)
			cfg := w.config("a")
			cfg.PullCount = 5
			var r receiver
			s, err := Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range faults {
				w.Inject(f)
			}
			c := w.start(s, r.handle)
			w.await("all arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
			c.stop()
			if err := c.wait(t); err != nil {
				t.Fatal(err)
			}
			w.check(1, &r)
		})
	}
}

func TestAShardInTroubleKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.putLogs(0, 5)
	w.putLogs(1, 5)
	mend := w.Inject(slstest.Fault{Kind: slstest.PullLogs, When: slstest.OnShard(0), Status: 500})
	cfg := w.config("a")
	cfg.Budget = NewBudget(1) // of which the pull that fails must hold nothing while it waits
	var r receiver
	w.run(cfg, r.handle)
	w.await("the healthy shard is read", func() bool { return r.count() == 15 })
	mend()
	w.await("all arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
	w.check(1, &r)
}

// Checkpoints that cannot be saved for a while hold nothing up and are saved
// in the end.
func TestCheckpointFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.putLogs(0, 6)
	mend := w.Inject(slstest.Fault{Kind: slstest.UpdateCheckPoint, When: func(c slstest.Call) bool { return c.N > 1 }, Status: 500})
	cfg := w.config("a")
	cfg.PullCount = 1
	var r receiver
	c := w.run(cfg, r.handle)
	w.await("all arrived", func() bool { return r.count() == w.total() })
	c.stop()
	w.beats(3)
	mend()
	if err := c.wait(t); err != nil {
		t.Fatal(err)
	}
	if !w.caughtUp() {
		t.Error("the last checkpoint was not saved")
	}
	w.check(1, &r)
}

func TestOpenNamesTheFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(c *slstest.Config) { c.Region = "cn-test" })
	skewed := newWorld(t, 1, func(c *slstest.Config) { c.Now = func() time.Time { return time.Now().Add(time.Hour) } })
	sts := newWorld(t, 1, func(c *slstest.Config) { c.SecurityToken = "token" })
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nowhere := silent.Addr().String()
	_ = silent.Close()
	html := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("<html>blocked by the proxy"))
	})}
	page, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go html.Serve(page) //nolint:errcheck // ends with Close
	t.Cleanup(func() { _ = html.Close() })

	for name, c := range map[string]struct {
		w     *world
		edit  func(*Config)
		wants []string
	}{
		"unknown project":  {w, func(c *Config) { c.Project = "other" }, []string{"ProjectNotExist", `--project "other"`, "--endpoint"}},
		"unknown logstore": {w, func(c *Config) { c.Logstore = "other" }, []string{"LogStoreNotExist", `--logstore "other"`}},
		"wrong key id": {w, func(c *Config) { c.Credentials = sls.NewStaticCredentialsProvider("nobody", "x", "") },
			[]string{"--access-key-id"}},
		"wrong secret": {w, func(c *Config) {
			c.Credentials = sls.NewStaticCredentialsProvider(slstest.DefaultAccessKeyID, "x", "")
		}, []string{"SignatureNotMatch", "--access-key-secret"}},
		"wrong secret, version 4": {w, func(c *Config) {
			c.AuthV4, c.Region = true, "cn-test"
			c.Credentials = sls.NewStaticCredentialsProvider(slstest.DefaultAccessKeyID, "x", "")
		}, []string{"SignatureNotMatch", "--region"}},
		"clock":             {skewed, func(*Config) {}, []string{"RequestTimeTooSkewed", "clock"}},
		"STS token missing": {sts, func(*Config) {}, []string{"401"}},
		"nobody there":      {w, func(c *Config) { c.Endpoint = "http://" + nowhere }, []string{"connection refused", "check --endpoint", nowhere}},
		"plain for TLS":     {w, func(c *Config) { c.Endpoint = "https://" + w.Addr() }, []string{"HTTP response to HTTPS client"}},
		"a proxy's page":    {w, func(c *Config) { c.Endpoint = page.Addr().String() }, []string{"403", "blocked by the proxy"}},
		"nothing set":       {w, func(c *Config) { *c = Config{AuthV4: true} }, []string{"--endpoint is missing", "--project is missing", "--logstore is missing", "--group is missing", "--ram-role) are missing", "--region is missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := c.w.config("a")
			cfg.Logger = nil
			c.edit(&cfg)
			s, err := Open(t.Context(), cfg)
			if err == nil {
				s.Close()
				t.Fatal("it opened")
			}
			for _, part := range c.wants {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error lacks %q: %v", part, err)
				}
			}
		})
	}
}

func TestSTSToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(c *slstest.Config) { c.SecurityToken = "token" })
	w.putLogs(0, 3)
	cfg := w.config("a")
	cfg.Credentials = sls.NewStaticCredentialsProvider(slstest.DefaultAccessKeyID, slstest.DefaultAccessKeySecret, "token")
	var r receiver
	w.run(cfg, r.handle)
	w.await("all arrived", func() bool { return r.count() == w.total() && w.caughtUp() })
}
