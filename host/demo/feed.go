package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/slswasm/slswasm/host/slstest"
)

const (
	feedsPerSecond = 4
	feedEvery      = time.Second / feedsPerSecond
	forgetEvery    = 40 // feeds
)

// A Feed puts the same logs into an emulated Log Service again and again.
type Feed struct {
	service           *slstest.Server
	project, logstore string
	samples           []template
	stamp             func(l *slstest.Log, seq int) // makes a copy of a sample a log of its own

	most int64 // bytes that are kept for those who have not settled them
}

// A template is a log to put, and the group for it.
type template struct {
	group slstest.Group
	log   slstest.Log
}

// MaxUnsettled is how many bytes of logs a Feed lets the service keep.
const MaxUnsettled = 256 << 20

// NewFeed makes a Feed of flattened logs, one a line in each text, that are put
// with the time at which they are.
func NewFeed(service *slstest.Server, project, logstore string, texts ...[]byte) (*Feed, error) {
	f := &Feed{service: service, project: project, logstore: logstore, most: MaxUnsettled, stamp: func(l *slstest.Log, _ int) {
		now := time.Now()
		l.Time = uint32(now.Unix())
		if l.Nanos != 0 {
			l.Nanos = uint32(now.Nanosecond())
		}
	}}
	for _, text := range texts {
		if err := eachLine(text, func(_ []byte, t template) { f.samples = append(f.samples, t) }); err != nil {
			return nil, err
		}
	}
	if len(f.samples) == 0 {
		return nil, errors.New("no sample logs")
	}
	return f, nil
}

func eachLine(text []byte, take func(line []byte, t template)) error {
	n := 0
	for line := range bytes.Lines(text) {
		n++
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		group, log, err := slstest.ParseLine(line)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		take(line, template{group, log})
	}
	return nil
}

// Run puts so many logs a second until ctx ends. What every consumer group has
// settled is forgotten; while there is more than MaxUnsettled of what is not,
// nothing is put, and the logger is told.
func (f *Feed) Run(ctx context.Context, rate int, logger *slog.Logger) error {
	seq, waits := 0, false
	return f.each(ctx, rate, func(logs int) error {
		full, err := f.full()
		switch {
		case err != nil:
			return err
		case full && !waits:
			logger.Warn("no logs are put until every consumer group has settled more, or is deleted", "unsettled_bytes", f.most)
		case !full && waits:
			logger.Info("logs are put again")
		}
		if waits = full; full {
			return nil
		}
		seq += logs
		return f.put(seq-logs, seq)
	})
}

// full says whether the service keeps as much as it may, of what is needed.
func (f *Feed) full() (bool, error) {
	if f.kept() < f.most {
		return false, nil
	}
	err := f.service.ExpireSettled(f.project, f.logstore)
	return f.kept() >= f.most, err
}

func (f *Feed) kept() (bytes int64) {
	for _, s := range f.service.Shards(f.project, f.logstore) {
		bytes += s.Bytes
	}
	return bytes
}

// each calls feed with how many logs are due, some times a second, until ctx
// ends. From time to time it lets the service forget what is settled, or it
// would take more and more memory.
func (f *Feed) each(ctx context.Context, rate int, feed func(logs int) error) error {
	tick := time.NewTicker(feedEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if logs := n*rate/feedsPerSecond - (n-1)*rate/feedsPerSecond; logs > 0 {
			if err := feed(logs); err != nil {
				return err
			}
		}
		if n%forgetEvery == 0 {
			if err := f.service.ExpireSettled(f.project, f.logstore); err != nil {
				return err
			}
		}
	}
}

// put puts the logs with the numbers from and up to, but not to; log i is
// sample i modulo their number. Logs of one sample share a log group of up to
// 50.
func (f *Feed) put(from, to int) error {
	const inGroup = 50
	n := len(f.samples)
	for start := from; start < to; start += inGroup * n {
		for k := range min(n, to-start) {
			s := f.samples[(start+k)%n]
			g := s.group
			g.Logs = nil
			for seq := start + k; seq < to && len(g.Logs) < inGroup; seq += n {
				l := s.log
				f.stamp(&l, seq)
				g.Logs = append(g.Logs, l)
			}
			if err := f.service.Put(f.project, f.logstore, slstest.AnyShard, g.Marshal()); err != nil {
				return err
			}
		}
	}
	return nil
}
