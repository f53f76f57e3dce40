package slstest

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/pierrec/lz4/v4"
)

// A page is what one pull found: a run of log groups, ready to be sent.
type page struct {
	groups   []storedGroup // what was read, before the query
	rawBytes int           // of those
	start    int64         // cursor of the first
	count    int           // log groups that are in the body
	lines    int           // logs that are in the body
	size     int           // of the body, uncompressed
	body     []byte
}

// pullBuffers are the working memory of one pull.
type pullBuffers struct {
	raw []byte
	lz4 lz4.Compressor
}

func (s *Server) pullLogs(req *request) (*reply, error) {
	ls, err := s.find(req.Project, req.Logstore)
	if err != nil {
		return nil, err
	}
	count, err := strconv.Atoi(req.query.Get("count"))
	if err != nil || count < 1 || count > MaxPullCount {
		return nil, badParameter("count %q: want 1 to %d", req.query.Get("count"), MaxPullCount)
	}
	var q *query
	if text := req.query.Get("query"); text != "" {
		if mode := req.query.Get("pullMode"); mode != "scan_on_stream" {
			return nil, badParameter("pullMode %q: a query needs scan_on_stream", mode)
		}
		if q, err = parseQuery(text); err != nil {
			return nil, err
		}
	}
	pg, err := s.read(ls, req, count)
	if err != nil {
		return nil, err
	}
	encoding := pullEncoding(req.header.Get("Accept-Encoding"))
	if q == nil {
		pg = s.cached(ls, req.Shard, encoding, pg)
	} else {
		pg = s.build(pg, q, encoding)
	}
	return pg.reply(q, encoding), nil
}

// read finds the log groups that a pull asks for.
func (s *Server) read(ls *logstore, req *request, count int) (page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh, err := ls.shard(req.Shard, 400)
	if err != nil {
		return page{}, err
	}
	from, err := sh.index(req.query.Get("cursor"))
	if err != nil {
		return page{}, err
	}
	to := min(from+count, len(sh.stored))
	if end := req.query.Get("end_cursor"); end != "" {
		n, err := DecodeCursor(end)
		if err != nil {
			return page{}, err
		}
		to = int(max(int64(from), min(int64(to), n-sh.first)))
	}
	return sh.page(from, to, s.cfg.MaxPullBytes), nil
}

// page takes the groups from one index to another, but not more than limit
// bytes of them unless it is one.
func (sh *shard) page(from, to, limit int) page {
	size := 0
	for i, g := range sh.stored[from:to] {
		if i > 0 && size+len(g.framed) > limit {
			to = from + i
			break
		}
		size += len(g.framed)
	}
	return page{groups: sh.stored[from:to], rawBytes: size, start: sh.first + int64(from)}
}

// pullEncoding picks how a pull is compressed. A client that takes neither
// gets it plain.
func pullEncoding(accept string) string {
	for _, name := range []string{"lz4", "zstd"} {
		if strings.Contains(accept, name) {
			return name
		}
	}
	return ""
}

// build writes and compresses the body of a page.
func (s *Server) build(pg page, q *query, encoding string) page {
	bufs := s.bufs.Get().(*pullBuffers)
	defer s.bufs.Put(bufs)
	raw := bufs.raw[:0]
	for _, g := range pg.groups {
		if q == nil {
			raw = append(raw, g.framed...)
			pg.count++
			continue
		}
		if out, logs := q.filter(g.raw()); logs > 0 {
			raw = appendBytes(raw, listGroups, out)
			pg.count++
			pg.lines += logs
		}
	}
	bufs.raw, pg.size = raw, len(raw)
	if len(raw) == 0 {
		return pg
	}
	switch encoding {
	case "lz4":
		pg.body = compressLZ4(&bufs.lz4, raw)
	case "zstd":
		pg.body = s.zenc.EncodeAll(raw, nil)
	default:
		pg.body = append([]byte(nil), raw...)
	}
	return pg
}

