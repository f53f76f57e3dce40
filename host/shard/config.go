package shard

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

// Config says what to consume and how. Endpoint, Project, Logstore, Group and
// Credentials have no default.
type Config struct {
	// Endpoint is the host of the region, such as cn-hangzhou.log.aliyuncs.com,
	// with https:// before it for TLS; http:// or nothing is plain HTTP. An IP
	// address, with or without a port, works too: it is dialled, and with TLS
	// the certificate must name it.
	Endpoint string
	Project  string
	Logstore string
	Group    string // the consumer group; created if need be
	Consumer string // unique in the group; default group, host name and process id

	AuthV4      bool   // sign with version 4, which needs Region
	Region      string // such as cn-hangzhou
	Credentials sls.CredentialsProvider

	From      Position // where a group starts that has no checkpoints (see RATIONALE.md); default Begin
	Until     Position // where to stop: Now or a time that has passed; default never
	Query     string   // SPL rule that the service applies; default none
	OnExpired Policy   // default ExpiredBegin

	HeartbeatInterval time.Duration // default 20 s
	Timeout           time.Duration // of a new group, whole seconds; default 3 heartbeats
	FetchInterval     time.Duration // most time between two pulls that find nothing; default 1 s
	CommitInterval    time.Duration // least time between two saved checkpoints of a shard; default 1 s
	DrainTimeout      time.Duration // for batches in hand when stopping; default 30 s

	PullCount int  // log groups a pull, 1 to 1000; default 1000
	Zstd      bool // ask for zstd in place of lz4: less traffic, more CPU
	Order     bool // of a new group: child shards wait for their parents

	// OnPull sees the bytes of each pull that holds logs, decompressed, before
	// they are decoded (see Decode), and keeps nothing of them. Shards call it
	// at the same time.
	OnPull func(shard int, raw []byte)

	HTTPClient *http.Client // default: one that honours HTTP_PROXY and NO_PROXY
	Budget     *Budget      // bounds the memory of pulls; may be shared between sources; default DefaultBudget
	Logger     *slog.Logger // default: silent
}

// maxPullCount is the service's limit.
const maxPullCount = 1000

// DefaultBudget is the size of a Budget, in bytes, for which nothing else is
// said. More made no run faster.
const DefaultBudget = 32 << 20

// setting is an error about one setting, named by its flag.
func setting(flag, format string, args ...any) error {
	return fmt.Errorf("%s %s", flag, fmt.Sprintf(format, args...))
}

// Validate returns everything that is missing or wrong, joined, each with the
// flag that it is about.
func (c *Config) Validate() error {
	return errors.Join(slices.Concat(c.checkPresent(), c.checkPositions(), c.checkNumbers())...)
}

func (c *Config) checkPresent() []error {
	var errs []error
	for _, s := range []struct{ name, value string }{
		{"--endpoint", c.Endpoint}, {"--project", c.Project}, {"--logstore", c.Logstore}, {"--group", c.Group},
	} {
		if s.value == "" {
			errs = append(errs, setting(s.name, "is missing"))
		}
	}
	if c.Endpoint != "" {
		_, err := parseEndpoint(c.Endpoint, c.Project)
		errs = append(errs, err)
	}
	if c.Credentials == nil {
		errs = append(errs, setting("--access-key-id and --access-key-secret (or --credentials-file, or --ram-role)", "are missing"))
	}
	if c.AuthV4 && c.Region == "" {
		errs = append(errs, setting("--region", "is missing: signatures of version 4 need it, such as cn-hangzhou"))
	}
	return errs
}

func (c *Config) checkPositions() []error {
	var errs []error
	from, fromTime := c.From.Time()
	if !fromTime && !slices.Contains([]Position{"", Begin, End, Now}, c.From) {
		errs = append(errs, setting("--from", "%q: want begin, end or a time", string(c.From)))
	}
	until, untilTime := c.Until.Time()
	switch {
	case !untilTime && !slices.Contains([]Position{"", End, Now}, c.Until):
		errs = append(errs, setting("--until", "%q: want now or a time", string(c.Until)))
	case !untilTime:
	case until.After(time.Now()):
		errs = append(errs, setting("--until", "%v lies in the future: want now or a time that has passed", c.Until))
	case fromTime && !until.After(from):
		errs = append(errs, setting("--until", "%v is not after --from %v: nothing lies between", c.Until, c.From))
	}
	if c.OnExpired != "" {
		if _, err := ParsePolicy(string(c.OnExpired)); err != nil {
			errs = append(errs, setting("--on-expired", "%v", err))
		}
	}
	return errs
}

func (c *Config) checkNumbers() []error {
	var errs []error
	if c.PullCount < 0 || c.PullCount > maxPullCount {
		errs = append(errs, setting("--pull-count", "%d: want 1 to %d", c.PullCount, maxPullCount))
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"--heartbeat-interval", c.HeartbeatInterval}, {"--group-timeout", c.Timeout}, {"--fetch-interval", c.FetchInterval},
		{"--commit-interval", c.CommitInterval}, {"--drain-timeout", c.DrainTimeout},
	} {
		if d.value < 0 {
			errs = append(errs, setting(d.name, "%v is negative", d.value))
		}
	}
	if c.Timeout%time.Second != 0 {
		errs = append(errs, setting("--group-timeout", "%v: want whole seconds", c.Timeout))
	}
	if full := c.withDefaults(); c.Timeout > 0 && full.HeartbeatInterval >= c.Timeout {
		errs = append(errs, setting("--heartbeat-interval", "%v: want less than --group-timeout, %v, or shards are lost between two heartbeats",
			full.HeartbeatInterval, c.Timeout))
	}
	return errs
}

func (c *Config) withDefaults() Config {
	d := *c
	setDefault(&d.From, Begin)
	if d.From == Now {
		d.From = End
	}
	setDefault(&d.OnExpired, ExpiredBegin)
	setDefault(&d.HeartbeatInterval, 20*time.Second)
	setDefault(&d.Timeout, (3*d.HeartbeatInterval + time.Second - 1).Truncate(time.Second))
	setDefault(&d.FetchInterval, time.Second)
	setDefault(&d.CommitInterval, time.Second)
	setDefault(&d.DrainTimeout, 30*time.Second)
	setDefault(&d.PullCount, maxPullCount)
	if d.Consumer == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "unknown-host"
		}
		d.Consumer = fmt.Sprintf("%s-%s-%d", d.Group, host, os.Getpid())
	}
	if d.Budget == nil {
		d.Budget = NewBudget(DefaultBudget)
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	d.Logger = d.Logger.With("project", d.Project, "logstore", d.Logstore, "group", d.Group)
	return d
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}
