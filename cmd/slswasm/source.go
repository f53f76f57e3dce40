package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host/shard"
)

// sourceSettings are the flags about what is consumed; with a configuration
// file, each of its sources has its own.
type sourceSettings struct {
	endpoint, project, logstore, group, consumer string
	keyID, keySecret, token, keyFile, role       string
	auth, region                                 string
	from, query, onExpired                       string
	heartbeat, timeout, fetch, commit            time.Duration
	order, zstd                                  bool
	pullCount                                    int
}

func (s *sourceSettings) flags() []cli.Flag {
	const c = category("Log Service")
	s.auth, s.from, s.onExpired = "v1", string(shard.Begin), string(shard.ExpiredBegin)
	s.heartbeat, s.fetch, s.commit = 20*time.Second, time.Second, time.Second
	s.pullCount = 1000
	return []cli.Flag{
		c.text(&s.endpoint, "endpoint", "`HOST` of the region, such as cn-hangzhou.log.aliyuncs.com; https:// before it for TLS; several: a;b", "SLS_ENDPOINT", "SLS_ENDPOINTS"),
		c.text(&s.project, "project", "`NAME` of the project; several, one for each endpoint: a;b", "SLS_PROJECT", "SLS_PROJECTS"),
		c.text(&s.logstore, "logstore", "`NAME` of the logstore; several of one project: x,y; for each project: x,y;z", "SLS_LOGSTORE", "SLS_LOGSTORES"),
		c.text(&s.group, "group", "`NAME` of the consumer group; slswasm run creates it if need be", "SLS_CG"),
		c.text(&s.consumer, "consumer", "`NAME` of this process in the group; two processes with one name deliver everything twice (default: group, host name and process id)"),
		c.text(&s.keyID, "access-key-id", "`ID` of the access key", "SLS_AK_ID"),
		c.secret(&s.keySecret, "access-key-secret", "`SECRET` of the access key; rather by environment or file than here, where others see it", "SLS_AK_KEY"),
		c.secret(&s.token, "sts-token", "security `TOKEN` of a temporary key", "SLS_STS_TOKEN"),
		c.file(&s.keyFile, "credentials-file", "JSON or key=value `FILE` with the access key; read again when it changes"),
		c.text(&s.role, "ram-role", "`NAME` of the ECS instance's RAM role, in place of a key"),
		c.text(&s.auth, "auth", "`VERSION` of the signature: v1 or v4"),
		c.text(&s.region, "region", "`NAME` of the region, such as cn-hangzhou; for --auth v4"),
		c.text(&s.from, "from", "`POSITION` where a shard without a checkpoint starts: begin, end or an ISO 8601 time (documented: cursor_start_time)"),
		c.text(&s.query, "query", "`SPL` rule that the service applies to the logs, such as \"* | where instance_id = 'i-1'\""),
		c.text(&s.onExpired, "on-expired", "`POSITION` to go on from when the logs after a checkpoint are gone: begin or end; or halt, to stop there"),
		c.duration(&s.heartbeat, "heartbeat-interval", "`DURATION` between two heartbeats of this consumer"),
		c.duration(&s.timeout, "group-timeout", "`DURATION` of a consumer's silence after which a new group hands its shards on; 0: three heartbeats"),
		c.duration(&s.fetch, "fetch-interval", "`DURATION` between two pulls of a shard, at the most (documented: data_fetch_interval)"),
		c.duration(&s.commit, "commit-interval", "`DURATION` between two checkpoints of a shard, at the least"),
		c.number(&s.pullCount, "pull-count", "`N` log groups in one pull, 1 to 1000"),
		c.yes(&s.order, "order", "make a new group one that finishes the old shard first after a split"),
		c.yes(&s.zstd, "zstd", "pull zstd in place of lz4: less traffic, more CPU"),
	}
}

