package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slswasm/slswasm/host/shard"
)

// The names of the checks of a source. Those of rights are the actions' own.
const (
	checkSettings = "settings"
	checkService  = "service"
	checkClock    = "clock"
	checkKey      = "access key"
	checkProject  = "project"
	checkLogstore = "logstore"
	checkShards   = "shards"
	checkGroup    = "consumer group"
	checkPull     = "pull"
	checkQuery    = "query"
)

const (
	// mostSkew is from where the service refuses a request for its date.
	mostSkew = 15 * time.Minute
	someSkew = time.Minute
	// mostGroups is what the service allows a logstore, unless it was asked for more.
	mostGroups = 30
)

func (c Config) sources() []*patient {
	var all []*patient
	for i, flow := range c.Host.Flows {
		for _, s := range flow.Sources {
			p := c.source(s)
			p.of = Of{Kind: OfSource, Flow: i}
			all = append(all, p)
		}
	}
	return all
}

// A source is one logstore as the doctor sees it: what the first two calls
// said, for several checks ask what that means.
type source struct {
	cfg   shard.Config
	probe *shard.Probe

	open, readonly []int
	groups         []shard.GroupSettings
	shardsErr      error
	groupsErr      error
}

func (c Config) source(cfg shard.Config) *patient {
	p := &patient{subject: fmt.Sprintf("source %s/%s, group %s", cfg.Project, cfg.Logstore, cfg.Group)}
	cfg.Logger = nil // what happens is in the lines
	s := &source{cfg: cfg}
	p.shards = func() (int, bool) { n := len(s.open) + len(s.readonly); return n, n > 0 }
	var err error
	if s.probe, err = shard.NewProbe(cfg); err != nil {
		p.checks = []check{{name: checkSettings, try: func(context.Context) finding {
			return failed("%v", err).but("mend this setting")
		}}}
		return p
	}
	p.close = s.probe.Close
	to := s.probe.Way()
	p.secrets = password(to.Proxy)
	reach, there := way{
		host: to.Host, port: to.Port, network: "tcp", tls: to.TLS, proxy: to.Proxy, setting: "--endpoint", lookup: c.lookup,
		trust:  "have the authority that signed it among those of this system (SSL_CERT_FILE)",
		rename: "check --endpoint, and proxies that open TLS connections",
	}.checks()
	known := []string{checkLogstore}
	p.checks = slices.Concat(reach, []check{
		{name: checkService, needs: there, limit: 2 * limit, try: s.service},
		{name: checkClock, needs: []string{checkService}, try: s.clock},
		{name: checkKey, needs: there, try: s.key},
		{name: checkProject, needs: []string{checkService, checkKey}, try: s.project},
		{name: checkLogstore, needs: []string{checkProject}, try: s.logstore},
		{name: mayListShards, needs: known, try: s.right(mayListShards, func(context.Context) error { return s.shardsErr })},
		{name: mayListGroups, needs: known, try: s.right(mayListGroups, func(context.Context) error { return s.groupsErr })},
		{name: mayCreate, needs: append(known, mayListGroups), try: s.mayCreate},
		{name: mayBeat, needs: append(known, mayListGroups), try: s.mayBeat},
		{name: mayReadSaved, needs: known, try: s.right(mayReadSaved, s.probe.Checkpoints)},
		{name: maySave, needs: known, try: s.right(maySave, s.probe.TrySave)},
		{name: mayPull, needs: known, try: s.right(mayPull, func(ctx context.Context) error {
			_, err := s.probe.TryPull(ctx, s.oneShard(), "")
			return err
		})},
		{name: checkShards, needs: []string{mayListShards}, try: s.shards},
		{name: checkGroup, needs: []string{mayListGroups}, try: s.group},
		{name: checkPull, needs: []string{checkShards, mayPull}, try: s.pull},
	})
	if cfg.Query != "" {
		p.checks = append(p.checks, check{name: checkQuery, needs: []string{checkPull}, try: s.query})
	}
	return p
}

