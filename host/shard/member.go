package shard

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// errLost is the cause that ends the work on a shard which belongs, or may
// belong, to another consumer: nothing of it may be committed any more.
var errLost = errors.New("the shard was lost to another consumer")

// A member keeps this consumer in its group: it sends heartbeats, starts and
// ends the workers that the answers ask for, and goes on until the last of
// them has ended. Workers and calls are behind functions; the rules are in
// leases.
type member struct {
	beat              func(ctx context.Context, held []int) ([]int, error)
	interval, timeout time.Duration // the group's timeout; interval is less

	start func(shard int) // a worker, which is to send its end to ended
	leave func(shard int) // ask the worker to end
	drop  func(shard int) // make it end, for the shard is lost
	fail  func(err error) // stop the source
	ended chan ending
	log   *slog.Logger

	held    leases
	answers chan answer
	beating bool      // a heartbeat is under way
	again   bool      // another is wanted as soon as it is back
	standby time.Time // when it was last said that there is no shard for us
	good    time.Time // when the last heartbeat that succeeded was sent
	refused time.Time // since when the service refuses us

	next, expiry *time.Timer
}

// An ending says how the work on a shard ended.
type ending struct {
	shard int
	how   outcome
}

type outcome int

const (
	released  outcome = iota // on request, with its checkpoint saved
	exhausted                // nothing is left of the shard, up to where we want to read
	lost                     // another consumer has it
	failed                   // and the source must stop
)

type answer struct {
	sent           time.Time
	held, assigned []int
	err            error
}

// run returns when ctx has ended and so has every worker. Heartbeats do not
// end with ctx: while a worker drains, its shard stays ours.
func (m *member) run(ctx context.Context) {
	beats, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer m.finish(beats, cancel)
	m.held, m.answers = leases{}, make(chan answer)
	m.good = time.Now()
	m.next, m.expiry = time.NewTimer(0), time.NewTimer(m.timeout)
	defer m.next.Stop()
	defer m.expiry.Stop()
	for stopping := ctx.Done(); stopping != nil || m.held.workers() > 0; {
		select {
		case <-m.next.C:
			m.send(beats)
		case a := <-m.answers:
			m.take(a, stopping == nil)
		case e := <-m.ended:
			if m.held.ended(e.shard, e.how) {
				m.soon()
			}
		case <-m.expiry.C:
			m.lose()
		case <-stopping:
			stopping = nil
			m.held.close()
		}
	}
}

// farewell is the time for the heartbeats at the end.
const farewell = 2 * time.Second

// finish ends the heartbeat under way. One that hands a shard over is still
// sent: without it, the next owner would wait until we time out. No other is,
// for it would only put that timeout off.
func (m *member) finish(beats context.Context, cancel context.CancelFunc) {
	defer cancel()
	limited, stop := context.WithTimeout(beats, farewell)
	defer stop()
	if m.beating {
		select {
		case <-m.answers:
		case <-limited.Done():
			cancel()
			<-m.answers
		}
	}
	if !m.again {
		return
	}
	if _, err := m.beat(limited, m.held.report()); err != nil {
		m.log.Warn("the last heartbeat failed: the next owner of a shard waits for this consumer's timeout", "error", err)
	}
}

// soon asks for a heartbeat at once.
func (m *member) soon() {
	m.again = true
	if !m.beating {
		m.next.Reset(0)
	}
}

// limit is the time for one heartbeat, so that several fit into a timeout.
func (m *member) limit() time.Duration { return min(m.timeout/3, answerTimeout) }

func (m *member) send(ctx context.Context) {
	if m.beating {
		return
	}
	m.beating, m.again = true, false
	a := answer{sent: time.Now(), held: m.held.report()}
	go func() { // run takes its answer, always
		ctx, cancel := context.WithTimeout(ctx, m.limit())
		defer cancel()
		a.assigned, a.err = m.beat(ctx, a.held)
		m.answers <- a
	}()
}

func (m *member) take(a answer, stopping bool) {
	m.beating = false
	if a.err != nil {
		m.missed(a.err)
		return
	}
	m.good, m.refused = a.sent, time.Time{}
	m.expiry.Reset(time.Until(m.good.Add(m.timeout)))
	m.next.Reset(time.Until(a.sent.Add(m.interval)))
	if !stopping {
		m.apply(a)
	}
	if m.again {
		m.next.Reset(0)
	}
}

func (m *member) apply(a answer) {
	c := m.held.answered(a.held, a.assigned)
	if c.beat {
		m.again = true
	}
	if len(c.start)+len(c.leave) > 0 {
		m.log.Info("shards reassigned", "start", c.start, "give_up", c.leave, "held", m.held.report())
	}
	m.tellStandby()
	for _, shard := range c.start {
		m.start(shard)
	}
	for _, shard := range c.leave {
		m.leave(shard)
	}
}

// tellStandby says why nothing happens, now and again while it lasts.
func (m *member) tellStandby() {
	if len(m.held) > 0 {
		m.standby = time.Time{}
		return
	}
	if time.Since(m.standby) < m.timeout/2 {
		return
	}
	m.standby = time.Now()
	m.log.Info("standing by: the group's other consumers have all the shards; those of one that has died are free after the group's timeout",
		"timeout", m.timeout)
}

// missed takes a heartbeat that failed. The next one follows sooner than
// usual; what cannot be mended stops the source.
func (m *member) missed(err error) {
	kind := classify(err)
	if kind == refused {
		setDefault(&m.refused, time.Now())
	}
	if kind == final || kind == refused && time.Since(m.refused) > running.refused {
		m.fail(err)
	}
	m.log.Warn("a heartbeat failed", "error", err, "last_good", time.Since(m.good).Round(time.Millisecond))
	m.next.Reset(m.interval / 4)
}

// lose gives up everything at the moment when the service does, or a little
// earlier: it counts from when it received the last heartbeat.
func (m *member) lose() {
	shards := m.held.lose()
	if len(shards) > 0 {
		m.log.Error("no heartbeat has succeeded for the group's timeout: the shards are lost, and what was in hand is left to their next owner",
			"timeout", m.timeout, "shards", shards)
	}
	for _, shard := range shards {
		m.drop(shard)
	}
}
