package yardstick

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pierrec/lz4/v4"
)

// begin asks for the shard's first cursor.
func (l *lane) begin(ctx context.Context) (string, error) {
	resp, err := l.get(ctx, "from=begin", "type=cursor")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close() //nolint:errcheck // it is only read
	var answer struct{ Cursor string }
	err = json.NewDecoder(resp.Body).Decode(&answer)
	return answer.Cursor, err
}

// pull reads the log groups behind a cursor into l.raw.
func (l *lane) pull(ctx context.Context, cursor string) (next string, err error) {
	resp, err := l.get(ctx, "count=1000", "cursor="+cursor, "type=logs")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close() //nolint:errcheck // it is only read
	size, err := strconv.Atoi(resp.Header.Get("X-Log-Bodyrawsize"))
	if err != nil {
		return "", err
	}
	next = resp.Header.Get("X-Log-Cursor")
	l.raw = room(l.raw, size)
	if size == 0 {
		return next, nil
	}
	l.packed = room(l.packed, int(resp.ContentLength))
	if _, err = io.ReadFull(resp.Body, l.packed); err != nil {
		return "", err
	}
	n, err := lz4.UncompressBlock(l.packed, l.raw)
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes in place of %d", n, size)
	}
	return next, err
}

// room makes a buffer so long, whatever it holds.
func room(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n, n+n/4)
	}
	return b[:n]
}

// get makes a signed request about the shard; the parameters are sorted.
func (l *lane) get(ctx context.Context, params ...string) (*http.Response, error) {
	path := fmt.Sprintf("/logstores/%s/shards/%d", l.cfg.Logstore, l.shard)
	query, plain := "", path
	for i, p := range params {
		sep := "&"
		if i == 0 {
			sep = "?"
		}
		plain += sep + p
		name, value, _ := strings.Cut(p, "=")
		query += sep + name + "=" + url.QueryEscape(value)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.cfg.Service+path+query, nil)
	if err != nil {
		return nil, err
	}
	date := time.Now().UTC().Format(http.TimeFormat)
	text := "GET\n\n\n" + date + "\nx-log-apiversion:0.6.0\nx-log-bodyrawsize:0\nx-log-signaturemethod:hmac-sha1\n" + plain
	mac := hmac.New(sha1.New, []byte(l.cfg.Secret))
	_, _ = io.WriteString(mac, text)
	req.Host = l.cfg.Project + "." + l.cfg.Service
	for k, v := range map[string]string{
		"Date": date, "X-Log-Apiversion": "0.6.0", "X-Log-Bodyrawsize": "0", "X-Log-Signaturemethod": "hmac-sha1",
		"Authorization": "LOG " + l.cfg.KeyID + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil)), "Accept-Encoding": "lz4",
	} {
		req.Header.Set(k, v)
	}
	resp, err := l.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		_ = resp.Body.Close()
		return nil, fmt.Errorf("the service answers %s: %s", resp.Status, text)
	}
	return resp, nil
}
