package slstest

import (
	"bytes"
	"compress/zlib"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

func putProbe(compression string, size int, body []byte) probe {
	h := map[string]string{"Content-Type": "application/x-protobuf", "x-log-bodyrawsize": strconv.Itoa(size)}
	if compression != "" {
		h["x-log-compresstype"] = compression
	}
	return probe{method: "POST", uri: "/logstores/store", header: h, body: body}
}

func TestPutWithEveryCompression(t *testing.T) {
	s := newServer(t, 1, func(c *Config) { c.NoReceiveTime = true })
	c := sdkClient(s, s.InProcess())
	want := [][]byte{}
	noise := make([]byte, 5000)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	for _, value := range []string{"v", strings.Repeat("compressible ", 1000), string(noise)} {
		raw := group(3, "k", value)
		for _, kind := range []int{sls.Compress_LZ4, sls.Compress_ZSTD, sls.Compress_None} {
			must(t, c.PutRawLogWithCompressType(proj, store, raw, kind))
			want = append(want, raw)
		}
	}
	raw := group(1, "k", "deflated")
	var deflated bytes.Buffer
	w := zlib.NewWriter(&deflated)
	_, _ = w.Write(raw)
	must(t, w.Close())
	put := putProbe("deflate", len(raw), deflated.Bytes())
	put.uri += "/shards/lb"
	put.ok(t, s)
	want = append(want, raw)
	if diff := cmp.Diff(want, s.RawGroups(proj, store, 0)); diff != "" {
		t.Error(diff)
	}
}

func TestPutGoesRoundOrByKey(t *testing.T) {
	s := newServer(t, 4)
	c := sdkClient(s, s.InProcess())
	for range 8 {
		must(t, c.PutRawLogWithCompressType(proj, store, group(1, "k", "v"), sls.Compress_LZ4))
	}
	for _, key := range []string{strings.Repeat("0", 32), "3" + strings.Repeat("f", 31), "4" + strings.Repeat("0", 31), strings.Repeat("F", 32)} {
		must(t, c.PostRawLogWithCompressType(proj, store, group(1, "k", "v"), sls.Compress_LZ4, &key))
	}
	_, err := c.SplitShard(proj, store, 0, "")
	must(t, err)
	key := strings.Repeat("0", 32)
	must(t, c.PostRawLogWithCompressType(proj, store, group(1, "k", "v"), sls.Compress_LZ4, &key))
	var got []int
	for _, sh := range s.Shards(proj, store) {
		got = append(got, sh.Groups)
	}
	if diff := cmp.Diff([]int{4, 3, 2, 3, 1, 0}, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"00", strings.Repeat("g", 32), ""} {
		p := putProbe("", len(group(1, "k", "v")), group(1, "k", "v"))
		p.uri += "/shards/route?key=" + bad
		p.fails(t, s, 400, codeParameterInvalid)
	}
}

func TestPutErrors(t *testing.T) {
	s := newServer(t, 1, func(c *Config) { c.MaxPutBytes = 10_000 })
	raw := group(1, "k", "v")
	enc, err := zstd.NewWriter(nil)
	must(t, err)
	bomb := enc.EncodeAll(make([]byte, 1<<20), nil)
	without := func(p probe, header string) probe {
		p.header[header] = ""
		return p
	}
	tests := []struct {
		name   string
		p      probe
		status int
		code   string
	}{
		{"no content type", without(putProbe("", len(raw), raw), "Content-Type"), 400, codeMissingContentType},
		{"JSON", func() probe { p := putProbe("", 2, []byte("{}")); delete(p.header, "Content-Type"); return p }(), 415, codeInvalidContentType},
		{"no raw size", without(putProbe("", len(raw), raw), "x-log-bodyrawsize"), 400, codeMissingBodyRawSize},
		{"raw size of zero", putProbe("", 0, raw), 400, codeInvalidBodyRawSize},
		{"negative raw size", putProbe("", -1, raw), 400, codeInvalidBodyRawSize},
		{"wrong raw size", putProbe("", len(raw)+1, raw), 400, codePostBodyUncompress},
		{"unknown compression", putProbe("snappy", len(raw), raw), 400, codeInvalidCompressType},
		{"no lz4", putProbe("lz4", len(raw), raw), 400, codePostBodyUncompress},
		{"no zstd", putProbe("zstd", len(raw), raw), 400, codePostBodyUncompress},
		{"no deflate", putProbe("deflate", len(raw), raw), 400, codePostBodyUncompress},
		{"lz4 of another size", putProbe("lz4", len(raw)+5, literalBlock(raw)), 400, codePostBodyUncompress},
		{"zstd bomb", putProbe("zstd", 10_000, bomb), 400, codePostBodyTooLarge},
		{"raw size too large", putProbe("lz4", 10_001, literalBlock(raw)), 400, codePostBodyTooLarge},
		{"body too large", putProbe("", 10_000, make([]byte, 20_000)), 400, codePostBodyTooLarge},
		{"no protobuf", putProbe("", 5, []byte("hello")), 400, codePostBodyInvalid},
		{"cut off", putProbe("", len(raw)-1, raw[:len(raw)-1]), 400, codePostBodyInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.p.fails(t, s, tt.status, tt.code) })
	}
	if n := s.Logs(proj, store); n != 0 {
		t.Errorf("%d logs were stored", n)
	}
}

