package shard

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	consumerLibrary "github.com/aliyun/aliyun-log-go-sdk/consumer"
	"github.com/gogo/protobuf/proto"

	"github.com/slswasm/slswasm/host/slstest"
)

// Ours and the SDK's consumer read the same logs: as many times each, in the
// same order within a shard, with the same fields.
func TestTheSDKsConsumerReadsTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1) // the SDK's client has a data race when its first shards start together
	w.putSamples(4)
	ours, theirs := newRecord(), newRecord()
	w.run(w.config("a"), func(_ context.Context, b *Batch) error {
		ours.add(b.Shard, texts(b.Logs))
		return nil
	})
	worker := consumerLibrary.InitConsumerWorkerWithCheckpointTracker(consumerLibrary.LogHubConfig{
		Endpoint: w.Endpoint(), HTTPClient: w.Client(), CredentialsProvider: w.config("").Credentials,
		Project: project, Logstore: logstore, ConsumerGroupName: "sdk", ConsumerName: "sdk", CursorPosition: consumerLibrary.BEGIN_CURSOR,
		HeartbeatIntervalInSecond: 1, DataFetchIntervalInMs: 20, AllowLogLevel: "error",
		Logger: sdkLog{warnings(testWriter{t})},
	}, func(shard int, list *sls.LogGroupList, _ consumerLibrary.CheckPointTracker) (string, error) {
		theirs.add(shard, flat(list))
		return "", nil
	})
	worker.Start()
	defer worker.StopAndWait()
	same := func() bool { n := w.Logs(project, logstore); return ours.len() == n && theirs.len() == n }
	w.await("both have read all", same)
	if err := w.Split(project, logstore, 0); err != nil {
		t.Fatal(err)
	}
	w.putSamples(6)
	w.await("both have read all of the children", same)
	for shard, logs := range theirs.all() {
		if got := ours.all()[shard]; !slices.Equal(got, logs) {
			t.Errorf("shard %d: ours and theirs differ in %d and %d logs", shard, len(got), len(logs))
		}
	}
}

// putSamples puts every sample so many times, told apart by one field.
func (w *world) putSamples(times int) {
	w.t.Helper()
	for i := range times {
		for name, list := range samples() {
			if name == "many fields" || name == "large values" {
				continue
			}
			for _, g := range list.LogGroups {
				for _, l := range g.Logs {
					l.Contents = append(l.Contents, &sls.LogContent{Key: proto.String("n"), Value: proto.String(fmt.Sprint(name, i))})
				}
				if err := w.Put(project, logstore, slstest.AnyShard, marshalGroup(w.t, g)); err != nil {
					w.t.Fatal(err)
				}
			}
		}
	}
}

func marshalGroup(t testing.TB, g *sls.LogGroup) []byte {
	t.Helper()
	raw, err := g.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A record is what a consumer read, by shard.
type record struct {
	mu   sync.Mutex
	logs map[int][]string
}

func newRecord() *record { return &record{logs: map[int][]string{}} }

func (r *record) add(shard int, logs [][][2]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range logs {
		r.logs[shard] = append(r.logs[shard], fmt.Sprintf("%q", l))
	}
}

func (r *record) len() (n int) {
	for _, logs := range r.all() {
		n += len(logs)
	}
	return n
}

func (r *record) all() map[int][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.logs)
}

// What the SDK puts, compressed as it likes, arrives byte for byte.
func TestWhatTheSDKPuts(t *testing.T) {
	t.Parallel()
	values := []string{"", "\x00", "\xff\xfe\xfd", "日本語 \U0001F600 \u2028", strings.Repeat("x", 1<<20)}
	for name, compress := range map[string]int{"lz4": sls.Compress_LZ4, "zstd": sls.Compress_ZSTD} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			g := group("topic", "source")
			for _, v := range values {
				g.Logs = append(g.Logs, logOf(1700000000, 5, "v", v, "dup", "1", "dup", v))
			}
			if err := w.sdk().PostLogStoreLogsV2(project, logstore, &sls.PostLogStoreLogsRequest{LogGroup: g, CompressType: compress}); err != nil {
				t.Fatal(err)
			}
			got := make(chan []string, 1)
			w.run(w.config("a"), func(_ context.Context, b *Batch) error {
				var out []string
				for _, l := range b.Logs {
					v, _ := l.Get("v")
					dup, _ := l.Get("dup")
					if string(v) != string(dup) {
						t.Error("the last value of a key does not win")
					}
					out = append(out, string(v))
				}
				got <- out
				return nil
			})
			if out := <-got; !slices.Equal(out, values) {
				t.Errorf("got %.200q", out)
			}
			w.await("it is committed", w.caughtUp)
		})
	}
}