// service makes the first two calls, of which others say what the answers mean.
func (s *source) service(ctx context.Context) finding {
	began := time.Now()
	s.open, s.readonly, s.shardsErr = s.probe.Shards(ctx)
	took := time.Since(began).Round(time.Millisecond)
	if s.groupsErr = s.shardsErr; shard.Blame(s.shardsErr) != shard.BlameProvider { // which may take its time to fail
		s.groups, s.groupsErr = s.probe.Groups(ctx)
	}
	err := s.first()
	switch shard.Blame(err) {
	case shard.BlameWay:
		return failed("%v", err).but("check --endpoint and the way there: network, proxy")
	case shard.BlameService:
		return failed("%v", err).but("check --endpoint, or try again later if the service is only busy")
	case shard.BlameQuota:
		return failed("%v", err).but("wait, or have the quota of the logstore raised")
	case shard.BlameProvider:
		return skipped("nothing can be asked without an access key")
	}
	return ok("the Log Service answered in %v", took)
}

// first is the error that says most of what both calls have in common: the one
// that is about no right of a single call.
func (s *source) first() error {
	if shard.Blame(s.shardsErr) == shard.BlamePermission {
		return s.groupsErr
	}
	return s.shardsErr
}

func (s *source) clock(context.Context) finding {
	ahead, known := s.probe.Ahead()
	const remedy = "set this machine's clock, and let NTP keep it"
	switch skew := ahead.Abs(); {
	case shard.Blame(s.first()) == shard.BlameClock:
		return failed("%v", s.first()).but(remedy)
	case !known:
		return skipped("the service did not tell its time")
	case skew >= mostSkew:
		return failed("this machine is %s: signatures that are more than %v off are refused (RequestTimeTooSkewed)", off(ahead), mostSkew).but(remedy)
	case skew >= someSkew:
		return warning("this machine is %s", off(ahead)).but(remedy)
	}
	return ok("that of the service, within %v", someSkew)
}

// off says how a clock is wrong, by how far the right one is ahead.
func off(ahead time.Duration) string {
	if ahead > 0 {
		return ahead.Round(time.Second).String() + " behind the service"
	}
	return (-ahead).Round(time.Second).String() + " ahead of the service"
}

func (s *source) key(context.Context) finding {
	err := s.first()
	switch shard.Blame(err) {
	case shard.BlameProvider:
		return failed("%v", err).but("give a key that can be read: --access-key-id and --access-key-secret, --credentials-file or --ram-role")
	case shard.BlameKeyID:
		return failed("the access key id is unknown or disabled: %v", err).but("check --access-key-id, and that the key is enabled in RAM")
	case shard.BlameKeySecret:
		return failed("the access key secret is not that of the id: %v", err).but("check --access-key-secret and, with --auth v4, --region")
	case shard.BlameToken:
		return failed("the access key is refused: %v", err).but("give a current one: an STS token ends, and belongs to one key (--sts-token, --credentials-file)")
	case shard.BlameClock:
		return skipped("not known: the clock is in the way")
	case shard.BlameWay, shard.BlameService, shard.BlameQuota:
		return skipped("not known: the service is in the way")
	}
	return ok("known, and it signs as it should")
}

func (s *source) project(context.Context) finding {
	if err := s.first(); shard.Blame(err) == shard.BlameProject {
		return failed("%v", err).but("check --project %q, and that --endpoint %q is that of its region", s.cfg.Project, s.cfg.Endpoint)
	}
	return ok("%s exists", s.cfg.Project)
}

func (s *source) logstore(context.Context) finding {
	if err := s.first(); shard.Blame(err) == shard.BlameLogstore {
		return failed("%v", err).but("check --logstore %q of project %q", s.cfg.Logstore, s.cfg.Project)
	}
	if shard.Blame(s.first()) == shard.BlamePermission {
		return ok("%s: no call is allowed that would tell", s.cfg.Logstore)
	}
	return ok("%s exists", s.cfg.Logstore)
}

