package health_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/admin"
	"github.com/slswasm/slswasm/host/health"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/hec"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A receiver that is killed turns /readyz red, with the sink's name and what
// it waits for, and its return turns it green; all of it over real sockets.
func TestReadyzWhenTheReceiverIsKilled(t *testing.T) {
	silent := slog.New(slog.DiscardHandler)
	service, err := slstest.New(slstest.Config{Projects: []slstest.Project{{Name: "p", Logstores: []slstest.Logstore{{Name: "audit", Shards: 1}}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	if err := service.Start(""); err != nil {
		t.Fatal(err)
	}
	put := func() {
		g := slstest.Group{Logs: []slstest.Log{{Time: 1_700_000_000, Contents: []slstest.KV{{Key: "verb", Value: "get"}}}}}
		if err := service.Put("p", "audit", slstest.AnyShard, g.Marshal()); err != nil {
			t.Fatal(err)
		}
	}
	receiver, err := sinktest.StartHEC(sinktest.HECOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()
	sink, err := hec.New(hec.Config{URL: receiver.URL(), Token: "test"}, silent)
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := shard.StaticCredentials(slstest.DefaultAccessKeyID, slstest.DefaultAccessKeySecret, "")
	if err != nil {
		t.Fatal(err)
	}
	server, err := admin.Open(admin.Config{Addr: "127.0.0.1:0", Version: "test", Logger: silent})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close(context.WithoutCancel(t.Context()))
	readyz := readyz(t, server.URL()+"readyz")
	readyz(http.StatusServiceUnavailable, "starting")

	p, err := host.Open(t.Context(), host.Config{
		Flows: []host.Flow{{
			Sources: []shard.Config{{
				Endpoint: "http://" + service.Addr(), Project: "p", Logstore: "audit", Group: "siem", Credentials: credentials,
				FetchInterval: 10 * time.Millisecond, HeartbeatInterval: 100 * time.Millisecond,
			}},
			OnError: host.OnErrorDeadLetter,
		}},
		Sinks:       []host.NamedSink{{Name: "splunk", Sink: sink}},
		Retry:       sinks.RetryConfig{Initial: 10 * time.Millisecond, Max: 50 * time.Millisecond},
		DeadLetters: filepath.Join(t.TempDir(), "letters.jsonl"), Logger: silent,
	})
	if err != nil {
		t.Fatal(err)
	}
	limits := health.Limits{MaxLag: time.Minute, MaxWait: 100 * time.Millisecond}
	server.Show(admin.Program{
		State:   func() any { return p.State() },
		Reasons: func() []string { return health.Ready(p.State(), limits) },
	})
	readyz(http.StatusServiceUnavailable, "starting: nothing is consumed yet")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	put()
	readyz(http.StatusOK, "ready")

	receiver.Down()
	put()
	readyz(http.StatusServiceUnavailable, "sink splunk fails and is tried again, for ", "(refused): ")
	if err := receiver.Up(); err != nil {
		t.Fatal(err)
	}
	readyz(http.StatusOK, "ready")
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := p.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	if n := len(receiver.Events()); n < 2 { // an answer that was lost makes one of them two
		t.Errorf("%d events arrived of 2", n)
	}
}

// readyz returns a function that asks until the answer has this status and
// these words.
func readyz(t *testing.T, url string) func(status int, words ...string) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	return func(status int, words ...string) {
		t.Helper()
		said := ""
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for range 1500 {
			resp, err := client.Get(url)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			said = fmt.Sprintf("%d %s", resp.StatusCode, body)
			all := resp.StatusCode == status
			for _, word := range words {
				all = all && strings.Contains(said, word)
			}
			if all {
				return
			}
			<-tick.C
		}
		t.Fatalf("never %d %q; at last: %s", status, words, said)
	}
}
