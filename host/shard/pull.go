package shard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/pierrec/lz4/v4"
)

// maxRaw is the most that one pull may hold, decompressed. The service stays
// at about a tenth of it; a header that says more is not to be believed.
const maxRaw = 128 << 20

// A pulled is the answer of one pull. Its raw bytes go back to the client's
// buffers with release.
type pulled struct {
	cursor, next string
	raw          *[]byte // a LogGroupList; nil when there is none
	reserved     int64   // of the budget
	groups       int
	began, ended time.Time // of the call
	drained      time.Time // when nothing seemed to be behind next; zero: the pull was full
	// What the service read, before it applied a query.
	scannedBytes, scannedGroups int
}

func (p *pulled) size() int {
	if p.raw == nil {
		return 0
	}
	return len(*p.raw)
}

// moved says whether the shard has something after the cursor.
func (p *pulled) moved() bool { return p.next != p.cursor }

// pullRequest says what to pull.
type pullRequest struct {
	shard       int
	cursor, end string // end may be empty
	count       int
	query       string
}

// pull is the call PullLogs. An answer that contradicts itself is an error.
func (c *client) pull(ctx context.Context, r pullRequest) (*pulled, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, pullTimeout, fmt.Errorf("no answer within %v", pullTimeout))
	defer cancel()
	query := url.Values{"type": {"logs"}, "cursor": {r.cursor}, "count": {strconv.Itoa(r.count)}}
	if r.end != "" {
		query.Set("end_cursor", r.end)
	}
	if r.query != "" {
		query.Set("query", r.query)
		query.Set("pullMode", "scan_on_stream")
	}
	accept := "lz4"
	if c.zstd {
		accept = "zstd"
	}
	name := fmt.Sprintf("pull shard %d at %s", r.shard, r.cursor)
	var p *pulled
	err := c.send(ctx, call{name: name, method: http.MethodGet, path: shardPath(r.shard), query: query, accept: accept},
		func(resp *http.Response) (err error) {
			p, err = c.answer(resp, r)
			return err
		})
	return p, err
}

func (c *client) answer(resp *http.Response, r pullRequest) (*pulled, error) {
	p := &pulled{cursor: r.cursor, next: resp.Header.Get("X-Log-Cursor")}
	if p.next == "" {
		return nil, errors.New("the answer has no header x-log-cursor")
	}
	size, err := number(resp, "X-Log-Bodyrawsize")
	if err != nil {
		return nil, err
	}
	if p.groups, err = number(resp, "X-Log-Count"); err != nil {
		return nil, err
	}
	p.scannedBytes, p.scannedGroups = size, p.groups
	if r.query != "" { // the two are for pacing only
		if n, err := number(resp, "X-Log-Rawdatasize"); err == nil {
			p.scannedBytes = n
		}
		if n, err := number(resp, "X-Log-Rawdatacount"); err == nil {
			p.scannedGroups = n
		}
	}
	if size == 0 {
		if p.groups > 0 {
			return nil, fmt.Errorf("the answer has %d log groups in 0 bytes", p.groups)
		}
		return p, nil
	}
	if !p.moved() {
		return nil, fmt.Errorf("the answer has %d bytes and does not move the cursor", size)
	}
	if size > maxRaw {
		return nil, fmt.Errorf("the answer claims %d bytes, more than %d: ask for less with --pull-count", size, maxRaw)
	}
	p.raw, err = c.decompress(resp, size)
	return p, err
}

func number(resp *http.Response, header string) (int, error) {
	text := resp.Header.Get(header)
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("the answer's header %s is %q: want a number", header, text)
	}
	return n, nil
}

func (c *client) decompress(resp *http.Response, size int) (*[]byte, error) {
	kind, into := resp.Header.Get("X-Log-Compresstype"), c.bodies
	if kind == "" { // sent as it is, which the SDK would not read
		into = c.raws
	}
	body, err := c.body(resp, size, into)
	if err != nil {
		return nil, err
	}
	if kind == "" {
		if len(*body) != size {
			c.raws.put(body)
			return nil, fmt.Errorf("the answer has %d bytes, and its header says %d", len(*body), size)
		}
		return body, nil
	}
	defer c.bodies.put(body)
	raw := c.raws.get(size)
	n := 0
	switch kind {
	case "lz4":
		n, err = lz4.UncompressBlock(*body, *raw)
	case "zstd":
		var out []byte
		out, err = c.unzstd.DecodeAll(*body, (*raw)[:0:size])
		n = len(out)
	default:
		err = errors.New("unknown compression")
	}
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes, and the header says %d", n, size)
	}
	if err != nil {
		c.raws.put(raw)
		return nil, fmt.Errorf("decompressing %d bytes of %s: %w", len(*body), kind, err)
	}
	return raw, nil
}

// body reads the answer into one of these buffers. Neither compression makes anything
// larger than limit.
func (c *client) body(resp *http.Response, size int, from *buffers) (*[]byte, error) {
	limit := size + size/128 + 1024
	if resp.ContentLength > int64(limit) {
		return nil, fmt.Errorf("the answer has %d bytes compressed, and its header says %d decompressed", resp.ContentLength, size)
	}
	if n := resp.ContentLength; n >= 0 {
		buf := from.get(int(n))
		if _, err := io.ReadFull(resp.Body, *buf); err != nil {
			from.put(buf)
			return nil, fmt.Errorf("the answer was cut short: %w", err)
		}
		return buf, nil
	}
	buf := from.get(limit)
	n, err := io.ReadFull(resp.Body, *buf)
	if err == nil {
		err = fmt.Errorf("more than %d bytes compressed", limit)
	} else if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = nil // the end, before the limit: as it should be
	}
	if err != nil {
		from.put(buf)
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	*buf = (*buf)[:n]
	return buf, nil
}
