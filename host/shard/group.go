package shard

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

// join finds the consumer group or creates it, and returns its timeout.
//
// An existing group is never changed: other consumers rely on its settings,
// and two processes with different ones would rewrite each other's. What
// differs is reported, and the group's own settings hold.
func (c *client) join(ctx context.Context, p patience, want sls.ConsumerGroup, timeoutAsked bool) (time.Duration, error) {
	for {
		groups, err := c.listGroups(ctx, p)
		if err != nil {
			return 0, err
		}
		for _, g := range groups {
			if g.ConsumerGroupName == want.ConsumerGroupName {
				c.compare(g, want, timeoutAsked)
				return time.Duration(g.Timeout) * time.Second, nil
			}
		}
		err = c.retry(ctx, p, func() error { return c.createGroup(ctx, want) })
		switch code(err) {
		case codeGroupExists: // somebody was quicker: look at what they made
			continue
		case codeGroupQuota:
			return 0, fmt.Errorf("%w: delete a consumer group that nobody uses, or name an existing one with --group; this logstore has %d: %s",
				err, len(groups), names(groups))
		}
		if err == nil {
			c.log.Info("consumer group created", "timeout_s", want.Timeout, "order", want.InOrder)
		}
		return time.Duration(want.Timeout) * time.Second, err
	}
}

func (c *client) listGroups(ctx context.Context, p patience) (groups []sls.ConsumerGroup, err error) {
	err = c.retry(ctx, p, func() error {
		groups, err = c.groups(ctx)
		return err
	})
	return groups, err
}

func (c *client) compare(have, want sls.ConsumerGroup, timeoutAsked bool) {
	if timeoutAsked && have.Timeout != want.Timeout {
		c.log.Warn("the consumer group exists with another timeout, which holds: to change it, change the group or name another one with --group",
			"timeout_s", have.Timeout, "asked_s", want.Timeout)
	}
	if have.InOrder != want.InOrder {
		c.log.Warn("the consumer group exists with another order setting, which holds: to change it, change the group or name another one with --group",
			"order", have.InOrder, "asked", want.InOrder)
	}
}

func names(groups []sls.ConsumerGroup) string {
	list := make([]string, len(groups))
	for i, g := range groups {
		list[i] = g.ConsumerGroupName
	}
	sort.Strings(list)
	return strings.Join(list, ", ")
}
