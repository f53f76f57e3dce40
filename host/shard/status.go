package shard

import (
	"context"
	"log/slog"
	"sync"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

// statusTimeout is the time for one answer: the shard that asks is not pulled
// meanwhile.
const statusTimeout = 2 * time.Second

// shardStatus remembers which shards are read-only, which they stay.
type shardStatus struct {
	list   func(ctx context.Context) ([]sls.Shard, error)
	maxAge time.Duration // of an answer, or of a failure to get one
	log    *slog.Logger

	mu     sync.Mutex // never held during a call
	asked  time.Time
	closed map[int]bool
}

// readonly says whether a shard was split or merged and gets no more logs. It
// may be a little late to know. Where the service does not say, the shard is
// taken to be open: it is pulled on, which costs little and loses nothing.
func (s *shardStatus) readonly(ctx context.Context, shard int) bool {
	if closed, known := s.known(shard); known {
		return closed
	}
	limited, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	shards, err := s.list(limited)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("the shards could not be listed: all are taken to be open until they can", "error", err)
	}
	if err != nil {
		return false
	}
	closed := map[int]bool{}
	for _, sh := range shards {
		closed[sh.ShardID] = sh.Status == "readonly"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = closed
	return closed[shard]
}

// known returns what needs no call. When it returns false, the call is the
// caller's to make, and nobody else's for maxAge.
func (s *shardStatus) known(shard int) (closed, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed[shard] || time.Since(s.asked) < s.maxAge {
		return s.closed[shard], true
	}
	s.asked = time.Now()
	return false, false
}
