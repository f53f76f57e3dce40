package soak

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/slswasm/slswasm/host/slstest"
)

const (
	project = "soak-project"
	group   = "soak"
	shards  = 4 // of each logstore, at the start
)

// Four, because shards only become more: a logstore holds 256 of them, dead
// ones included.
var logstores = []string{"soak-a", "soak-b", "soak-c", "soak-d"}

// A service is the emulated Log Service, with calls that fail.
type service struct {
	*slstest.Server
	decks   map[slstest.Kind]*deck[string]
	healed  atomic.Bool
	faults  *tally
	history *history
}

// callFaults are the ways in which a call fails.
var callFaults = map[string]slstest.Fault{
	"service_500":        {Status: 500},
	"service_503":        {Status: 503, Code: "ServerBusy"},
	"service_quota":      {Status: 403, Code: "ReadQuotaExceed"},
	"service_401":        {Status: 401, Code: "Unauthorized"},
	"service_reset":      {Reset: true},
	"service_lost":       {Lose: true},
	"service_cut_body":   {Truncate: true},
	"service_slow":       {Delay: 300 * time.Millisecond},
	"service_no_answer":  {Delay: groupTimeout + time.Second}, // longer than anybody waits, but for a pull
	"service_slow_reset": {Delay: 200 * time.Millisecond, Reset: true},
}

// consumed are the kinds of calls that consumers make.
var consumed = []slstest.Kind{
	slstest.ListConsumerGroup, slstest.CreateConsumerGroup, slstest.HeartBeat, slstest.UpdateCheckPoint,
	slstest.GetCheckPoint, slstest.GetCursor, slstest.PullLogs, slstest.ListShards,
}

func startService(seed uint64, faults *tally, h *history) (*service, error) {
	stores := make([]slstest.Logstore, len(logstores))
	for i, name := range logstores {
		stores[i] = slstest.Logstore{Name: name, Shards: shards}
	}
	server, err := slstest.New(slstest.Config{Projects: []slstest.Project{{Name: project, Logstores: stores}}})
	if err != nil {
		return nil, err
	}
	s := &service{Server: server, faults: faults, history: h, decks: map[slstest.Kind]*deck[string]{}}
	for _, kind := range consumed {
		s.decks[kind] = &deck[string]{seed: seed, name: string(kind), every: 25, cards: sortedKeys(callFaults)}
	}
	for name, fault := range callFaults {
		fault.When = func(c slstest.Call) bool { return s.strikes(name, c) }
		server.Inject(fault)
	}
	return s, server.Start("")
}

// strikes says whether a call meets the fault of this name.
func (s *service) strikes(name string, c slstest.Call) bool {
	d := s.decks[c.Kind]
	if d == nil || s.healed.Load() {
		return false
	}
	if card, ok := d.at(c.N); !ok || card != name {
		return false
	}
	s.faults.add(name)
	if c.Kind == slstest.HeartBeat || c.Kind == slstest.UpdateCheckPoint {
		s.history.befell(c.Consumer, causeService)
	}
	return true
}

// feed puts logs at a steady rate until ctx ends, in groups of eight.
func (s *service) feed(ctx context.Context, a *account, perSecond int) error {
	const inGroup = 8
	tick := time.NewTicker(time.Second * inGroup / time.Duration(perSecond))
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		first := a.putting(inGroup)
		if err := s.Put(project, logstores[n%len(logstores)], slstest.AnyShard, a.logs.group(first, inGroup)); err != nil {
			return fmt.Errorf("the emulated service takes no more logs: %w", err)
		}
		for i := range inGroup {
			if fault := a.logs.fate(first + i).fault; fault != "" {
				s.faults.add(fault)
			}
		}
	}
}

// reshape splits or merges one of the shards that can be.
func (s *service) reshape(do string, pick int) {
	for i := range logstores {
		store := logstores[(pick+i)%len(logstores)]
		var writable []int
		for _, sh := range s.Shards(project, store) {
			if !sh.ReadOnly {
				writable = append(writable, sh.ID)
			}
		}
		change := s.Merge
		if do == doSplit {
			change = s.Split
		}
		for j := range writable {
			if change(project, store, writable[(pick/len(logstores)+j)%len(writable)]) == nil {
				s.faults.add(do)
				return
			}
		}
	}
}

// settled waits until all that was put is delivered, as far as the group's
// checkpoints say.
func (s *service) settled(ctx context.Context) error {
	err := s.Await(ctx, func() bool {
		for _, store := range logstores {
			if !s.CaughtUp(project, store, group) {
				return false
			}
		}
		return true
	})
	if err == nil {
		return nil
	}
	return errors.New("not settled in time: " + strings.Join(s.stuck(), "; "))
}

// stuck names the shards that are not read to their end.
func (s *service) stuck() []string {
	var list []string
	for _, store := range logstores {
		state, _ := s.Group(project, store, group)
		for _, sh := range s.Shards(project, store) {
			if at := state.Checkpoints[sh.ID]; sh.Groups > 0 && at != sh.End {
				list = append(list, fmt.Sprintf("%s shard %d of %q: checkpoint %q, end %q", store, sh.ID, state.Holders[sh.ID], at, sh.End))
			}
		}
	}
	return list
}
