package slstest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (s *Server) getProject(req *request) (*reply, error) {
	p, err := s.findProject(req.Project)
	if err != nil {
		return nil, err
	}
	created := strconv.FormatInt(p.created.Unix(), 10)
	return replyJSON(map[string]string{
		"projectName": p.name, "description": "", "status": "Normal", "owner": "",
		"region": s.cfg.Region, "createTime": created, "lastModifyTime": created,
	})
}

func (s *Server) listLogStores(req *request) (*reply, error) {
	p, err := s.findProject(req.Project)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(p.logstores))
	if names == nil {
		names = []string{}
	}
	return replyJSON(map[string]any{"count": len(names), "total": len(names), "logstores": names})
}

func (s *Server) getLogStore(req *request) (*reply, error) {
	ls, err := s.find(req.Project, req.Logstore)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	writable := 0
	for _, sh := range ls.shards {
		if !sh.readonly {
			writable++
		}
	}
	return replyJSON(map[string]any{
		"logstoreName": ls.name, "ttl": 30, "shardCount": writable, "enable_tracking": false,
		"autoSplit": false, "maxSplitShard": 0, "appendMeta": false, "telemetryType": "", "mode": "standard",
		"createTime": ls.created.Unix(), "lastModifyTime": ls.created.Unix(),
	})
}

type listedShard struct {
	ID      int    `json:"shardID"`
	Status  string `json:"status"`
	Begin   string `json:"inclusiveBeginKey"`
	End     string `json:"exclusiveEndKey"`
	Created int64  `json:"createTime"` // seconds
}

// Statuses of a shard.
const (
	readWrite = "readwrite"
	readOnly  = "readonly"
)

func (sh *shard) status() string {
	if sh.readonly {
		return readOnly
	}
	return readWrite
}

func replyShards(shards []*shard) (*reply, error) {
	out := make([]listedShard, len(shards))
	for i, sh := range shards {
		out[i] = listedShard{sh.id, sh.status(), sh.begin, sh.end, sh.created}
	}
	return replyJSON(out)
}

func (s *Server) listShards(req *request) (*reply, error) {
	ls, err := s.find(req.Project, req.Logstore)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return replyShards(ls.shards)
}

// withShard runs f under s.mu; status is that of the error when there is no
// such shard.
func (s *Server) withShard(req *request, status int, f func(*logstore, *shard) (*reply, error)) (*reply, error) {
	ls, err := s.find(req.Project, req.Logstore)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sh, err := ls.shard(req.Shard, status)
	if err != nil {
		return nil, err
	}
	return f(ls, sh)
}

func (s *Server) splitShard(req *request) (*reply, error) {
	count := 2
	if text := req.query.Get("shardCount"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 2 || n > maxShards {
			return nil, badParameter("shardCount %q: want 2 to %d", text, maxShards)
		}
		count = n
	}
	return s.withShard(req, 404, func(ls *logstore, sh *shard) (*reply, error) {
		shards, err := ls.split(sh, strings.ToLower(req.query.Get("key")), count, s.cfg.Now())
		if err != nil {
			return nil, err
		}
		return replyShards(shards)
	})
}

func (s *Server) mergeShards(req *request) (*reply, error) {
	return s.withShard(req, 404, func(ls *logstore, sh *shard) (*reply, error) {
		shards, err := ls.merge(sh, s.cfg.Now())
		if err != nil {
			return nil, err
		}
		return replyShards(shards)
	})
}

func (s *Server) getCursor(req *request) (*reply, error) {
	return s.withShard(req, 400, func(_ *logstore, sh *shard) (*reply, error) {
		var n int64
		switch from := req.query.Get("from"); from {
		case "begin":
			n = sh.first
		case "end":
			n = sh.endCursor()
		default:
			second, err := strconv.ParseInt(from, 10, 64)
			if err != nil || second < 0 {
				return nil, badParameter("from %q: want begin, end or seconds since 1970", from)
			}
			n = sh.since(second)
		}
		return replyJSON(map[string]string{"cursor": EncodeCursor(n)})
	})
}

// getCursorTime answers with the arrival of the log group behind the cursor;
// at the end, where there is none yet, with the present.
func (s *Server) getCursorTime(req *request) (*reply, error) {
	return s.withShard(req, 400, func(_ *logstore, sh *shard) (*reply, error) {
		i, err := sh.index(req.query.Get("cursor"))
		if err != nil {
			return nil, err
		}
		at := s.cfg.Now().Truncate(time.Second).Unix()
		if i < len(sh.stored) {
			at = sh.stored[i].received
		}
		return replyJSON(map[string]int64{"cursor_time": at})
	})
}
