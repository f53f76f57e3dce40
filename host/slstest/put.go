package slstest

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// AnyShard asks Put for the writable shards in turn.
const AnyShard = -1

// Put appends serialised LogGroups to a shard without HTTP, as if they had
// been put at this moment. The bytes are copied. Nothing is stored when one of
// them is no LogGroup, or the shard is unknown or read-only.
func (s *Server) Put(project, logstore string, shardID int, groups ...[]byte) error {
	ls, err := s.find(project, logstore)
	if err != nil {
		return err
	}
	logs := make([]int, len(groups))
	for i, g := range groups {
		if logs[i], err = checkGroup(g); err != nil {
			return fmt.Errorf("slstest: group %d: %w", i, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	pick := ls.next
	if shardID != AnyShard {
		sh, err := ls.shard(shardID, 404)
		if err != nil {
			return err
		}
		if sh.readonly {
			return fmt.Errorf("slstest: shard %d is read-only", shardID)
		}
		pick = func() *shard { return sh }
	}
	for i, g := range groups {
		s.store(pick(), g, logs[i])
	}
	return nil
}

// store needs s.mu.
func (s *Server) store(sh *shard, raw []byte, logs int) {
	sh.append(raw, logs, s.cfg.Now().Unix(), !s.cfg.NoReceiveTime)
	s.notify()
}

func (s *Server) putLogs(req *request) (*reply, error) {
	ls, err := s.find(req.Project, req.Logstore)
	if err != nil {
		return nil, err
	}
	raw, err := s.uncompress(req)
	if err != nil {
		return nil, err
	}
	logs, err := checkGroup(raw)
	if err != nil {
		return nil, failure(400, codePostBodyInvalid, "body: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var sh *shard
	if req.query.Has("key") {
		if sh, err = ls.route(strings.ToLower(req.query.Get("key"))); err != nil {
			return nil, err
		}
	} else {
		sh = ls.next()
	}
	s.store(sh, raw, logs)
	return &reply{}, nil
}

// uncompress returns the LogGroup in a put's body, which x-log-bodyrawsize
// must measure exactly.
func (s *Server) uncompress(req *request) ([]byte, error) {
	size, err := s.rawSize(req)
	if err != nil {
		return nil, err
	}
	var raw []byte
	switch kind := req.header.Get("x-log-compresstype"); kind {
	case "":
		raw = req.body
	case "lz4":
		raw = make([]byte, size)
		n, lzErr := lz4.UncompressBlock(req.body, raw)
		raw, err = raw[:max(n, 0)], lzErr
	case "zstd":
		raw, err = s.zdec.DecodeAll(req.body, make([]byte, 0, size))
		if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
			return nil, s.tooLarge(int64(s.cfg.MaxPutBytes) + 1)
		}
	case "deflate": // what the Python SDK sends when it has no lz4
		raw, err = inflate(req.body, size)
	default:
		return nil, failure(400, codeInvalidCompressType, "x-log-compresstype %q is unsupported", kind)
	}
	if err == nil && len(raw) != size {
		err = fmt.Errorf("%d bytes where x-log-bodyrawsize says %d", len(raw), size)
	}
	if err != nil {
		return nil, failure(400, codePostBodyUncompress, "body: %v", err)
	}
	return raw, nil
}

// rawSize checks the headers that every put must have.
func (s *Server) rawSize(req *request) (int, error) {
	switch t := req.header.Get("Content-Type"); t {
	case "application/x-protobuf":
	case "":
		return 0, failure(400, codeMissingContentType, "Content-Type does not exist in http header when body is not empty.")
	default:
		return 0, failure(415, codeInvalidContentType, "Content-Type %q is unsupported: want application/x-protobuf", t)
	}
	text := req.header.Get("x-log-bodyrawsize")
	if text == "" {
		return 0, failure(400, codeMissingBodyRawSize, "x-log-bodyrawsize does not exist in header when it is necessary.")
	}
	size, err := strconv.ParseUint(text, 10, 31)
	switch {
	case err != nil || size == 0:
		return 0, failure(400, codeInvalidBodyRawSize, "x-log-bodyrawsize %q is invalid", text)
	case int(size) > s.cfg.MaxPutBytes:
		return 0, s.tooLarge(int64(size))
	}
	return int(size), nil
}

func inflate(body []byte, size int) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, int64(size)+1))
}
