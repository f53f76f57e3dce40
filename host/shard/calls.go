package shard

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

func (c *client) groupPath() string { return "/consumergroups/" + url.PathEscape(c.group) }

// shards is the call GetShards: all of them, read-only ones included.
func (c *client) shards(ctx context.Context) ([]sls.Shard, error) {
	var shards []sls.Shard
	err := c.json(ctx, call{name: "list shards", method: http.MethodGet, path: "/shards"}, &shards)
	return shards, err
}

// groups is the call ListConsumerGroup.
func (c *client) groups(ctx context.Context) ([]sls.ConsumerGroup, error) {
	var listed []struct { // the list spells the name differently from what creates it
		Name    string `json:"name"`
		Timeout int    `json:"timeout"`
		Order   bool   `json:"order"`
	}
	err := c.json(ctx, call{name: "list consumer groups", method: http.MethodGet, path: "/consumergroups"}, &listed)
	groups := make([]sls.ConsumerGroup, len(listed))
	for i, g := range listed {
		groups[i] = sls.ConsumerGroup{ConsumerGroupName: g.Name, Timeout: g.Timeout, InOrder: g.Order}
	}
	return groups, err
}

// createGroup is the call CreateConsumerGroup.
func (c *client) createGroup(ctx context.Context, g sls.ConsumerGroup) error {
	return c.json(ctx, call{
		name: fmt.Sprintf("create consumer group %q", g.ConsumerGroupName), method: http.MethodPost, path: "/consumergroups", body: g,
	}, nil)
}

// beat is the call ConsumerGroupHeartBeat: it reports the shards held and
// returns those to hold.
func (c *client) beat(ctx context.Context, held []int) ([]int, error) {
	if held == nil {
		held = []int{} // null is no list
	}
	var assigned []int
	err := c.json(ctx, call{
		name: "heartbeat", method: http.MethodPost, path: c.groupPath(), body: held,
		query: url.Values{"type": {"heartbeat"}, "consumer": {c.consumer}},
	}, &assigned)
	return assigned, err
}

// checkpoints is the call GetCheckPoint, of all shards by number. A shard
// that was never saved has the checkpoint "", or none.
func (c *client) checkpoints(ctx context.Context) (map[int]sls.ConsumerGroupCheckPoint, error) {
	var list []sls.ConsumerGroupCheckPoint
	err := c.json(ctx, call{name: "read checkpoints", method: http.MethodGet, path: c.groupPath()}, &list)
	byShard := make(map[int]sls.ConsumerGroupCheckPoint, len(list))
	for _, cp := range list {
		byShard[cp.ShardID] = cp
	}
	return byShard, err
}

// save is the call ConsumerGroupUpdateCheckPoint. It is never forced: a
// consumer that has lost the shard must not rewind it.
func (c *client) save(ctx context.Context, shard int, checkpoint string) error {
	return c.saveAs(ctx, c.consumer, false, shard, checkpoint)
}

// saveAs is the same call for any consumer; forced, it needs none, and is
// carried out whoever holds the shard.
func (c *client) saveAs(ctx context.Context, consumer string, force bool, shard int, checkpoint string) error {
	return c.json(ctx, call{
		name: fmt.Sprintf("save checkpoint of shard %d", shard), method: http.MethodPost, path: c.groupPath(),
		query: url.Values{"type": {"checkpoint"}, "consumer": {consumer}, "forceSuccess": {strconv.FormatBool(force)}},
		body: struct {
			Shard      int    `json:"shard"`
			Checkpoint string `json:"checkpoint"`
		}{shard, checkpoint},
	}, nil)
}

// cursor is the call GetCursor.
func (c *client) cursor(ctx context.Context, shard int, at Position) (string, error) {
	var answer struct{ Cursor string }
	r := call{
		name: fmt.Sprintf("cursor of shard %d at %v", shard, at), method: http.MethodGet, path: shardPath(shard),
		query: url.Values{"type": {"cursor"}, "from": {string(at)}},
	}
	if err := c.json(ctx, r, &answer); err != nil {
		return "", err
	}
	if answer.Cursor == "" {
		return "", &callError{call: r.name, err: fmt.Errorf("the answer holds no cursor")}
	}
	return answer.Cursor, nil
}

// cursorTime is the call GetCursorTime: when the log at a cursor arrived.
func (c *client) cursorTime(ctx context.Context, shard int, cursor string) (time.Time, error) {
	var answer struct {
		Time int64 `json:"cursor_time"`
	}
	err := c.json(ctx, call{
		name: fmt.Sprintf("time of cursor %s of shard %d", cursor, shard), method: http.MethodGet, path: shardPath(shard),
		query: url.Values{"type": {"cursor_time"}, "cursor": {cursor}},
	}, &answer)
	return time.Unix(answer.Time, 0).UTC(), err
}

func shardPath(shard int) string { return "/shards/" + strconv.Itoa(shard) }
