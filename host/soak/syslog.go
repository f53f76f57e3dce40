package soak

import (
	"fmt"
	"sync"
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

// tcpFaults are those of plain syslog, with confirmation by the end of a
// connection.
var tcpFaults = map[string]sinktest.SyslogAction{
	"syslog_close": sinktest.SyslogClose, "syslog_reset": sinktest.SyslogReset, "syslog_stall": sinktest.SyslogFreeze,
	"syslog_never_done": sinktest.SyslogNeverDone, "syslog_trickle": sinktest.SyslogTrickle,
}

// relpFaults are those of RELP, which acknowledges each message.
var relpFaults = map[string]sinktest.SyslogAction{
	"relp_close": sinktest.SyslogClose, "relp_reset": sinktest.SyslogReset, "relp_stall": sinktest.SyslogFreeze,
	"relp_trickle": sinktest.SyslogTrickle, "relp_no_ack": sinktest.SyslogNoAck, "relp_last_ack_first": sinktest.SyslogLastFirst,
	"relp_serverclose": sinktest.SyslogServerClose, "relp_crash": sinktest.SyslogForget,
}

// startSyslog starts a receiver of which one of so many connections fails.
func startSyslog(w *world, network string, every int, actions map[string]sinktest.SyslogAction) (*syslogSite, error) {
	cards := &deck[string]{seed: w.cfg.Seed, name: network, every: every, cards: sortedKeys(actions)}
	s := &syslogSite{}
	s.opt = sinktest.SyslogOptions{
		Network: network, Framing: sinktest.FrameOctet,
		OnMessage: func(m *sinktest.SyslogMessage) {
			w.account.arrived(toSyslog, m.Msg, m.Time.UnixMicro(), arrival{life: string(m.Hostname), receiver: network, at: time.Now()})
		},
		Fault: func(int) sinktest.SyslogFault {
			s.mu.Lock()
			s.conns++
			n := s.conns
			s.mu.Unlock()
			name, strikes := cards.at(n)
			if !strikes || w.service.healed.Load() {
				return sinktest.SyslogFault{}
			}
			w.faults.add(name)
			fault := sinktest.SyslogFault{Do: actions[name], After: n % 5}
			if network == "tcp" && fault.Do == sinktest.SyslogClose {
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

// URL is where the receiver listens.
func (s *syslogSite) URL() string { return s.opt.Network + "://" + s.opt.Addr }

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
