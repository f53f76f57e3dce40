package shard

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/pierrec/lz4/v4"
)

// BenchmarkPull is the whole way of a pull but the network: request and
// signature, decompression, decoding. It reports the allocations of a pull of
// 5,000 logs.
func BenchmarkPull(b *testing.B) {
	raw := marshal(b, auditLike(100, 50))
	packed := make([]byte, lz4.CompressBlockBound(len(raw)))
	n, err := lz4.CompressBlock(raw, packed, nil)
	if err != nil {
		b.Fatal(err)
	}
	cfg := (&Config{Endpoint: "log.example", Project: project, Logstore: logstore, Group: groupID,
		Credentials: sls.NewStaticCredentialsProvider("id", "secret", ""),
		HTTPClient: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, ContentLength: int64(n), Body: io.NopCloser(bytes.NewReader(packed[:n])), Request: r, Header: http.Header{
				"X-Log-Cursor": {"next"}, "X-Log-Count": {"100"}, "X-Log-Bodyrawsize": {fmt.Sprint(len(raw))}, "X-Log-Compresstype": {"lz4"},
			}}, nil
		})},
	}).withDefaults()
	c, err := newClient(&cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer c.close()
	d := newDecoder()
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		p, err := c.pull(b.Context(), pullRequest{cursor: "here", count: 1000})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := d.decode(*p.raw); err != nil {
			b.Fatal(err)
		}
		size = d.bytes
		c.raws.put(p.raw)
	}
	b.SetBytes(int64(size))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*5000), "ns/log")
}
