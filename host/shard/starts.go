package shard

import sls "github.com/aliyun/aliyun-log-go-sdk"

// starts says where a shard without a checkpoint is read from. From is for
// what the group finds when it first meets the logstore. A shard that came to
// be afterwards, from a split or a merge, is read from its begin: all that it
// holds arrived after that meeting.
type starts map[int]Position // of the shards there were when the source was opened

// newStarts takes what the service knows when the source is opened, the
// shards listed before the checkpoints were.
func newStarts(from Position, shards []sls.Shard, saved map[int]sls.ConsumerGroupCheckPoint) starts {
	s := starts{}
	for _, sh := range shards {
		s[sh.ShardID] = from
		for _, older := range shards {
			if saved[older.ShardID].CheckPoint != "" && descends(sh, older) {
				s[sh.ShardID] = Begin
			}
		}
	}
	return s
}

// descends says whether a shard took over keys of an older one: two whose
// keys overlap were never written at the same time, and numbers only grow.
func descends(younger, older sls.Shard) bool {
	return older.ShardID < younger.ShardID &&
		older.InclusiveBeginKey < younger.ExclusiveBeginKey && younger.InclusiveBeginKey < older.ExclusiveBeginKey
}

func (s starts) of(shard int) Position {
	if from, known := s[shard]; known {
		return from
	}
	return Begin
}
