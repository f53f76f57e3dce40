// Package doctor looks for what keeps a pipeline from running: it tries each
// thing that a run needs, one by one, and says what it found and what to do
// about it. Each check takes a bounded time, and none of them consumes a log,
// delivers an event, joins a consumer group, or changes anything that is there.
//
// What a call or a connection is like belongs to host/shard and to the sinks;
// how a report looks on a terminal, to the command. RATIONALE.md says what
// cannot be tried, and why.
package doctor

import (
	"context"
	"net"
	"strings"
	"time"

	"github.com/slswasm/slswasm/host"
)

// Config says what to look at.
type Config struct {
	// Host is what a run would be opened with, as far as it could be made. It
	// stays the caller's: sinks are not closed. Its loggers are not used.
	Host host.Config
	// Settings are what is wrong with the rest of it: each one a failed line.
	Settings []error
	// Secrets are never shown, in addition to those of sources and sinks.
	Secrets []string

	// What a test puts in the place of this machine; nil: this one.
	lookup    func(ctx context.Context, host string) ([]string, error)
	fileLimit func() (uint64, bool)
	freeSpace func(dir string) (uint64, bool)
}

func (c Config) withDefaults() Config {
	if c.lookup == nil {
		c.lookup = net.DefaultResolver.LookupHost
	}
	if c.fileLimit == nil {
		c.fileLimit = fileLimit
	}
	if c.freeSpace == nil {
		c.freeSpace = freeSpace
	}
	return c
}

// A Status is how a check ended.
type Status string

// The statuses.
const (
	OK      Status = "ok"
	Warning Status = "warning" // it works, and yet
	Failed  Status = "failed"
	Skipped Status = "skipped" // not tried, for what stands in Found
)

// A Line is one check. Its texts are printable, and hold no secrets.
type Line struct {
	Subject string `json:"subject"` // what was looked at, such as a source or a sink
	Check   string `json:"check"`
	Status  Status `json:"status"`
	Found   string `json:"found"`
	Remedy  string `json:"remedy,omitempty"` // one sentence, of what is not ok

	Of Of `json:"-"` // what Subject is
}

// Of says which part of the configuration a line is about.
type Of struct {
	Kind string // OfSource, OfGuest or OfSink; "": of none
	Flow int    // of a source or a guest, its index
	Item int    // of a guest, its index in the chain
	Name string // of a sink
}

// The kinds.
const (
	OfSource = "source"
	OfGuest  = "guest"
	OfSink   = "sink"
)

// atOnce is how many subjects are looked at at the same time.
const atOnce = 8

// Run makes all checks and hands each line to tell, those of one subject one
// after the other. Where ctx ends, what is left is skipped.
func Run(ctx context.Context, cfg Config, tell func(Line)) {
	cfg = cfg.withDefaults()
	patients := append(cfg.sources(), cfg.guests()...)
	patients = append(patients, cfg.receivers()...)
	done := make([]chan []Line, len(patients))
	places := make(chan struct{}, atOnce)
	for i, p := range patients {
		done[i] = make(chan []Line, 1)
		go func() { // which the loop below waits for
			places <- struct{}{}
			done[i] <- p.examine(ctx)
			<-places
		}()
	}
	clean := cfg.redactor(patients)
	for _, err := range cfg.Settings {
		for text := range strings.Lines(err.Error()) {
			tell(clean(Line{Subject: "settings", Check: "setting", Status: Failed, Found: strings.TrimSpace(text)}))
		}
	}
	for _, lines := range done {
		for _, l := range <-lines {
			tell(clean(l))
		}
	}
	for _, l := range cfg.machine(patients).examine(ctx) { // which counts what the others found
		tell(clean(l))
	}
}

// A patient is something to look at, by checks in this order.
type patient struct {
	subject string
	of      Of
	checks  []check
	close   func()
	shards  func() (int, bool) // of a source, once it was examined; nil: of no source
	conns   int                // of a sink, open at once
	secrets []string           // that no line may show
}

// limit is the time of a check that names none.
const limit = 15 * time.Second

// A check is one thing to try, unless one of those that it needs did not
// succeed. A check that needs nothing is always tried.
type check struct {
	name  string
	needs []string
	limit time.Duration // 0: limit
	try   func(context.Context) finding
}

// A finding is what a check has to say.
type finding struct {
	status        Status
	found, remedy string
}

func (p *patient) examine(ctx context.Context) []Line {
	if p.close != nil {
		defer p.close()
	}
	lines := make([]Line, len(p.checks))
	bad := map[string]bool{}
	for i, c := range p.checks {
		f := c.blocked(bad)
		if f == nil {
			f = c.run(ctx)
		}
		if f.status == Failed || f.status == Skipped {
			bad[c.name] = true
		}
		lines[i] = Line{Subject: p.subject, Check: c.name, Status: f.status, Found: f.found, Remedy: f.remedy, Of: p.of}
	}
	return lines
}

// blocked is the finding of a check that cannot be tried.
func (c check) blocked(bad map[string]bool) *finding {
	for _, need := range c.needs {
		if bad[need] {
			return &finding{status: Skipped, found: "not tried: it needs " + need}
		}
	}
	return nil
}

func (c check) run(ctx context.Context) *finding {
	if ctx.Err() != nil {
		return &finding{status: Skipped, found: "not tried: stopped before"}
	}
	if c.limit == 0 {
		c.limit = limit
	}
	limited, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	f := c.try(limited)
	if ctx.Err() != nil && f.status == Failed {
		f = finding{status: Skipped, found: "stopped in the middle"}
	}
	return &f
}
