// Package demo runs the whole way of a log on one machine, over real loopback
// sockets: an emulated Log Service, a real Pipeline, and a receiver that keeps
// an account of every log that was put.
//
// The account is what it is for: nothing here is taken from the Pipeline's own
// counters that the receiver can see for itself.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/slswasm/slswasm/host"
	"github.com/slswasm/slswasm/host/guest"
	"github.com/slswasm/slswasm/host/shard"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/host/tap"
)

// The names that the emulated service knows.
const (
	project   = "demo-project"
	logstore  = "demo-audit"
	consumers = "demo-siem"
)

// Config says how much and where to.
type Config struct {
	Logs   int          // to put
	Shards int          // to put them into
	Sink   string       // "hec" or "syslog"
	Guest  guest.Config // the module that each log passes through
	Files  fs.FS        // *.jsonl with the sample logs
	Logger *slog.Logger

	// Keep goes on with KeepRate more logs a second until ctx ends. What was put
	// until then is still delivered and accounted for.
	Keep bool

	Tap *tap.Tap // shows some of the logs; nil: none
	// Started, when not nil, is called with the pipeline before it runs.
	Started func(*host.Pipeline)
}

// A Report is the account of a run. Everything that was put and neither
// dropped by the guest nor kept as a dead letter has to be delivered once,
// unaltered.
type Report struct {
	Put         int     `json:"put"`
	Pulled      int     `json:"pulled"`
	Dropped     int     `json:"dropped"`      // by the guest
	Delivered   int     `json:"delivered"`    // different logs that arrived
	DeadLetters int     `json:"dead_letters"` // lines in the file
	Missing     int     `json:"missing"`      // should have arrived and did not
	Altered     int     `json:"altered"`      // arrived, but not as the guest left them
	Duplicates  int     `json:"duplicates"`   // arrivals beyond the first of a log
	Bytes       uint64  `json:"bytes"`        // keys and values that were pulled
	Seconds     float64 `json:"seconds"`      // from the first pull to the last checkpoint
	MBPerSecond float64 `json:"mb_per_second"`
	Before      string  `json:"-"` // one log that the guest changed, as JSON
	After       string  `json:"-"` // the same one as it arrived
}

// Balanced reports whether every log is accounted for.
func (r *Report) Balanced() bool {
	return r.Put == r.Dropped+r.Delivered+r.DeadLetters && r.Missing == 0 && r.Altered == 0
}

// Run does all of it. A Report that does not balance is not an error of Run.
func Run(ctx context.Context, cfg Config) (_ *Report, err error) {
	dir, err := os.MkdirTemp("", "slswasm-demo-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	samples, err := readSamples(ctx, cfg.Files, cfg.Guest)
	if err != nil {
		return nil, err
	}
	service, err := startService(cfg.Shards, samples, cfg.Logs)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, service.Close()) }()

	tally := newTally(samples, cfg.Logs)
	receiver, err := startReceiver(cfg.Sink, tally, cfg.Logger)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, receiver.close()) }()

	letters := filepath.Join(dir, "dead-letters.jsonl")
	feed := &feeder{numbered(service, samples), tally}
	counts, took, err := consume(ctx, cfg, feed, receiver, letters)
	if err != nil {
		return nil, err
	}
	report, err := tally.report(letters, counts)
	if err != nil {
		return nil, err
	}
	report.Seconds = took.Seconds()
	report.MBPerSecond = float64(counts.PulledBytes) / 1e6 / took.Seconds()
	return report, nil
}

// startService puts the logs into an emulated Log Service before it listens.
func startService(shards int, samples []*sample, logs int) (*slstest.Server, error) {
	service, err := slstest.New(slstest.Config{Projects: []slstest.Project{{
		Name: project, Logstores: []slstest.Logstore{{Name: logstore, Shards: shards}},
	}}})
	if err != nil {
		return nil, err
	}
	if err := numbered(service, samples).put(0, logs); err != nil {
		return nil, errors.Join(err, service.Close())
	}
	if err := service.Start(""); err != nil {
		return nil, errors.Join(err, service.Close())
	}
	return service, nil
}

// consume runs a Pipeline as the command run would, until all is delivered.
func consume(ctx context.Context, cfg Config, feed *feeder, receiver *receiver, letters string) (counts host.Counts, took time.Duration, err error) {
	credentials, err := shard.StaticCredentials(slstest.DefaultAccessKeyID, slstest.DefaultAccessKeySecret, "")
	if err != nil {
		return counts, 0, err
	}
	until := shard.Now
	if cfg.Keep {
		until = ""
	}
	p, err := host.Open(ctx, host.Config{
		Flows: []host.Flow{{
			Sources: []shard.Config{{
				Endpoint: "http://" + feed.service.Addr(), Project: project, Logstore: logstore, Group: consumers,
				Credentials: credentials, Until: until, Logger: cfg.Logger,
			}},
			Guests: []guest.Config{cfg.Guest}, OnError: host.OnErrorDeadLetter,
		}},
		Sinks: []host.NamedSink{{Name: cfg.Sink, Sink: receiver.sink}}, DeadLetters: letters,
		Tap: cfg.Tap, Logger: cfg.Logger,
	})
	if err != nil {
		return counts, 0, fmt.Errorf("the demo's own pipeline: %w", err)
	}
	if cfg.Started != nil {
		cfg.Started(p)
	}
	start := time.Now()
	if cfg.Keep {
		err = feed.run(ctx, p)
	} else {
		err = p.Run(ctx)
	}
	took = time.Since(start)
	return p.Counts(), took, errors.Join(err, p.Close(context.WithoutCancel(ctx)))
}
