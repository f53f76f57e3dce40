package demo

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/testdata/logs"
)

// A feed goes on for as long as somebody settles what it puts, waits when
// nobody does, and the service keeps no more than it may.
func TestFeed(t *testing.T) {
	text, err := logs.Files.ReadFile("vpc-flow.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		service, err := slstest.New(slstest.Config{Projects: []slstest.Project{{Name: "p", Logstores: []slstest.Logstore{{Name: "l", Shards: 1}}}}})
		if err != nil {
			t.Fatal(err)
		}
		defer service.Close()
		f, err := NewFeed(service, "p", "l", text)
		if err != nil {
			t.Fatal(err)
		}
		f.most = 200_000
		var told strings.Builder
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- f.Run(ctx, 402, slog.New(slog.NewTextHandler(&told, nil))) }()

		time.Sleep(time.Second)
		synctest.Wait()
		if n := service.Logs("p", "l"); n != 402 {
			t.Errorf("%d logs in the first second", n)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		before := service.Shards("p", "l")[0]
		if before.Bytes < f.most || before.Bytes > 2*f.most {
			t.Errorf("%d bytes are kept, of at most %d", before.Bytes, f.most)
		}

		client := sls.CreateNormalInterfaceV2("p.emulated", sls.NewStaticCredentialsProvider(slstest.DefaultAccessKeyID, slstest.DefaultAccessKeySecret, ""))
		client.SetHTTPClient(service.InProcess())
		if err := client.CreateConsumerGroup("p", "l", sls.ConsumerGroup{ConsumerGroupName: "g", Timeout: 60}); err != nil {
			t.Fatal(err)
		}
		if err := client.UpdateCheckpoint("p", "l", "g", "c", 0, before.End, true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if now := service.Shards("p", "l")[0]; now.Begin != before.End || now.Logs != 402 {
			t.Errorf("a second after all was settled: %+v, before %+v", now, before)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if s := told.String(); strings.Count(s, "no logs are put") != 1 || strings.Count(s, "put again") != 1 {
			t.Errorf("it says %s", s)
		}
	})
}

// The logs have the present time, in the form in which the sample has one.
func TestFeedPutsTheTime(t *testing.T) {
	service, err := slstest.New(slstest.Config{Projects: []slstest.Project{{Name: "p", Logstores: []slstest.Logstore{{Name: "l", Shards: 1}}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	f, err := NewFeed(service, "p", "l", []byte("{\"__time__\":1,\"a\":\"1\"}\n\n{\"__time__\":1,\"__time_ns_part__\":5,\"a\":\"2\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := f.put(0, 2); err != nil {
		t.Fatal(err)
	}
	for i, raw := range service.RawGroups("p", "l", 0) {
		var got sls.LogGroup
		if err := got.Unmarshal(raw); err != nil {
			t.Fatal(err)
		}
		log := got.Logs[0]
		if at := time.Unix(int64(log.GetTime()), 0); at.Before(began.Truncate(time.Second)) || at.After(time.Now()) {
			t.Errorf("log %d is of %v", i, at)
		}
		if (log.TimeNs != nil) != (i == 1) || log.Contents[0].GetValue() != []string{"1", "2"}[i] {
			t.Errorf("log %d: %v", i, log)
		}
	}
	for _, text := range []string{"", "\n", "{}", "no JSON"} {
		if _, err := NewFeed(service, "p", "l", []byte(text)); err == nil {
			t.Errorf("%q makes logs", text)
		}
	}
}
