package shard

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"testing"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

// Whatever comes back, a pull is an error or as large as it says.
func FuzzAnswer(f *testing.F) {
	f.Add("lz4", 4, int64(5), []byte("\x40abcd"))
	f.Add("zstd", 3, int64(-1), []byte("\x28\xb5\x2f\xfd\x04\x00\x19\x00\x00abc\x00\x00\x00\x00"))
	f.Add("", 3, int64(3), []byte("abc"))
	f.Add("lz4", 1<<20, int64(-1), []byte{0x1f, 'a', 1, 0, 255, 255})
	cfg := (&Config{Endpoint: "log.example", Project: project, Credentials: sls.NewStaticCredentialsProvider("id", "secret", "")}).withDefaults()
	c, err := newClient(&cfg)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(c.close)
	f.Fuzz(func(t *testing.T, kind string, size int, length int64, body []byte) {
		if size > 1<<24 {
			return // the limit has a test of its own
		}
		resp := &http.Response{ContentLength: max(length, -1), Body: io.NopCloser(bytes.NewReader(body)), Header: http.Header{
			"X-Log-Cursor": {"next"}, "X-Log-Count": {"1"}, "X-Log-Bodyrawsize": {strconv.Itoa(size)}, "X-Log-Compresstype": {kind},
		}}
		p, err := c.answer(resp, pullRequest{cursor: "here"})
		if err != nil {
			return
		}
		if p.size() != size || size == 0 {
			t.Errorf("%d bytes, not %d", p.size(), size)
		}
		c.raws.put(p.raw)
	})
}
