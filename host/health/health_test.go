package health

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slswasm/slswasm/host"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func before(d time.Duration) time.Time { return now.Add(-d) }

// well is a state without a reason to complain.
func well() host.State {
	return host.State{
		At: now, StartedAt: before(time.Hour),
		Sources: []host.SourceState{{
			Project: "p", Logstore: "audit", Beat: before(time.Minute), Timeout: 60,
			Shards: []host.ShardState{{ID: 0, Lag: 1}, {ID: 1, Lag: 599}, {ID: 2}},
		}},
		Sinks: []host.SinkState{{Name: "splunk"}, {Name: "qradar"}},
	}
}

func TestReady(t *testing.T) {
	limits := Limits{MaxLag: 10 * time.Minute}
	for _, c := range []struct {
		name   string
		change func(s *host.State)
		limits Limits
		want   []string
	}{
		{"all is well", func(*host.State) {}, limits, nil},
		{"starting", func(s *host.State) { s.StartedAt = time.Time{} }, limits,
			[]string{"starting: nothing is consumed yet"}},
		{"not joined", func(s *host.State) { s.Sources[0].Beat = time.Time{} }, limits,
			[]string{"source p/audit is starting: its consumer group has not answered yet"}},
		{"standing by", func(s *host.State) { s.Sources[0].Shards = nil }, limits, nil},
		{"failed", func(s *host.State) {
			s.Sources[0].Flow, s.Sources[0].Error, s.Sources[0].ErrorSince = "trail", "the project is gone", before(90*time.Second)
		}, limits, []string{"source p/audit of flow trail has failed 1m30s ago, and is tried again: the project is gone"}},
		{"no heartbeats", func(s *host.State) { s.Sources[0].Beat = before(61 * time.Second) }, limits,
			[]string{"source p/audit: no heartbeat was answered for 1m1s, so its shards are lost: check the way to the Log Service"}},
		{"read to its end", func(s *host.State) { s.Sources[0].Beat, s.Sources[0].Done = before(time.Hour), true }, limits, nil},
		{"behind", func(s *host.State) { s.Sources[0].Shards[1].Lag = 601 }, limits,
			[]string{"source p/audit: shard 1 is 10m1s behind, more than --ready-max-lag (10m0s)"}},
		{"far behind", func(s *host.State) { s.Sources[0].Shards[1].Lag, s.Sources[0].Shards[2].Lag = 601, 7200 }, limits,
			[]string{"source p/audit: shard 2 is 2h0m0s behind, more than --ready-max-lag (10m0s), and 1 of its other shards are too"}},
		{"behind, and nobody minds", func(s *host.State) { s.Sources[0].Shards[1].Lag = 1e6 }, Limits{}, nil},
		{"a hiccup", func(s *host.State) {
			s.Sinks[0].Waiting, s.Sinks[0].WaitingSince = "down", before(DefaultMaxWait)
		}, limits, nil},
		{"retrying", func(s *host.State) {
			s.Sinks[0].Waiting, s.Sinks[0].WaitingSince, s.Sinks[0].Code = "down", before(11*time.Second), "refused"
		}, limits, []string{"sink splunk fails and is tried again, for 11s (refused): down"}},
		{"holding", func(s *host.State) {
			s.Sinks[1].Waiting, s.Sinks[1].WaitingSince, s.Sinks[1].Code, s.Sinks[1].Held = "bad token", before(time.Minute), "403/4", true
		}, limits, []string{"sink qradar holds until a setting is changed, for 1m0s (403/4): bad token"}},
		{"disk full", func(s *host.State) {
			s.Letters = host.LettersState{Waiting: 3, Since: before(5 * time.Second), Error: "no space left on device"}
		}, limits, []string{"dead letters cannot be written for 5s (3 wait): no space left on device"}},
		{"everything at once", func(s *host.State) {
			s.Sources[0].Error, s.Sources[0].ErrorSince = "gone", before(time.Second)
			s.Sinks[0].Waiting, s.Sinks[0].WaitingSince, s.Sinks[0].Code = "down", before(time.Minute), "refused"
			s.Letters = host.LettersState{Waiting: 1, Since: before(time.Second), Error: "full"}
		}, limits, []string{
			"source p/audit has failed 1s ago, and is tried again: gone",
			"sink splunk fails and is tried again, for 1m0s (refused): down",
			"dead letters cannot be written for 1s (1 wait): full",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := well()
			c.change(&s)
			if d := cmp.Diff(c.want, Ready(s, c.limits)); d != "" {
				t.Error(d)
			}
		})
	}
}