// configs returns one configuration for each logstore; its error holds
// everything that is missing or wrong.
func (s *sourceSettings) configs(base shard.Config) ([]shard.Config, error) {
	var errs []error
	fail := func(flag string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("--%s: %w", flag, err))
		}
	}
	base.Group, base.Consumer, base.Region, base.Query = s.group, s.consumer, s.region, s.query
	base.HeartbeatInterval, base.Timeout, base.FetchInterval, base.CommitInterval = s.heartbeat, s.timeout, s.fetch, s.commit
	base.PullCount, base.Order, base.Zstd = s.pullCount, s.order, s.zstd
	var err error
	base.From, err = shard.ParsePosition(s.from)
	fail("from", err)
	errs = append(errs, notZero(map[string]int64{
		"heartbeat-interval": int64(s.heartbeat), "fetch-interval": int64(s.fetch), "commit-interval": int64(s.commit), "pull-count": int64(s.pullCount),
	}))
	base.OnExpired, err = shard.ParsePolicy(s.onExpired)
	fail("on-expired", err)
	switch s.auth {
	case "v1", "v4":
		base.AuthV4 = s.auth == "v4"
	default:
		fail("auth", fmt.Errorf("%q is none of: v1, v4", s.auth))
	}
	if base.Credentials, err = s.credentials(); err != nil {
		errs = append(errs, err)
		base.Credentials, _ = shard.StaticCredentials("-", "-", "") // what is wrong with them is said
	}
	base.Credentials = hidden(base.Credentials, "credentials of "+s.keyID+s.keyFile+s.role, base.Logger)
	configs, err := s.spread(base)
	if err != nil {
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return configs, nil
}

// spread makes one configuration of each logstore in the documented lists.
func (s *sourceSettings) spread(base shard.Config) ([]shard.Config, error) {
	endpoints, projects, logstores := split(s.endpoint, ";"), split(s.project, ";"), split(s.logstore, ";")
	if len(endpoints) != len(projects) || len(projects) != len(logstores) {
		return nil, fmt.Errorf("--endpoint, --project and --logstore: %d, %d and %d values between semicolons; give one of each for every project",
			len(endpoints), len(projects), len(logstores))
	}
	if strings.Contains(s.endpoint, "@") {
		return nil, errors.New("--endpoint: holds an @; the access key has flags of its own") // and is not shown
	}
	var configs []shard.Config
	var errs []error
	seen := map[place]bool{}
	for _, p := range s.places() {
		if seen[p] && p.logstore != "" {
			errs = append(errs, fmt.Errorf("--logstore: %s of project %s is named twice; each log would be delivered twice", p.logstore, p.project))
		}
		seen[p] = true
		c := base
		c.Endpoint, c.Project, c.Logstore = p.endpoint, p.project, p.logstore
		if err := c.Validate(); err != nil {
			errs = append(errs, err)
		}
		configs = append(configs, c)
	}
	return configs, errors.Join(errs...)
}

// A place is one logstore.
type place struct{ endpoint, project, logstore string }

// places are the logstores in the documented lists, as far as these match.
func (s *sourceSettings) places() []place {
	endpoints, projects := split(s.endpoint, ";"), split(s.project, ";")
	var places []place
	for i, logstores := range split(s.logstore, ";") {
		for _, logstore := range split(logstores, ",") {
			if i < min(len(endpoints), len(projects)) {
				places = append(places, place{endpoints[i], projects[i], logstore})
			}
		}
	}
	return places
}

// split cuts a list; an empty text is a list of one empty value, so that what
// is missing is named by the one who misses it.
func split(list, sep string) []string {
	parts := strings.Split(strings.Trim(list, sep+" "), sep)
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

func (s *sourceSettings) credentials() (sls.CredentialsProvider, error) {
	key := s.keyID != "" || s.keySecret != "" || s.token != ""
	switch {
	case s.keyFile != "" && s.role != "":
		return nil, errors.New("--credentials-file and --ram-role: give one of them")
	case s.role != "":
		return shard.RoleCredentials(s.role), nil
	case s.keyFile != "":
		p, err := shard.FileCredentials(s.keyFile)
		if err != nil {
			return nil, fmt.Errorf("--credentials-file: %w", err)
		}
		return p, nil
	case !key:
		return nil, nil //nolint:nilnil // Validate says what is missing
	}
	p, err := shard.StaticCredentials(s.keyID, s.keySecret, s.token)
	if err != nil {
		return nil, fmt.Errorf("--access-key-id, --access-key-secret: %w", err)
	}
	return p, nil
}
