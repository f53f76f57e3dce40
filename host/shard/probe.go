package shard

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

// A Probe makes the calls of a Source one at a time and once each, for whoever
// looks for what keeps a source from running. It changes nothing that the
// service holds: it joins no group, creates none and moves no checkpoint.
//
// The errors of its methods say what happened and leave out what to do about
// it; Blame sorts them.
type Probe struct {
	client *client
	dates  *dates
}

// NewProbe makes a probe for a configuration that is valid. Close ends it.
func NewProbe(cfg Config) (*Probe, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	full := cfg.withDefaults()
	full.Consumer = "slswasm-check" // nobody's: it holds no shard
	c, err := newClient(&full)
	if err != nil {
		return nil, err
	}
	d := &dates{next: c.http.Transport}
	watched := *c.http
	watched.Transport = d
	c.http = &watched
	return &Probe{c, d}, nil
}

// Close lets go of the connections.
func (p *Probe) Close() { p.client.close() }

// A Way is how requests get to the service.
type Way struct {
	Host, Port string      // that is dialled, unless there is a proxy
	TLS        *tls.Config // nil: without; the caller's own
	Proxy      *url.URL    // nil: none; it may hold a password
}

// Way says which way the calls take.
func (p *Probe) Way() Way {
	e := p.client.endpoint
	u := &url.URL{Scheme: e.scheme, Host: e.dial}
	w := Way{Host: u.Hostname(), Port: u.Port()}
	if w.Port == "" {
		w.Port = map[string]string{"http": "80", "https": "443"}[e.scheme]
	}
	t, isUsual := p.dates.next.(*http.Transport)
	if isUsual && t.Proxy != nil {
		w.Proxy, _ = t.Proxy(&http.Request{URL: u}) // an error shows in each call
	}
	if e.scheme != "https" {
		return w
	}
	w.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if isUsual && t.TLSClientConfig != nil {
		w.TLS = t.TLSClientConfig.Clone()
	}
	if w.TLS.ServerName == "" {
		w.TLS.ServerName = w.Host
	}
	return w
}

// Ahead says how far the service's clock is before this machine's, by the last
// answer that told, to a second or two. A call that is refused for it is made
// again with the right time.
func (p *Probe) Ahead() (ahead time.Duration, known bool) {
	if !p.dates.told.Load() {
		return 0, false
	}
	return time.Duration(p.dates.ahead.Load()), true
}

// Shards is the call ListShards, which RAM calls log:ListShards.
func (p *Probe) Shards(ctx context.Context) (open, readonly []int, err error) {
	shards, err := p.client.shards(ctx)
	for _, s := range shards {
		if s.Status == "readonly" {
			readonly = append(readonly, s.ShardID)
		} else {
			open = append(open, s.ShardID)
		}
	}
	return open, readonly, plain(err)
}

// GroupSettings are those of a consumer group, as the service lists them.
type GroupSettings struct {
	Name    string
	Timeout time.Duration
	Order   bool
}

// Groups is the call ListConsumerGroup: all groups of the logstore.
func (p *Probe) Groups(ctx context.Context) ([]GroupSettings, error) {
	listed, err := p.client.groups(ctx)
	groups := make([]GroupSettings, len(listed))
	for i, g := range listed {
		groups[i] = GroupSettings{g.ConsumerGroupName, time.Duration(g.Timeout) * time.Second, g.InOrder}
	}
	return groups, plain(err)
}

// Checkpoints is the call GetCheckPoint, which RAM calls
// log:GetConsumerGroupCheckPoint.
func (p *Probe) Checkpoints(ctx context.Context) error {
	_, err := p.client.checkpoints(ctx)
	return plain(err)
}

// TryCreate is a CreateConsumerGroup that leaves out the name, so that nothing
// can come of it but an error: that of a missing right, or another.
func (p *Probe) TryCreate(ctx context.Context) error {
	return plain(p.client.json(ctx, call{
		name: "create a consumer group without a name", method: http.MethodPost, path: "/consumergroups",
		body: struct {
			Timeout int `json:"timeout"`
		}{60},
	}, nil))
}

// TrySave is a ConsumerGroupUpdateCheckPoint of a shard that there is not, by a
// consumer that holds none, not forced. Any of the three is enough for the
// service to say no.
func (p *Probe) TrySave(ctx context.Context) error { return plain(p.client.save(ctx, noShard, "")) }

const noShard = 1<<31 - 1

// TryHeartbeat is a ConsumerGroupHeartBeat in a group that must not exist: in
// one that does, it would take shards from its consumers.
func (p *Probe) TryHeartbeat(ctx context.Context) error {
	_, err := p.client.beat(ctx, nil)
	return plain(err)
}

