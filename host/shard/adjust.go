package shard

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

// A Move is a checkpoint to be moved, and what lies between.
type Move struct {
	Shard    int
	From, To string // cursors; From is where the consumer would go on now
	FromTime time.Time
	ToTime   time.Time // as Standing.Time; zero in an empty shard
	Groups   int64     // log groups from From to To, below 0 when To is earlier
	Counted  bool      // Groups is known
}

// Time is how much later the logs at the new place arrived than those at the
// old one; below 0 when they arrived earlier.
func (m Move) Time() time.Duration {
	if m.FromTime.IsZero() || m.ToTime.IsZero() {
		return 0
	}
	return m.ToTime.Sub(m.FromTime)
}

// Skips says whether logs are passed over that nobody has settled.
func (m Move) Skips() bool { return m.Groups > 0 || !m.Counted && m.Time() > 0 }

// Repeats says whether logs are delivered again.
func (m Move) Repeats() bool { return m.Counted && m.Groups < 0 || !m.Counted && m.Time() < 0 }

// A Target is where a checkpoint is to be moved.
type Target struct {
	at     Position
	cursor string
}

// ParseTarget reads begin, end, an ISO 8601 time or a cursor.
func ParseTarget(text string) (Target, error) {
	at, err := ParsePosition(text)
	if err == nil {
		if at == Now {
			at = End
		}
		return Target{at: at}, nil
	}
	if _, err := base64.StdEncoding.DecodeString(text); err == nil && text != "" {
		return Target{cursor: text}, nil
	}
	return Target{}, fmt.Errorf("%q: want begin, end, an ISO 8601 time such as 2026-01-31T08:00:00Z (without a zone: UTC) or a cursor", text)
}

// Start is where a new group would start: cfg.From.
func (o *Observer) Start() Target { return Target{at: o.cfg.From} }

// errTarget says that a shard or a cursor that was asked for does not exist.
var errTarget = errors.New("check --shard and --to")

// Plan finds out what it means to move the checkpoints of these shards of g,
// or of all when there are none. It changes nothing.
func (o *Observer) Plan(ctx context.Context, g *Group, to Target, shards ...int) ([]Move, error) {
	if to.cursor != "" && len(shards) != 1 {
		return nil, fmt.Errorf("a cursor is of one shard only: %w", errTarget)
	}
	var moves []Move
	for _, s := range g.Shards {
		if len(shards) > 0 && !slices.Contains(shards, s.Shard) {
			continue
		}
		m, err := o.plan(ctx, s, to)
		if err != nil {
			return nil, err
		}
		moves = append(moves, m)
	}
	if len(moves) < len(shards) {
		return nil, fmt.Errorf("the logstore has no shard %v: %w", shards, errTarget)
	}
	return moves, nil
}

func (o *Observer) plan(ctx context.Context, s Standing, to Target) (m Move, err error) {
	m = Move{Shard: s.Shard, From: s.Next, FromTime: s.Time, To: to.cursor}
	if to.cursor == "" {
		if m.To, err = o.client.findCursor(ctx, opening, s.Shard, to.at); err != nil {
			return m, err
		}
	}
	m.ToTime, err = o.timeOf(ctx, s.Shard, m.To)
	switch {
	case code(err) == sls.INVALID_CURSOR || code(err) == sls.PARAMETER_INVALID:
		return m, fmt.Errorf("%q is no cursor within shard %d: %w: %w", m.To, s.Shard, errTarget, err)
	case err != nil:
		return m, err
	case m.To == s.End:
		m.ToTime = s.Newest
	}
	m.Groups, m.Counted = between(m.From, m.To)
	return m, nil
}

// An AliveError says why a group is taken to have a consumer that is at work.
type AliveError struct {
	Group, Consumer string
	Shard           int
	Saved           time.Duration // how long ago it saved this shard
	Holds           bool          // the service says that it has the shard; otherwise it saved within the group's timeout
	Timeout         time.Duration // of the group
}

func (e *AliveError) Error() string {
	sign := "and the group's timeout is"
	if e.Holds {
		sign = "and the service still counts it in, whose timeout is"
	}
	return fmt.Sprintf("consumer group %q is alive: %q saved the checkpoint of shard %d %v ago, %s %v",
		e.Group, e.Consumer, e.Shard, e.Saved, sign, e.Timeout)
}

// Idle returns an *AliveError if a consumer of the group is seen to be at
// work. The service has no call that lists consumers, so there are two signs:
// a checkpoint saved within the group's timeout, and, after that, whether the
// service takes the checkpoint that is saved once more from the consumer that
// saved it, which it does only from one that holds the shard. Not seen is a
// consumer that took a shard over and has had nothing to save since.
func (o *Observer) Idle(ctx context.Context, g *Group) error {
	asked := map[string]bool{}
	for _, s := range g.Shards {
		alive := &AliveError{
			Group: o.cfg.Group, Consumer: s.Consumer, Shard: s.Shard, Timeout: g.Timeout,
			Saved: max(0, o.client.clock.now().Sub(s.Saved).Round(time.Second)),
		}
		if s.Consumer == "" {
			continue
		}
		if alive.Saved <= g.Timeout {
			return alive
		}
		if asked[s.Consumer] {
			continue
		}
		asked[s.Consumer] = true
		err := o.client.retry(ctx, opening, func() error {
			return o.client.saveAs(ctx, s.Consumer, false, s.Shard, s.Checkpoint)
		})
		switch {
		case err == nil, code(err) == codeNotMatch: // there, if not with this shard
			alive.Holds = true
			return alive
		case code(err) != codeConsumerGone:
			return err
		}
	}
	return nil
}

// Apply saves the new checkpoints by force, in nobody's name, and then reads
// them again, for a consumer may have saved its own. Its error names the
// shards that stayed; the others are moved.
func (o *Observer) Apply(ctx context.Context, moves []Move) error {
	var errs []error
	for _, m := range moves {
		errs = append(errs, o.client.retry(ctx, opening, func() error {
			return o.client.saveAs(ctx, "", true, m.Shard, m.To)
		}))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	saved, err := o.client.listCheckpoints(ctx, opening)
	if err != nil {
		return err
	}
	for _, m := range moves {
		if now := saved[m.Shard]; now.CheckPoint != m.To {
			errs = append(errs, fmt.Errorf("shard %d is at %s again: consumer %q is at work", m.Shard, now.CheckPoint, now.Consumer))
		}
	}
	return errors.Join(errs...)
}
