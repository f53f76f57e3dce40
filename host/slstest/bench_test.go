package slstest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// BenchmarkPull is what the emulator costs a reader of a whole shard: pulls
// of 1000 log groups over a socket, with and without the cache.
func BenchmarkPull(b *testing.B) {
	for _, cache := range []int64{0, 1 << 30} {
		for _, encoding := range []string{"lz4", "zstd"} {
			b.Run(fmt.Sprintf("%s/cache=%v", encoding, cache > 0), func(b *testing.B) {
				s := listening(b, 1, func(c *Config) { c.CacheBytes = cache; c.MaxSkew = -1 })
				var lines strings.Builder
				for i := range 20_000 {
					fmt.Fprintf(&lines, `{"__time__":%d,"__topic__":"audit","verb":"get","user":"user-%d","uri":"/api/v1/namespaces/ns-%d/pods/pod-%d","code":"200","agent":"kubectl/v1.30 (linux/amd64)","ip":"10.0.%d.%d","id":"%016x"}`+"\n",
						1_700_000_000+i/100, i%97, i%13, i*7919%100_003, i%256, i*31%256, i*0x9e3779b9)
				}
				for range 10 {
					_, err := s.Load(proj, store, strings.NewReader(lines.String()))
					must(b, err)
				}
				must(b, s.Prebuild(proj, store, MaxPullCount, encoding))
				sh := s.Shards(proj, store)[0]
				p := pull(0, sh.Begin, "")
				p.header["Accept-Encoding"] = encoding
				client := s.Client()
				read := func(cursor string) (string, string) {
					p.uri = fmt.Sprintf(shardsURI+"/0?type=logs&count=%d&cursor=%s", MaxPullCount, strings.ReplaceAll(cursor, "=", "%3D"))
					resp, err := client.Do(p.request(b, s))
					must(b, err)
					_, err = io.Copy(io.Discard, resp.Body)
					must(b, err)
					must(b, resp.Body.Close())
					if resp.StatusCode != http.StatusOK {
						b.Fatal(resp.Status)
					}
					return resp.Header.Get("x-log-cursor"), resp.Header.Get("x-log-count")
				}
				b.SetBytes(sh.Bytes)
				b.ReportAllocs()
				for b.Loop() {
					for cursor, count := read(sh.Begin); count != "0"; {
						cursor, count = read(cursor)
					}
				}
			})
		}
	}
}

func BenchmarkPut(b *testing.B) {
	s := newServer(b, 1)
	raw := group(500, "k", strings.Repeat("v", 200))
	p := putProbe("lz4", len(raw), literalBlock(raw))
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		p.ok(b, s)
		if sh := s.Shards(proj, store)[0]; sh.Groups > 1000 {
			must(b, s.Expire(proj, store, 0, sh.End))
		}
	}
}
