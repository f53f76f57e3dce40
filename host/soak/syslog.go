package soak

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slswasm/slswasm/sinks/sinktest"
)

// A syslogSite is a syslog server that breaks connections off, and dies.
type syslogSite struct {
	opt sinktest.SyslogOptions

	mu    sync.Mutex
	r     *sinktest.SyslogReceiver // nil: down
	conns int
	errs  []error // what senders did against the protocol
}

var syslogFaults = map[string]sinktest.SyslogAction{
	"syslog_close": sinktest.SyslogClose, "syslog_reset": sinktest.SyslogReset,
	"syslog_stall": sinktest.SyslogFreeze, "syslog_never_done": sinktest.SyslogNeverDone, "syslog_trickle": sinktest.SyslogTrickle,
}

func startSyslog(seed uint64, a *account, healed *atomic.Bool, faults *tally) (*syslogSite, error) {
	cards := &deck[string]{seed: seed, name: "syslog", every: 5, cards: sortedKeys(syslogFaults)}
	s := &syslogSite{}
	s.opt = sinktest.SyslogOptions{
		Framing: sinktest.FrameOctet,
		OnMessage: func(m *sinktest.SyslogMessage) {
			a.arrived(toSyslog, m.Msg, m.Time.UnixMicro(), arrival{life: string(m.Hostname), at: time.Now()})
		},
		Fault: func(int) sinktest.SyslogFault {
			s.mu.Lock()
			s.conns++
			n := s.conns
			s.mu.Unlock()
			name, strikes := cards.at(n)
			if !strikes || healed.Load() {
				return sinktest.SyslogFault{}
			}
			faults.add(name)
			fault := sinktest.SyslogFault{Do: syslogFaults[name], After: n % 5}
			if fault.Do == sinktest.SyslogClose {
				// Whoever reads, closes in order and forgets cannot be found out:
				// this one closes before it has read.
				fault.After = 0
			}
			return fault
		},
	}
	if err := s.Up(); err != nil {
		return nil, err
	}
	s.opt.Addr = fmt.Sprintf("%s:%d", s.r.Host(), s.r.Port())
	return s, nil
}

// Up listens, at the same address as before.
func (s *syslogSite) Up() error {
	r, err := sinktest.StartSyslog(s.opt)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.r = r
	s.mu.Unlock()
	return nil
}

// Down ends all connections and refuses others.
func (s *syslogSite) Down() {
	s.mu.Lock()
	r := s.r
	s.r = nil
	s.mu.Unlock()
	if r == nil {
		return
	}
	_ = r.Close() // of a listener that ends
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := r.Err(); err != nil {
		s.errs = append(s.errs, err)
	}
}