// TryPull is a GetCursor and a PullLogs of one log group at the begin of a
// shard; RAM calls both log:GetCursorOrData. It returns how many log groups
// came: one, or none.
func (p *Probe) TryPull(ctx context.Context, shard int, query string) (groups int, err error) {
	cursor, err := p.client.cursor(ctx, shard, Begin)
	if err != nil {
		return 0, plain(err)
	}
	pulled, err := p.client.pull(ctx, pullRequest{shard: shard, cursor: cursor, count: 1, query: query})
	if err != nil {
		return 0, plain(err)
	}
	return pulled.groups, nil
}

// plain is an error of a call without what to do about it.
func plain(err error) error {
	c, isCall := errors.AsType[*callError](err)
	if !isCall {
		return err
	}
	return &callError{call: c.call, err: c.err}
}

// dates notes the service's time. It is the transport of a client.
type dates struct {
	next  http.RoundTripper
	ahead atomic.Int64
	told  atomic.Bool
}

func (d *dates) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := d.transport().RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		d.ahead.Store(int64(time.Until(date)))
		d.told.Store(true)
	}
	return resp, nil
}

func (d *dates) transport() http.RoundTripper {
	if d.next == nil {
		return http.DefaultTransport
	}
	return d.next
}

// CloseIdleConnections is what http.Client looks for.
func (d *dates) CloseIdleConnections() {
	if t, ok := d.transport().(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// A Culprit is what an error of a call is about.
type Culprit string

// The culprits.
const (
	BlameNobody     Culprit = ""                  // no error
	BlameWay        Culprit = "the way there"     // no answer: the network, a proxy, a certificate
	BlameService    Culprit = "the service"       // which is busy or broken, or is none
	BlameQuota      Culprit = "a quota"           // of reading
	BlameClock      Culprit = "the clock"         // of this machine
	BlameProvider   Culprit = "the credentials"   // cannot be had: file, RAM role
	BlameKeyID      Culprit = "the key id"        // is unknown or disabled
	BlameKeySecret  Culprit = "the key's secret"  // or, of version 4, the region
	BlameToken      Culprit = "the key"           // is refused otherwise: an STS token that has expired
	BlamePermission Culprit = "a missing right"   // RAM denies the action
	BlameProject    Culprit = "the project"       // is not known at this endpoint
	BlameLogstore   Culprit = "the logstore"      // is not in the project
	BlameGroup      Culprit = "no consumer group" // of this name
	BlameQuery      Culprit = "the query"         // is refused
	BlameCall       Culprit = "the call"          // anything else that the service minds
)

// Blame says what is at fault for the error of a Probe.
func Blame(err error) Culprit {
	if err == nil {
		return BlameNobody
	}
	if _, isProvider := errors.AsType[*credentialsError](err); isProvider {
		return BlameProvider
	}
	api, isAnswer := errors.AsType[*sls.Error](err)
	if _, noAnswer := errors.AsType[*url.Error](err); noAnswer {
		return BlameWay
	} else if !isAnswer {
		return BlameService
	}
	if culprit, known := culprits[api.Code]; known {
		return culprit
	}
	switch status := int(api.HTTPCode); {
	case status >= 500, status == http.StatusTooManyRequests, api.RequestID == "": // the last is a stranger
		return BlameService
	case deniedByRAM(api):
		return BlamePermission
	case api.Code == sls.UN_AUTHORIZED, status == http.StatusUnauthorized, status == http.StatusForbidden:
		return BlameToken
	}
	return BlameCall
}

var culprits = map[string]Culprit{
	sls.READ_QUOTA_EXCEED:       BlameQuota,
	sls.SHARD_READ_QUOTA_EXCEED: BlameQuota,
	sls.REQUEST_TIME_TOO_SKEWED: BlameClock,
	codeInvalidKeyID:            BlameKeyID,
	sls.SIGNATURE_NOT_MATCH:     BlameKeySecret,
	sls.PROJECT_NOT_EXIST:       BlameProject,
	sls.LOGSTORE_NOT_EXIST:      BlameLogstore,
	codeGroupMissing:            BlameGroup,
	sls.INVALID_LOGSTORE_QUERY:  BlameQuery,
	sls.INVALID_QUERY_STRING:    BlameQuery,
	codeInvalidAnswer:           BlameService,
}

// deniedByRAM tells a key that lacks a right from one that is no good: the
// service's code is the same, and its message names the action.
func deniedByRAM(api *sls.Error) bool {
	return strings.Contains(api.Message, "denied by sts or ram") || strings.Contains(api.Message, "action: log:")
}