func TestPutWithoutHTTP(t *testing.T) {
	s := newServer(t, 2)
	must(t, s.Put(proj, store, AnyShard, group(1, "k", "v"), group(2, "k", "v"), group(3, "k", "v")))
	must(t, s.Put(proj, store, 1, group(4, "k", "v")))
	if a := s.Shards(proj, store); a[0].Logs != 4 || a[1].Logs != 6 || s.Logs(proj, store) != 10 {
		t.Errorf("%+v", a)
	}
	must(t, s.Split(proj, store, 0))
	must(t, s.Merge(proj, store, 2))
	for name, err := range map[string]error{
		"read-only":   s.Put(proj, store, 0, group(1, "k", "v")),
		"no shard":    s.Put(proj, store, 9, group(1, "k", "v")),
		"split":       s.Split(proj, store, 0),
		"merge":       s.Merge(proj, store, 2),
		"last shard":  s.Merge(proj, store, 1),
		"none":        s.Merge(proj, store, 9),
		"no logstore": s.Put(proj, "x", 1, group(1, "k", "v")),
		"no protobuf": s.Put(proj, store, 1, group(1, "k", "v"), []byte("hello")),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if n := s.Logs(proj, store); n != 10 {
		t.Errorf("%d logs", n)
	}
	if a := s.Shards(proj, store); len(a) != 5 || !a[2].ReadOnly || !a[3].ReadOnly || a[4].ReadOnly {
		t.Errorf("%+v", a)
	}
}

// A body of whatever bytes is refused with an error of the service or stored
// as it is.
func FuzzPutBody(f *testing.F) {
	f.Add("", group(1, "k", "v"), 0)
	f.Add("lz4", literalBlock(group(1, "k", "v")), len(group(1, "k", "v")))
	f.Add("zstd", []byte("\x28\xb5\x2f\xfd"), 10)
	f.Add("deflate", []byte("\x78\x9c"), 10)
	s := newServer(f, 1, func(c *Config) { c.MaxPutBytes = 1 << 16 })
	f.Fuzz(func(t *testing.T, compression string, body []byte, size int) {
		if compression == "" {
			size = len(body)
		}
		req := &request{Call: Call{Project: proj, Logstore: store}, body: body, header: map[string][]string{
			"Content-Type": {"application/x-protobuf"}, "X-Log-Bodyrawsize": {strconv.Itoa(size)}, "X-Log-Compresstype": {compression},
		}}
		before := s.Logs(proj, store)
		if _, err := s.putLogs(req); err != nil && (answer(err).Status >= 500 || s.Logs(proj, store) != before) {
			t.Errorf("%q %x: %v", compression, body, err)
		}
	})
}
