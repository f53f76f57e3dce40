package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host/shard"
)

// observedSettings are the flags of commands that look at consumer groups from
// outside.
type observedSettings struct {
	file   configSettings
	source sourceSettings // of which each source of the file has its own
	log    logSettings
	only   string
}

func (s *observedSettings) flags() []cli.Flag {
	source := slices.DeleteFunc(s.source.flags(), func(f cli.Flag) bool { return !slices.Contains(observing, f.Names()[0]) })
	only := &cli.StringFlag{Name: "source", Usage: "`NAME` of the one source in the configuration file that is meant (default: all)", Destination: &s.only, Category: "Configuration"}
	return slices.Concat(s.file.flags(), []cli.Flag{only}, source, s.log.flags("error"))
}

// observing are the flags of a source that matter to who does not consume it.
var observing = []string{
	"endpoint", "project", "logstore", "group", "access-key-id", "access-key-secret", "sts-token", "credentials-file", "ram-role",
	"auth", "region", "from",
}

// configs are of the sources in the configuration file, or of the one on the
// command line.
func (s *observedSettings) configs(c *cli.Context, logger *slog.Logger) ([]shard.Config, error) {
	d, err := readDocument(s.file.path)
	if err != nil {
		return nil, err
	}
	flows, err := d.flows(overrides(c))
	if err != nil {
		return nil, err
	}
	if s.only != "" {
		names := make([]string, len(flows))
		for i, f := range flows {
			names[i] = f.flowSettings.name
		}
		at := slices.Index(names, s.only)
		if at < 0 {
			return nil, fmt.Errorf("--source: %q is none of those in --config: %s", s.only, strings.Join(names, ", "))
		}
		flows = flows[at : at+1]
	}
	var configs []shard.Config
	var errs []error
	for _, f := range flows {
		more, err := f.source.configs(shard.Config{Logger: logger})
		configs, errs = append(configs, more...), append(errs, f.located(err))
	}
	return configs, errors.Join(errs...)
}

// An observed group is one source, seen from outside.
type observed struct {
	*shard.Observer
	Project, Logstore, Group string
}

func (o *observed) title() string {
	return fmt.Sprintf("%s/%s, group %s", o.Project, o.Logstore, o.Group)
}

// open makes an observer of each source. The returned function closes them.
func (s *observedSettings) open(c *cli.Context) (all []*observed, end func(), err error) {
	logger, err := s.log.logger(c)
	if err != nil {
		return nil, nil, usage(err)
	}
	shard.RouteSDKLog(logger)
	configs, err := s.configs(c, logger)
	if err != nil {
		return nil, nil, usage(err)
	}
	end = func() {
		for _, o := range all {
			o.Close()
		}
	}
	for _, cfg := range configs {
		o, err := shard.Observe(cfg)
		if err != nil {
			end()
			return nil, nil, usage(err)
		}
		all = append(all, &observed{o, cfg.Project, cfg.Logstore, cfg.Group})
	}
	return all, end, nil
}

// A snapshot is all groups at one moment. Its names are those of --json.
type snapshot struct {
	At     time.Time   `json:"at"`
	Groups []groupView `json:"groups"`
}

type groupView struct {
	Project  string      `json:"project"`
	Logstore string      `json:"logstore"`
	Group    string      `json:"group"`
	Error    string      `json:"error,omitempty"`
	Timeout  float64     `json:"timeout_seconds,omitempty"` // of the group
	Order    bool        `json:"order,omitempty"`
	Shards   []shardView `json:"shards"` // by number

	title string
	look  *shard.Group
	err   error
}

// A shardView is a shard.Standing for programs; what is not known is null.
type shardView struct {
	Shard      int        `json:"shard"`
	State      string     `json:"state"` // open, read-only or over
	Checkpoint string     `json:"checkpoint"`
	Consumer   string     `json:"consumer"`
	Saved      *time.Time `json:"saved"`
	Time       *time.Time `json:"time"`
	Newest     *time.Time `json:"newest"`
	UpToDate   bool       `json:"up_to_date"`
	Expired    bool       `json:"expired"`
	Lag        float64    `json:"lag_seconds"`
	Waiting    float64    `json:"waiting_seconds"`
	Groups     *int64     `json:"lag_log_groups"`
}

// look asks all groups. The error is of those that did not answer; the others
// are looked at.
func look(ctx context.Context, all []*observed) (*snapshot, error) {
	s := &snapshot{At: time.Now().UTC().Truncate(time.Second), Groups: make([]groupView, len(all))}
	var errs []error
	for i, o := range all {
		v := groupView{Project: o.Project, Logstore: o.Logstore, Group: o.Group, title: o.title(), Shards: []shardView{}}
		if v.look, v.err = o.Look(ctx); v.err != nil {
			v.Error = v.err.Error()
			errs = append(errs, fmt.Errorf("%s: %w", v.title, v.err))
		} else {
			v.fill()
		}
		s.Groups[i] = v
	}
	return s, blame(errs...)
}

// blame makes errors of the service one: about settings only when all are.
func blame(errs ...error) error {
	err := errors.Join(errs...)
	if err != nil && !slices.ContainsFunc(errs, func(err error) bool { return err != nil && !shard.Misset(err) }) {
		return usage(err)
	}
	return err
}

func (v *groupView) fill() {
	v.Timeout, v.Order = v.look.Timeout.Seconds(), v.look.Order
	slices.SortFunc(v.look.Shards, func(a, b shard.Standing) int { return cmp.Compare(a.Shard, b.Shard) })
	for _, s := range v.look.Shards {
		view := shardView{
			Shard: s.Shard, State: stateOf(s), Checkpoint: s.Checkpoint, Consumer: s.Consumer,
			Saved: known(s.Saved), Time: known(s.Time), Newest: known(s.Newest),
			UpToDate: s.UpToDate, Expired: s.Expired, Lag: s.Lag.Seconds(), Waiting: s.Waiting.Seconds(),
		}
		if s.Groups >= 0 {
			view.Groups = &s.Groups
		}
		v.Shards = append(v.Shards, view)
	}
}

func stateOf(s shard.Standing) string {
	switch {
	case s.Over():
		return "over"
	case s.ReadOnly:
		return "read-only"
	}
	return "open"
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
