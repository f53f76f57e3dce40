package doctor

import (
	"context"
	"fmt"

	"github.com/slswasm/slswasm/host/shard"
)

// The rights that a source needs, as RAM calls them.
const (
	mayListShards = "log:ListShards"
	mayListGroups = "log:ListConsumerGroup"
	mayCreate     = "log:CreateConsumerGroup"
	mayBeat       = "log:ConsumerGroupHeartBeat"
	mayReadSaved  = "log:GetConsumerGroupCheckPoint"
	maySave       = "log:ConsumerGroupUpdateCheckPoint"
	mayPull       = "log:GetCursorOrData"
)

// right is the check of a right by a call. What the service minds about the call
// itself it says only to those who may make it.
func (s *source) right(action string, call func(context.Context) error) func(context.Context) finding {
	return func(ctx context.Context) finding {
		err := call(ctx)
		switch shard.Blame(err) {
		case shard.BlamePermission:
			return failed("%v", err).but("allow %s on %s in a RAM policy of this key", action, s.resource(action))
		case shard.BlameWay, shard.BlameService, shard.BlameToken, shard.BlameKeyID, shard.BlameKeySecret, shard.BlameProvider:
			return failed("it could not be tried: %v", err).but("run this check again")
		}
		return ok("allowed")
	}
}

// resource is what RAM wants the right to an action on.
func (s *source) resource(action string) string {
	r := fmt.Sprintf("acs:log:*:*:project/%s/logstore/%s", s.cfg.Project, s.cfg.Logstore)
	switch action {
	case mayListGroups, mayCreate:
		return r + "/consumergroup/*"
	case mayBeat, mayReadSaved, maySave:
		return r + "/consumergroup/" + s.cfg.Group
	}
	return r
}

func (s *source) mayCreate(ctx context.Context) finding {
	if s.existing() != nil {
		return ok("not needed: the consumer group exists")
	}
	return s.right(mayCreate, s.probe.TryCreate)(ctx)
}

func (s *source) mayBeat(ctx context.Context) finding {
	if s.existing() != nil {
		return skipped("not tried: it would take shards from the group's consumers")
	}
	return s.right(mayBeat, s.probe.TryHeartbeat)(ctx)
}
