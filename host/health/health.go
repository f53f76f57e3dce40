// Package health says from a pipeline's state whether it does its work, in the
// words of the person on call. It only judges: what there is to know is
// host.State's, and who asks over HTTP is the admin server's matter.
//
// Whether the process is alive needs no judging: who gets an answer knows.
// Nothing here is mended by a restart, so nothing here should cause one.
package health

import (
	"fmt"
	"time"

	"github.com/slswasm/slswasm/host"
)

// Limits say how much is too much.
type Limits struct {
	MaxLag  time.Duration // of a shard; 0: any lag will do
	MaxWait time.Duration // of a sink that does not deliver; 0: DefaultMaxWait
}

// The defaults. What is over sooner than DefaultMaxWait wakes nobody.
const (
	DefaultMaxLag  = 10 * time.Minute
	DefaultMaxWait = 10 * time.Second
)

// Ready returns every reason why the pipeline is not doing all of its work;
// none: it is. Each is one line. A consumer that stands by is ready.
func Ready(s host.State, l Limits) []string {
	if l.MaxWait <= 0 {
		l.MaxWait = DefaultMaxWait
	}
	if s.StartedAt.IsZero() {
		return []string{"starting: nothing is consumed yet"}
	}
	var why []string
	for i := range s.Sources {
		why = append(why, source(&s.Sources[i], s.At, l)...)
	}
	for i := range s.Sinks {
		why = append(why, sink(&s.Sinks[i], s.At, l)...)
	}
	if !s.Letters.Since.IsZero() {
		why = append(why, fmt.Sprintf("dead letters cannot be written for %s (%d wait): %s",
			ago(s.At, s.Letters.Since), s.Letters.Waiting, s.Letters.Error))
	}
	return why
}

func source(s *host.SourceState, now time.Time, l Limits) []string {
	name := "source " + s.Project + "/" + s.Logstore
	if s.Flow != "" {
		name += " of flow " + s.Flow
	}
	switch {
	case s.Done:
		return nil
	case !s.ErrorSince.IsZero():
		return []string{fmt.Sprintf("%s has failed %s ago, and is tried again: %s", name, ago(now, s.ErrorSince), s.Error)}
	case s.Beat.IsZero():
		return []string{name + " is starting: its consumer group has not answered yet"}
	case now.Sub(s.Beat).Seconds() > s.Timeout:
		return []string{fmt.Sprintf("%s: no heartbeat was answered for %s, so its shards are lost: check the way to the Log Service", name, ago(now, s.Beat))}
	}
	if l.MaxLag <= 0 {
		return nil
	}
	var worst *host.ShardState
	behind := 0
	for i := range s.Shards {
		sh := &s.Shards[i]
		if sh.Lag <= l.MaxLag.Seconds() {
			continue
		}
		behind++
		if worst == nil || sh.Lag > worst.Lag {
			worst = sh
		}
	}
	if worst == nil {
		return nil
	}
	why := fmt.Sprintf("%s: shard %d is %s behind, more than --ready-max-lag (%v)", name, worst.ID,
		time.Duration(worst.Lag*float64(time.Second)).Round(time.Second), l.MaxLag)
	if behind > 1 {
		why += fmt.Sprintf(", and %d of its other shards are too", behind-1)
	}
	return []string{why}
}

func sink(s *host.SinkState, now time.Time, l Limits) []string {
	if s.Waiting == "" || now.Sub(s.WaitingSince) <= l.MaxWait {
		return nil
	}
	does := "fails and is tried again"
	if s.Held {
		does = "holds until a setting is changed"
	}
	return []string{fmt.Sprintf("sink %s %s, for %s (%s): %s", s.Name, does, ago(now, s.WaitingSince), s.Code, s.Waiting)}
}

func ago(now, then time.Time) time.Duration { return now.Sub(then).Round(time.Second) }
