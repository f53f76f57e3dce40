package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"github.com/slswasm/slswasm/host/slstest"
)

// A stopper ends a context when so many writes were made.
type stopper struct {
	bytes.Buffer
	left int
	stop func()
}

func (s *stopper) Write(b []byte) (int, error) {
	if s.left--; s.left == 0 {
		s.stop()
	}
	return s.Buffer.Write(b)
}

// called runs the program in this process.
func called(ctx context.Context, t *testing.T, service *slstest.Server, writes int, args ...string) (out, complaints string, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stdout := &stopper{left: writes, stop: cancel}
	var stderr bytes.Buffer
	err = newApp(stdout, &stderr).RunContext(ctx, append(append([]string{"slswasm"}, args...),
		"--endpoint", "http://"+service.Addr(), "--project", testProject, "--logstore", testLogstore, "--group", "g",
		"--access-key-id", slstest.DefaultAccessKeyID, "--access-key-secret", slstest.DefaultAccessKeySecret))
	return stdout.String(), stderr.String(), err
}

func TestStatusWatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	client := sls.CreateNormalInterfaceV2(w.service.Endpoint(), sls.NewStaticCredentialsProvider(slstest.DefaultAccessKeyID, slstest.DefaultAccessKeySecret, ""))
	client.SetHTTPClient(w.service.Client())
	w.must(client.CreateConsumerGroup(testProject, testLogstore, sls.ConsumerGroup{ConsumerGroupName: "g", Timeout: 60}))

	out, complaints, err := called(w.ctx, t, w.service, 3, "status", "--watch=100ms", "--json")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err != nil || complaints != "" || len(lines) != 3 {
		t.Fatalf("%v, %q: %s", err, complaints, out)
	}
	for _, line := range lines {
		var seen snapshot
		if err := json.Unmarshal([]byte(line), &seen); err != nil || len(seen.Groups) != 1 || len(seen.Groups[0].Shards) != 1 {
			t.Errorf("%v: %s", err, line)
		}
	}
	if out, _, err = called(w.ctx, t, w.service, 2, "status", "--watch=100ms"); err != nil || strings.Count(out, "SHARD  STATE") != 2 {
		t.Errorf("%v: %s", err, out)
	}

	// A service in trouble is told of, and looked at again.
	once := w.service.Calls(slstest.ListShards) + 1
	w.service.Inject(slstest.Fault{Kind: slstest.ListShards, When: func(c slstest.Call) bool { return c.N == once+1 }, Status: 403, Code: "AccessDenied"})
	out, complaints, err = called(w.ctx, t, w.service, 3, "status", "--watch=100ms")
	if err != nil || strings.Count(out, "SHARD  STATE") != 2 || !strings.Contains(complaints, "AccessDenied") {
		t.Errorf("%v, %s: %s", err, complaints, out)
	}
	if n := w.service.Calls(slstest.HeartBeat); n != 0 {
		t.Errorf("%d heartbeats", n)
	}

	w.service.Inject(slstest.Fault{Status: 500})
	if _, _, err = called(w.ctx, t, w.service, 1, "status"); err == nil || misset(err) {
		t.Errorf("a service that does not answer is a wrong setting: %v", err)
	}
	if _, _, err = called(w.ctx, t, w.service, 1, "checkpoint", "reset", "--yes"); err == nil || misset(err) {
		t.Errorf("a service that does not answer is a wrong setting: %v", err)
	}
}

func TestMaxLag(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	service, err := slstest.New(slstest.Config{
		Projects: []slstest.Project{{Name: testProject, Logstores: []slstest.Logstore{{Name: testLogstore, Shards: 1}}}},
		Now:      func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	if err := service.Start(""); err != nil {
		t.Fatal(err)
	}
	ahead.Store(int64(-5 * time.Minute))
	log := slstest.Group{Logs: []slstest.Log{{Time: 1, Contents: []slstest.KV{{Key: "k", Value: "v"}}}}}
	if err := service.Put(testProject, testLogstore, 0, log.Marshal()); err != nil {
		t.Fatal(err)
	}
	ahead.Store(0)
	client := sls.CreateNormalInterfaceV2(service.Endpoint(), sls.NewStaticCredentialsProvider(slstest.DefaultAccessKeyID, slstest.DefaultAccessKeySecret, ""))
	client.SetHTTPClient(service.Client())
	if err := client.CreateConsumerGroup(testProject, testLogstore, sls.ConsumerGroup{ConsumerGroupName: "g", Timeout: 60}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := called(t.Context(), t, service, 9, "status", "--max-lag=1h"); err != nil {
		t.Error(err)
	}
	_, _, err = called(t.Context(), t, service, 9, "status", "--max-lag=1m")
	if err == nil || misset(err) || !strings.Contains(err.Error(), "group g, shard 0: a log has waited 5m") {
		t.Errorf("error %v", err)
	}
}

func TestInterval(t *testing.T) {
	for text, want := range map[string]time.Duration{"true": 5 * time.Second, "false": 0, "2s": 2 * time.Second, "100ms": 100 * time.Millisecond} {
		var i interval
		if err := i.Set(text); err != nil || time.Duration(i) != want {
			t.Errorf("%s: %v, %v", text, i, err)
		}
	}
	for _, text := range []string{"", "soon", "1ms", "-5s"} {
		if err := new(interval).Set(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