// compressLZ4 writes one raw block. An incompressible text is written as one
// run of literals, which is a valid block too.
func compressLZ4(c *lz4.Compressor, raw []byte) []byte {
	out := make([]byte, lz4.CompressBlockBound(len(raw)))
	if n, err := c.CompressBlock(raw, out); err == nil && n > 0 {
		return out[:n]
	}
	return literalBlock(raw)
}

// literalBlock is the block of the LZ4 format that holds raw as literals.
func literalBlock(raw []byte) []byte {
	out := make([]byte, 0, len(raw)+len(raw)/255+2)
	n := len(raw)
	out = append(out, byte(min(n, 15)<<4))
	if n >= 15 {
		for n -= 15; n >= 255; n -= 255 {
			out = append(out, 255)
		}
		out = append(out, byte(n))
	}
	return append(out, raw...)
}

func (pg *page) reply(q *query, encoding string) *reply {
	next := pg.start + int64(len(pg.groups))
	h := map[string]string{
		"Content-Type":      "application/x-protobuf",
		"x-log-cursor":      EncodeCursor(next),
		"x-log-count":       strconv.Itoa(pg.count),
		"x-log-bodyrawsize": strconv.Itoa(pg.size),
	}
	if pg.size > 0 && encoding != "" {
		h["x-log-compresstype"] = encoding
	}
	if q == nil {
		if pg.count > 0 {
			h["x-log-read-last-cursor"] = strconv.FormatInt(next-1, 10)
		}
		return &reply{header: h, body: pg.body}
	}
	lines := 0
	for _, g := range pg.groups {
		lines += g.logs
	}
	h["x-log-rawdatasize"] = strconv.Itoa(pg.rawBytes)
	h["x-log-rawdatacount"] = strconv.Itoa(len(pg.groups))
	h["x-log-rawdatalines"] = strconv.Itoa(lines)
	h["x-log-resultlines"] = strconv.Itoa(pg.lines)
	h["x-log-failedlines"] = "0"
	return &reply{header: h, body: pg.body}
}

// A pageCache keeps compressed answers, so that in a benchmark the emulator
// costs no more than a file server. What was stored never changes, so nothing
// in it goes stale; when its bytes are used up it takes no more.
type pageCache struct {
	free  int64
	pages map[pageKey]page
}

type pageKey struct {
	logstore *logstore
	shard    int
	from, to int64
	encoding string
}

func (s *Server) cached(ls *logstore, shard int, encoding string, pg page) page {
	key := pageKey{ls, shard, pg.start, pg.start + int64(len(pg.groups)), encoding}
	s.mu.Lock()
	kept, ok := s.cache.pages[key]
	s.mu.Unlock()
	if ok {
		return kept
	}
	pg = s.build(pg, nil, encoding)
	s.mu.Lock()
	defer s.mu.Unlock()
	if cost := int64(len(pg.body)); cost > 0 && cost <= s.cache.free {
		s.cache.free -= cost
		pg.body = bytes.Clone(pg.body) // its buffer is as large as the text was
		s.cache.pages[key] = pg
	}
	return pg
}

// Prebuild fills the cache (Config.CacheBytes) with the answers that a reader
// of the whole logstore will ask for: pulls of count log groups from the
// beginning, with "lz4" or "zstd".
func (s *Server) Prebuild(project, logstore string, count int, encoding string) error {
	ls, err := s.find(project, logstore)
	if err != nil {
		return err
	}
	for _, id := range s.shardIDs(ls) {
		for from := 0; ; {
			s.mu.Lock()
			sh := ls.shards[id]
			pg := sh.page(from, min(from+count, len(sh.stored)), s.cfg.MaxPullBytes)
			s.mu.Unlock()
			if len(pg.groups) == 0 {
				break
			}
			from += len(s.cached(ls, id, encoding, pg).groups)
		}
	}
	return nil
}

func (s *Server) shardIDs(ls *logstore) []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]int, len(ls.shards))
	for i := range ids {
		ids[i] = i
	}
	return ids
}