// existing is the group, if there is one.
func (s *source) existing() *shard.GroupSettings {
	for i, g := range s.groups {
		if g.Name == s.cfg.Group {
			return &s.groups[i]
		}
	}
	return nil
}

func (s *source) oneShard() int {
	for _, ids := range [][]int{s.open, s.readonly} {
		if len(ids) > 0 {
			return ids[0]
		}
	}
	return 0 // which there was at least once
}

func (s *source) shards(context.Context) finding {
	n := len(s.open) + len(s.readonly)
	if s.shardsErr != nil {
		return failed("%v", s.shardsErr).but("see what the service minds")
	}
	if n == 0 {
		return warning("there are none").but("see the logstore in the console: nothing can be written to it either")
	}
	return ok("%d, %d of them read-only", n, len(s.readonly))
}

func (s *source) group(context.Context) finding {
	const listed = 10
	if s.groupsErr != nil {
		return failed("%v", s.groupsErr).but("see what the service minds")
	}
	if g := s.existing(); g != nil {
		return s.compare(g)
	}
	var names []string
	for _, g := range s.groups[:min(len(s.groups), listed)] {
		names = append(names, g.Name)
	}
	some := strings.Join(names, ", ")
	switch n := len(s.groups); {
	case n == mostGroups:
		return failed("%s does not exist, and the logstore has %d others, which is the service's limit (ConsumerGroupQuotaExceed): %s...", s.cfg.Group, n, some).
			but("delete a consumer group that nobody uses, or name an existing one with --group")
	case n > mostGroups: // so the limit is another one here
		return warning("%s does not exist yet, and the logstore has %d others, more than the usual limit of %d", s.cfg.Group, n, mostGroups).
			but("delete a consumer group that nobody uses, or the limit may be met")
	}
	return ok("%s does not exist yet and will be created; there are %d of at most %d", s.cfg.Group, len(s.groups), mostGroups)
}

// compare holds an existing group against the settings, as a run would.
func (s *source) compare(g *shard.GroupSettings) finding {
	beat := s.cfg.HeartbeatInterval
	const remedy = "change the group, or name another one with --group: a run never changes an existing one"
	switch {
	case g.Timeout <= 0:
		return failed("%s has a timeout of %v", g.Name, g.Timeout).but("give the group a timeout of a few heartbeats")
	case beat > g.Timeout/2:
		return warning("%s has a timeout of %v, which is too short for a heartbeat each %v; a run will send one each %v", g.Name, g.Timeout, beat, g.Timeout/3).
			but("set --heartbeat-interval to a third of the group's timeout")
	case s.cfg.Timeout > 0 && s.cfg.Timeout != g.Timeout:
		return warning("%s has a timeout of %v, and not of %v", g.Name, g.Timeout, s.cfg.Timeout).but(remedy)
	case s.cfg.Order != g.Order:
		return warning("%s exists with order %v, and not %v", g.Name, g.Order, s.cfg.Order).but(remedy)
	}
	return ok("%s exists, with a timeout of %v", g.Name, g.Timeout)
}

func (s *source) pull(ctx context.Context) finding {
	return s.tryPull(ctx, "", "run this check again, and see whether the logstore can be read in the console")
}

func (s *source) query(ctx context.Context) finding {
	return s.tryPull(ctx, s.cfg.Query, "check --query: it is refused, while a pull without it succeeds")
}

func (s *source) tryPull(ctx context.Context, query, remedy string) finding {
	id := s.oneShard()
	n, err := s.probe.TryPull(ctx, id, query)
	switch {
	case shard.Blame(err) == shard.BlameQuota:
		return warning("%v", err).but("wait, or have the quota of the logstore raised")
	case err != nil:
		return failed("%v", unwound(err)).but("%s", remedy)
	case n == 0 && query == "":
		return ok("shard %d is empty", id)
	case query != "":
		return ok("accepted")
	}
	return ok("the first log group of shard %d came", id)
}

// unwound says "it takes too long" in few words.
func unwound(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer in time: %w", err)
	}
	return err
}
