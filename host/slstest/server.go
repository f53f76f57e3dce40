// Package slstest is Alibaba Cloud Log Service (SLS) in one process, for
// tests, demonstrations and benchmarks, in the manner of net/http/httptest:
// projects, logstores, shards, consumer groups, puts and pulls over the wire
// format that the official SDKs speak, with signatures verified, errors that
// carry the service's codes, faults on request and the state open to look at.
//
// It is strict where the service is strict and says no where it does not know
// better: a call that it does not carry out is an error, never a guess.
// RATIONALE.md lists what had to be decided without the service at hand.
//
// Nothing here consumes logs, and nothing but tests and the commands emulate
// and demo imports it. Everything is kept in memory; rates are not simulated.
package slstest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
)

// The key pair that is used when Config names none.
const (
	DefaultAccessKeyID     = "slstest-id"
	DefaultAccessKeySecret = "slstest-secret"
)

// Limits of the service, and the defaults of Config.
const (
	MaxConsumerGroups = 30       // of one logstore
	MaxPullCount      = 1000     // log groups in one pull
	DefaultPutBytes   = 10 << 20 // of one put, uncompressed
	DefaultPullBytes  = 10 << 20 // of one pull, uncompressed
	DefaultSkew       = 15 * time.Minute
)

// Config is what a Server is made of. The zero value of every field but
// Projects is a usable default.
type Config struct {
	Projects []Project

	// AccessKeyID and AccessKeySecret sign every request; both empty stand
	// for DefaultAccessKeyID and DefaultAccessKeySecret.
	AccessKeyID, AccessKeySecret string
	SecurityToken                string // STS; when set, each request must carry it
	Region                       string // when set, version 4 signatures must name it

	// Now is the clock of receive times, group timeouts and the check of a
	// request's date. Nil is time.Now.
	Now func() time.Time
	// Dated has answers tell Now in their header Date, as the service does;
	// otherwise a socket tells the time of this machine, and a function call none.
	Dated bool
	// MaxSkew is how far a request's date may be from Now; 0 is DefaultSkew,
	// and a negative value switches the check off (for a Now of one's own).
	MaxSkew time.Duration

	MaxPutBytes  int   // of one put, uncompressed; 0 is DefaultPutBytes
	MaxPullBytes int   // of one pull, uncompressed, but at least one log group; 0 is DefaultPullBytes
	CacheBytes   int64 // of compressed pull answers to keep for the next reader; 0 keeps none
	// NoReceiveTime leaves out the tag __receive_time__ that the service
	// adds to every log group.
	NoReceiveTime bool

	Logger *slog.Logger // one line a call at debug level; nil is silent
}

// A Project is a named set of logstores.
type Project struct {
	Name      string
	Logstores []Logstore
}

// A Logstore starts with Shards shards (0 is 2, as in the service's console)
// that divide the hash range evenly.
type Logstore struct {
	Name   string
	Shards int
}

// A Server is one emulated Log Service. Make it with New, give it sockets
// with Start or StartTLS or use it in-process, and Close it.
type Server struct {
	cfg      Config
	log      *slog.Logger
	routes   []route
	projects map[string]*project // fixed by New; their content is guarded by mu

	zenc *zstd.Encoder
	zdec *zstd.Decoder
	bufs sync.Pool // of *pullBuffers

	mu      sync.Mutex
	changed chan struct{} // closed at the next change; nil when nobody waits
	calls   map[Kind]int
	faults  []*armed
	denied  map[string]bool // actions of RAM
	cache   pageCache
	serial  int // of request ids

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup // calls under way and the listener's goroutine
	closed bool

	httpd    *http.Server
	listener net.Listener
	cert     *certificate // nil without TLS
	idle     []func()     // closes the idle connections of Client's transports
}

// New makes a server that does not listen yet.
func New(cfg Config) (*Server, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	zenc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("slstest: zstd: %w", err)
	}
	// One byte more than a put may have, so that "too large" is told apart.
	zdec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(cfg.MaxPutBytes)+1))
	if err != nil {
		return nil, fmt.Errorf("slstest: zstd: %w", err)
	}
	s := &Server{
		cfg:      cfg,
		log:      cfg.Logger,
		routes:   routes(),
		projects: make(map[string]*project),
		zenc:     zenc,
		zdec:     zdec,
		calls:    make(map[Kind]int),
		cache:    pageCache{free: cfg.CacheBytes, pages: make(map[pageKey]page)},
	}
	s.bufs.New = func() any { return new(pullBuffers) }
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for _, p := range cfg.Projects {
		s.projects[p.Name] = newProject(p, cfg.Now())
	}
	return s, nil
}

// complete checks a configuration and fills in the defaults.
func (c *Config) complete() error {
	if (c.AccessKeyID == "") != (c.AccessKeySecret == "") {
		return errors.New("slstest: of AccessKeyID and AccessKeySecret only one is set")
	}
	if c.AccessKeyID == "" {
		c.AccessKeyID, c.AccessKeySecret = DefaultAccessKeyID, DefaultAccessKeySecret
	}
	c.MaxPutBytes = orDefault(c.MaxPutBytes, DefaultPutBytes)
	c.MaxPullBytes = orDefault(c.MaxPullBytes, DefaultPullBytes)
	c.MaxSkew = orDefault(c.MaxSkew, DefaultSkew)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c.checkNames()
}

func (c *Config) checkNames() error {
	if len(c.Projects) == 0 {
		return errors.New("slstest: Config.Projects is empty: nothing could be asked of this server")
	}
	seen := make(map[string]bool)
	for _, p := range c.Projects {
		if !validName(p.Name) || seen[p.Name] {
			return fmt.Errorf("slstest: project %q: want a name of its own, of lower-case letters, digits and hyphens", p.Name)
		}
		seen[p.Name] = true
		stores := make(map[string]bool)
		for _, l := range p.Logstores {
			if l.Name == "" || stores[l.Name] {
				return fmt.Errorf("slstest: project %q: logstore %q: want a name of its own", p.Name, l.Name)
			}
			if l.Shards < 0 || l.Shards > maxShards {
				return fmt.Errorf("slstest: logstore %q: %d shards: want 1 to %d", l.Name, l.Shards, maxShards)
			}
			stores[l.Name] = true
		}
	}
	return nil
}

// validName says whether a project's name can be the first label of a host.
func validName(name string) bool {
	return name != "" && len(name) <= 63 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func orDefault[T int | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

// find returns a logstore, or the service's error.
func (s *Server) find(projectName, logstoreName string) (*logstore, error) {
	p, err := s.findProject(projectName)
	if err != nil {
		return nil, err
	}
	ls := p.logstores[logstoreName]
	if ls == nil {
		return nil, failure(404, codeLogStoreNotExist, "logstore %q does not exist", logstoreName)
	}
	return ls, nil
}

func (s *Server) findProject(name string) (*project, error) {
	p := s.projects[name]
	if p == nil {
		return nil, failure(404, codeProjectNotExist, "project %q does not exist (the project is the first label of the host)", name)
	}
	return p, nil
}
