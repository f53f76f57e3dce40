package slstest

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/google/go-cmp/cmp"
	"github.com/pierrec/lz4/v4"
)

func TestPullReadsEverythingOnce(t *testing.T) {
	now := time.Now()
	s := newServer(t, 1, func(c *Config) { c.Now = func() time.Time { return now } })
	var want []string
	for i := range 25 {
		v := strconv.Itoa(i) + strings.Repeat("\xff\x00x", rand.IntN(2000))
		must(t, s.Put(proj, store, 0, group(2, "k", v)))
		want = append(want, v, v)
	}
	c := sdkClient(s, s.InProcess())
	for _, compression := range []int{sls.Compress_LZ4, sls.Compress_ZSTD} {
		cursor, err := c.GetCursor(proj, store, 0, "begin")
		must(t, err)
		first, err := DecodeCursor(cursor)
		must(t, err)
		var got []string
		for i := 0; ; i++ {
			list, meta, err := c.PullLogsWithQuery(&sls.PullLogRequest{
				Project: proj, Logstore: store, Cursor: cursor, LogGroupMaxCount: 10, CompressType: compression,
			})
			must(t, err)
			if meta.NextCursor == cursor {
				if meta.Count != 0 || meta.RawSize != 0 || len(list.LogGroups) != 0 || cursor != s.Shards(proj, store)[0].End {
					t.Errorf("at the end: %+v", meta)
				}
				break
			}
			if n := len(list.LogGroups); n != min(10, 25-10*i) || n != meta.Count {
				t.Errorf("pull %d: %d groups, %+v", i, n, meta)
			}
			for _, g := range list.LogGroups {
				// The SDK computes each group's cursor from x-log-read-last-cursor.
				if want := EncodeCursor(first + int64(len(got)/2)); g.GetCursor() != want {
					t.Errorf("group %d has cursor %s, want %s", len(got)/2, g.GetCursor(), want)
				}
				tag := g.LogTags[len(g.LogTags)-1]
				if tag.GetKey() != receiveTime || tag.GetValue() != strconv.FormatInt(now.Unix(), 10) {
					t.Errorf("last tag is %v", tag)
				}
				for _, l := range g.Logs {
					got = append(got, l.Contents[1].GetValue())
				}
			}
			cursor = meta.NextCursor
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func pull(shard int, cursor, more string) probe {
	return probe{
		method: "GET", uri: fmt.Sprintf(shardsURI+"/%d?type=logs&count=100&cursor=%s%s", shard, strings.ReplaceAll(cursor, "=", "%3D"), more),
		header: map[string]string{"Accept-Encoding": "lz4"},
	}
}

func TestPullLimits(t *testing.T) {
	s := newServer(t, 1, func(c *Config) { c.MaxPullBytes = 1000 })
	for _, size := range []int{300, 300, 300, 5000, 300} {
		must(t, s.Put(proj, store, 0, group(1, "k", strings.Repeat("x", size))))
	}
	begin, err := DecodeCursor(s.Shards(proj, store)[0].Begin)
	must(t, err)
	at := func(n int64) string { return EncodeCursor(begin + n) }
	end := func(n int64) string { return "&end_cursor=" + strings.ReplaceAll(at(n), "=", "%3D") }
	for _, tt := range []struct {
		from, count int64
		more        string
	}{
		{0, 2, ""}, {2, 1, ""}, {3, 1, ""}, {4, 1, ""}, {5, 0, ""},
		{0, 1, end(1)}, {1, 0, end(1)}, {2, 0, end(1)}, {0, 2, end(99)}, {0, 2, "&processor=p"},
	} {
		_, _, _, h := pull(0, at(tt.from), tt.more).full(t, s)
		if h.Get("x-log-count") != strconv.FormatInt(tt.count, 10) || h.Get("x-log-cursor") != at(tt.from+tt.count) {
			t.Errorf("from %d %s: %v", tt.from, tt.more, h)
		}
		if (h.Get("x-log-compresstype") == "") != (tt.count == 0) {
			t.Errorf("from %d: x-log-compresstype %q", tt.from, h.Get("x-log-compresstype"))
		}
	}
	bad := func(edit func(*probe), code string) {
		t.Helper()
		p := pull(0, at(0), "")
		edit(&p)
		p.fails(t, s, 400, code)
	}
	bad(func(p *probe) { p.uri = strings.Replace(p.uri, "count=100", "count=1001", 1) }, codeParameterInvalid)
	bad(func(p *probe) { p.uri = strings.Replace(p.uri, "count=100", "count=0", 1) }, codeParameterInvalid)
	bad(func(p *probe) { p.uri = strings.Replace(p.uri, "count=100", "", 1) }, codeParameterInvalid)
	bad(func(p *probe) { p.uri += "&end_cursor=x" }, codeInvalidCursor)
	bad(func(p *probe) { p.uri += "&query=*" }, codeParameterInvalid) // without pullMode
	bad(func(p *probe) { p.uri += "&pullMode=scan_on_stream&query=error" }, codeParameterInvalid)
	bad(func(p *probe) { p.uri = strings.Replace(p.uri, "shards/0", "shards/1", 1) }, codeShardNotExist)
}

func TestPullWithQuery(t *testing.T) {
	s := newServer(t, 1)
	must(t, s.Put(proj, store, 0, group(3, "level", "info"), group(2, "level", "error"), group(4, "level", "info"), group(1, "level", "fatal")))
	c := sdkClient(s, s.InProcess())
	plr := &sls.PullLogRequest{Project: proj, Logstore: store, Cursor: s.Shards(proj, store)[0].Begin, LogGroupMaxCount: 10}
	for query, want := range map[string][2]int{
		"*":                                     {4, 10},
		"* | where level = 'error'":             {1, 2},
		"* | where n = '2'":                     {2, 2},
		"* | where level in ('x')":              {0, 0},
		"* | where __topic__ = 't'":             {4, 10},
		"* | where level in ('fatal', 'error')": {2, 3},
	} {
		plr.Query = query
		list, meta, err := c.PullLogsWithQuery(plr)
		must(t, err)
		logs := 0
		for _, g := range list.LogGroups {
			logs += len(g.Logs)
		}
		if len(list.LogGroups) != want[0] || logs != want[1] || meta.Count != want[0] || meta.Lines != want[1] {
			t.Errorf("%s: %d groups, %d logs, %+v", query, len(list.LogGroups), logs, meta)
		}
		if meta.DataCountBeforeQuery != 4 || meta.LinesBeforeQuery != 10 || meta.FailedLines != 0 ||
			int64(meta.RawSizeBeforeQuery) != s.Shards(proj, store)[0].Bytes || meta.NextCursor != s.Shards(proj, store)[0].End {
			t.Errorf("%s: %+v", query, meta)
		}
	}
}

// Without lz4 and zstd in Accept-Encoding the Python SDK reads plain bytes.
func TestPlainPull(t *testing.T) {
	s := newServer(t, 1)
	must(t, s.Put(proj, store, 0, group(1, "k", "v")))
	p := pull(0, s.Shards(proj, store)[0].Begin, "")
	p.header["Accept-Encoding"] = ""
	_, _, body, h := p.full(t, s)
	if list, err := sls.LogsBytesDecode(body); err != nil || len(list.LogGroups) != 1 || h.Get("x-log-compresstype") != "" {
		t.Errorf("%v %v", err, h)
	}
}

func TestLiteralBlock(t *testing.T) {
	for _, n := range []int{1, 14, 15, 16, 269, 270, 271, 524, 525, 100_000} {
		raw := make([]byte, n)
		for i := range raw {
			raw[i] = byte(rand.Uint32())
		}
		for name, block := range map[string][]byte{"literal": literalBlock(raw), "compressor": compressLZ4(new(lz4.Compressor), raw)} {
			got := make([]byte, n)
			if m, err := lz4.UncompressBlock(block, got); err != nil || m != n || !cmp.Equal(raw, got) {
				t.Errorf("%s of %d bytes: %d, %v", name, n, m, err)
			}
		}
	}
}

func TestCacheGivesTheSameAnswers(t *testing.T) {
	plain := newServer(t, 2)
	cached := newServer(t, 2, func(c *Config) { c.CacheBytes = 1 << 20; c.Now = plain.cfg.Now })
	for _, s := range []*Server{plain, cached} {
		for i := range 30 {
			must(t, s.Put(proj, store, AnyShard, group(1, "k", strconv.Itoa(i))))
		}
	}
	must(t, cached.Prebuild(proj, store, 10, "lz4"))
	built := len(cached.cache.pages)
	if built != 4 {
		t.Errorf("%d pages were built, want 2 for each shard", built)
	}
	read := func(s *Server) (out []string) {
		c := sdkClient(s, s.InProcess())
		for shard := range 2 {
			for cursor := s.Shards(proj, store)[shard].Begin; ; {
				list, meta, err := c.PullLogsWithQuery(&sls.PullLogRequest{Project: proj, Logstore: store, ShardID: shard, Cursor: cursor, LogGroupMaxCount: 10})
				must(t, err)
				if meta.Count == 0 {
					break
				}
				cursor = meta.NextCursor
				for _, g := range list.LogGroups {
					out = append(out, g.Logs[0].Contents[1].GetValue())
				}
			}
		}
		return out
	}
	if diff := cmp.Diff(read(plain), read(cached)); diff != "" {
		t.Error(diff)
	}
	if len(cached.cache.pages) != built || len(plain.cache.pages) != 0 {
		t.Errorf("pages: %d, and %d without a cache", len(cached.cache.pages), len(plain.cache.pages))
	}
}

// The Python SDK's spelling: type=log, Host without port, forceSuccess=True,
// ?shard=N, the path /shards/lb.
func TestPythonSpelling(t *testing.T) {
	s := newServer(t, 2)
	do := func(r *http.Request) (string, http.Header) {
		t.Helper()
		resp, err := s.InProcess().Do(r)
		must(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		must(t, err)
		if resp.StatusCode != 200 {
			t.Fatalf("%s %s: %d %s", r.Method, r.URL, resp.StatusCode, b)
		}
		return string(b), resp.Header
	}
	json := map[string]string{"Content-Type": "application/json"}
	raw := group(1, "k", "v")
	do(pythonRequest(t, s, "POST", "/logstores/store/shards/lb", nil, map[string]string{
		"Content-Type": "application/x-protobuf", "x-log-bodyrawsize": strconv.Itoa(len(raw)), "x-log-compresstype": "lz4",
	}, literalBlock(raw)))
	groups := "/logstores/store/consumergroups"
	do(pythonRequest(t, s, "POST", groups, nil, json, []byte(`{"consumerGroup": "g", "timeout": 60, "order": false}`)))
	held, _ := do(pythonRequest(t, s, "POST", groups+"/g", [][2]string{{"consumer", "c"}, {"type", "heartbeat"}}, json, []byte("[]")))
	if held != "[0,1]" {
		t.Error(held)
	}
	cursor := s.Shards(proj, store)[0].Begin
	_, h := do(pythonRequest(t, s, "GET", shardsURI+"/0", [][2]string{{"count", "1000"}, {"cursor", cursor}, {"type", "log"}},
		map[string]string{"Accept-Encoding": "lz4", "Accept": "application/x-protobuf"}, nil))
	if h.Get("x-log-count") != "1" {
		t.Error(h)
	}
	do(pythonRequest(t, s, "POST", groups+"/g", [][2]string{{"consumer", "c"}, {"forceSuccess", "True"}, {"type", "checkpoint"}}, json,
		[]byte(`{"shard": 0, "checkpoint": "`+h.Get("x-log-cursor")+`"}`)))
	got, _ := do(pythonRequest(t, s, "GET", groups+"/g", [][2]string{{"shard", "1"}}, nil, nil))
	if got != `[{"shard":1,"checkpoint":"","updateTime":0,"consumer":""}]` {
		t.Error(got)
	}
}
