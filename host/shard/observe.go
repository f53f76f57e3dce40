package shard

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"golang.org/x/sync/errgroup"
)

// An Observer looks at a consumer group from outside. It is no consumer: it
// sends no heartbeat, is given no shard, and creates no group.
type Observer struct {
	cfg    Config
	client *client
}

// Observe makes an Observer of the group in cfg; it makes no call. The caller
// closes it.
func Observe(cfg Config) (*Observer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	full := cfg.withDefaults()
	c, err := newClient(&full)
	if err != nil {
		return nil, err
	}
	return &Observer{full, c}, nil
}

// Close lets go of the connections.
func (o *Observer) Close() { o.client.close() }

// A Group is a consumer group and how far it has come.
type Group struct {
	Timeout time.Duration // silence after which a consumer's shards are handed on
	Order   bool          // child shards wait for their parents
	Shards  []Standing    // as the service lists them
}

// A Standing is how far a group has come in one shard. Times are those of
// arrival at the service, which knows whole seconds.
type Standing struct {
	Shard    int
	ReadOnly bool // it was split or merged and gets no more logs

	Checkpoint string    // what is saved; "" before anything is
	Consumer   string    // who saved it last; "" for none, or for a person with a tool
	Saved      time.Time // when; zero before anything is

	Next   string    // cursor where the consumer goes on: the checkpoint, or where it would start
	End    string    // cursor behind the newest log
	Time   time.Time // of the log at Next, or of the newest where Next is End; zero in an empty shard
	Newest time.Time // of the newest log; zero in an empty shard

	UpToDate bool          // Next is End
	Expired  bool          // logs after the checkpoint are gone: Next is the oldest that is left
	Lag      time.Duration // from Time to Newest
	Waiting  time.Duration // how long the log at Next has been there
	Groups   int64         // log groups from Next to End; -1 where the cursors do not tell
}

// Over says whether nothing is left of a shard, now or later.
func (s Standing) Over() bool { return s.ReadOnly && s.UpToDate }

// ErrNoGroup says that the service knows no such consumer group.
var ErrNoGroup = errors.New("there is no such consumer group")

// Misset says whether an error of an Observer is to be mended in the settings;
// otherwise the service, or the way there, has trouble.
func Misset(err error) bool {
	return err != nil && (errors.Is(err, ErrNoGroup) || errors.Is(err, errTarget) || classify(err) != transient)
}

// lookers is how many shards are looked at at once.
const lookers = 8

// Look asks the service how far the group has come. It changes nothing.
func (o *Observer) Look(ctx context.Context) (*Group, error) {
	group, err := o.find(ctx)
	if err != nil {
		return nil, err
	}
	shards, err := o.client.listShards(ctx, opening)
	if err != nil {
		return nil, err
	}
	saved, err := o.client.listCheckpoints(ctx, opening)
	if err != nil {
		return nil, err
	}
	starts := newStarts(o.cfg.From, shards, saved)
	out := &Group{
		Timeout: time.Duration(group.Timeout) * time.Second, Order: group.InOrder, Shards: make([]Standing, len(shards)),
	}
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(lookers)
	for i, sh := range shards {
		all.Go(func() (err error) {
			out.Shards[i], err = o.standing(ctx, sh, saved[sh.ShardID], starts.of(sh.ShardID))
			return err
		})
	}
	return out, all.Wait()
}

// find returns the group's settings.
func (o *Observer) find(ctx context.Context) (sls.ConsumerGroup, error) {
	groups, err := o.client.listGroups(ctx, opening)
	if err != nil {
		return sls.ConsumerGroup{}, err
	}
	for _, g := range groups {
		if g.ConsumerGroupName == o.cfg.Group {
			return g, nil
		}
	}
	hint := "this logstore has none; slswasm run creates it"
	if len(groups) > 0 {
		hint = "this logstore has: " + names(groups)
	}
	return sls.ConsumerGroup{}, fmt.Errorf("--group %q: %w: %s", o.cfg.Group, ErrNoGroup, hint)
}

// standing looks at one shard. Its checkpoint was read before its end is, or
// it might lie behind that.
func (o *Observer) standing(ctx context.Context, sh sls.Shard, saved sls.ConsumerGroupCheckPoint, start Position) (Standing, error) {
	s := Standing{
		Shard: sh.ShardID, ReadOnly: sh.Status == "readonly", Groups: -1,
		Checkpoint: saved.CheckPoint, Next: saved.CheckPoint,
	}
	if saved.CheckPoint != "" {
		s.Consumer, s.Saved = saved.Consumer, time.UnixMicro(saved.UpdateTime).UTC()
	}
	var err error
	if s.Next == "" {
		if s.Next, err = o.client.findCursor(ctx, opening, s.Shard, start); err != nil {
			return s, err
		}
	}
	if s.End, err = o.client.findCursor(ctx, opening, s.Shard, End); err != nil {
		return s, err
	}
	if s.Newest, err = o.newest(ctx, s.Shard, s.End); err != nil {
		return s, err
	}
	s.UpToDate = reached(s.Next, s.End)
	if !s.UpToDate {
		err = o.behind(ctx, &s)
	}
	if s.UpToDate { // perhaps because there is nothing left of what it was behind
		s.Groups, s.Time, s.Lag, s.Waiting = 0, s.Newest, 0, 0
	}
	return s, err
}

// behind measures a shard that is not read to its end.
func (o *Observer) behind(ctx context.Context, s *Standing) (err error) {
	s.Time, err = o.timeOf(ctx, s.Shard, s.Next)
	if code(err) == sls.INVALID_CURSOR {
		s.Expired = true
		if s.Next, err = o.client.findCursor(ctx, opening, s.Shard, Begin); err != nil {
			return err
		}
		if s.UpToDate = reached(s.Next, s.End); s.UpToDate {
			return nil
		}
		s.Time, err = o.timeOf(ctx, s.Shard, s.Next)
	}
	if err != nil {
		return err
	}
	s.Lag = max(0, s.Newest.Sub(s.Time))
	s.Waiting = max(s.Lag, o.client.clock.now().Sub(s.Time).Truncate(time.Second))
	s.Groups, _ = between(s.Next, s.End)
	return nil
}

// newest returns when the last log group before the end arrived. Where
// cursors cannot be counted it is the time that the service gives the end.
func (o *Observer) newest(ctx context.Context, shard int, end string) (time.Time, error) {
	n, ok := ordinal(end)
	if !ok {
		return o.timeOf(ctx, shard, end)
	}
	t, err := o.timeOf(ctx, shard, base64.StdEncoding.EncodeToString(strconv.AppendInt(nil, n-1, 10)))
	if code(err) == sls.INVALID_CURSOR { // there is none
		return time.Time{}, nil
	}
	return t, err
}

func (o *Observer) timeOf(ctx context.Context, shard int, cursor string) (t time.Time, err error) {
	err = o.client.retry(ctx, opening, func() error {
		t, err = o.client.cursorTime(ctx, shard, cursor)
		return err
	})
	if err != nil {
		return time.Time{}, err
	}
	return t, nil
}

// between counts the log groups from one cursor to another, below 0 when the
// other one is earlier; -1 and false where cursors cannot be counted.
func between(from, to string) (int64, bool) {
	f, ok := ordinal(from)
	t, ok2 := ordinal(to)
	if !ok || !ok2 {
		return -1, false
	}
	return t - f, true
}
