package slstest

import (
	"bytes"
	"context"
	"maps"
	"math"
)

// notify wakes whoever Awaits a change; it needs s.mu.
func (s *Server) notify() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// Await returns nil once cond holds. It asks at once and then after every
// call and every put, without polling; cond may use all methods that look at
// the state. It returns the context's error when that comes first. Time that
// merely passes is no event: a consumer is found to be silent at the next call.
func (s *Server) Await(ctx context.Context, cond func() bool) error {
	for {
		s.mu.Lock()
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed := s.changed
		s.mu.Unlock()
		if cond() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Calls returns how many calls of a kind have arrived, those that failed
// among them.
func (s *Server) Calls(kind Kind) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[kind]
}

// ShardState is a shard as it is now.
type ShardState struct {
	ID         int
	ReadOnly   bool
	Begin, End string // cursors
	Groups     int    // log groups that are kept
	Logs       int    // in them
	Bytes      int64  // of them, uncompressed
}

// Shards returns the shards of a logstore by ID, or nil when there is no such
// logstore.
func (s *Server) Shards(project, logstore string) []ShardState {
	ls, err := s.find(project, logstore)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]ShardState, len(ls.shards))
	for i, sh := range ls.shards {
		out[i] = ShardState{
			ID: sh.id, ReadOnly: sh.readonly,
			Begin: EncodeCursor(sh.first), End: EncodeCursor(sh.endCursor()),
			Groups: len(sh.stored), Logs: sh.logs, Bytes: sh.bytes,
		}
	}
	return out
}

// Logs returns how many logs a logstore keeps.
func (s *Server) Logs(project, logstore string) int {
	n := 0
	for _, sh := range s.Shards(project, logstore) {
		n += sh.Logs
	}
	return n
}

// RawGroups returns copies of the serialised LogGroups of a shard, in order.
func (s *Server) RawGroups(project, logstore string, shard int) [][]byte {
	ls, err := s.find(project, logstore)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sh, err := ls.shard(shard, 404)
	if err != nil {
		return nil
	}
	out := make([][]byte, len(sh.stored))
	for i, g := range sh.stored {
		out[i] = bytes.Clone(g.raw())
	}
	return out
}

// GroupState is a consumer group as it is now.
type GroupState struct {
	Consumers   map[string][]int // the shards in each one's last heartbeat
	Holders     map[int]string   // who was told to work on a shard and has not let go
	Checkpoints map[int]string   // of the shards that have one
}

// Group returns the state of a consumer group, and whether there is one.
func (s *Server) Group(project, logstore, group string) (GroupState, bool) {
	ls, err := s.find(project, logstore)
	if err != nil {
		return GroupState{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g := ls.groups[group]
	if g == nil {
		return GroupState{}, false
	}
	g.expire(s.cfg.Now())
	st := GroupState{Consumers: maps.Clone(g.reported), Holders: maps.Clone(g.holder), Checkpoints: make(map[int]string)}
	for id, c := range g.checkpoints {
		st.Checkpoints[id] = c.cursor
	}
	return st, true
}

// CaughtUp says whether a group's checkpoints stand at the end of every shard
// that has logs.
func (s *Server) CaughtUp(project, logstore, group string) bool {
	st, ok := s.Group(project, logstore, group)
	if !ok {
		return false
	}
	for _, sh := range s.Shards(project, logstore) {
		if sh.Groups > 0 && st.Checkpoints[sh.ID] != sh.End {
			return false
		}
	}
	return true
}

// Expire forgets the log groups of a shard before a cursor, as the end of the
// retention time does. Cursors before it are invalid from now on.
func (s *Server) Expire(project, logstore string, shard int, upTo string) error {
	n, err := DecodeCursor(upTo)
	if err != nil {
		return err
	}
	ls, err := s.find(project, logstore)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sh, err := ls.shard(shard, 404)
	if err != nil {
		return err
	}
	sh.expire(n)
	s.notify()
	return nil
}

// ExpireSettled forgets the log groups that every consumer group has settled:
// those before the least of their checkpoints. A group that has none for a
// shard, and a logstore without groups, keep all of it.
func (s *Server) ExpireSettled(project, logstore string) error {
	ls, err := s.find(project, logstore)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sh := range ls.shards {
		sh.expire(ls.settled(sh.id))
	}
	s.notify()
	return nil
}

// settled is the least checkpoint of a shard, 0 while there is none.
func (ls *logstore) settled(shard int) int64 {
	least := int64(math.MaxInt64)
	for _, g := range ls.groups {
		at, err := DecodeCursor(g.checkpoints[shard].cursor)
		if err != nil {
			return 0 // it has saved none
		}
		least = min(least, at)
	}
	if len(ls.groups) == 0 {
		return 0
	}
	return least
}

// Split divides a shard into two of the same size, as SplitShard does.
func (s *Server) Split(projectName, logstoreName string, id int) error {
	return s.reshape(projectName, logstoreName, id, func(ls *logstore, sh *shard) error {
		_, err := ls.split(sh, "", 2, s.cfg.Now())
		return err
	})
}

// Merge joins a shard with its neighbour to the right, as MergeShards does.
func (s *Server) Merge(projectName, logstoreName string, id int) error {
	return s.reshape(projectName, logstoreName, id, func(ls *logstore, sh *shard) error {
		_, err := ls.merge(sh, s.cfg.Now())
		return err
	})
}

func (s *Server) reshape(projectName, logstoreName string, id int, change func(*logstore, *shard) error) error {
	ls, err := s.find(projectName, logstoreName)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sh, err := ls.shard(id, 404)
	if err != nil {
		return err
	}
	defer s.notify()
	return change(ls, sh)
}
