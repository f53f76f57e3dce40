// Package soak keeps processes of slswasm busy while everything around them
// fails, and in the end accounts for every log: an emulated Log Service whose
// calls fail and whose shards are split and merged, receivers that die, stall
// and refuse, guests that trap, and processes that are killed, frozen,
// restarted and reloaded.
//
// What happens follows from a seed: which call, request or connection of each
// kind meets which fault, and what befalls which process in which order. When
// the machine comes to it is left to the machine, so two runs with one seed
// have the same schedule, and not the same course.
//
// The account is taken where the logs arrive. Nothing here is part of what is
// shipped, and nothing here mends what it finds.
package soak

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// Config says what to run and for how long.
type Config struct {
	Bin       string        // the slswasm to be tested
	Length    time.Duration // of the time of faults; what follows takes as long as it takes, up to Settle
	Settle    time.Duration // for the logs that are left when the faults end; 0 is two minutes
	Seed      uint64
	PerSecond int       // logs; 0 is 1000
	Processes int       // 0 is 12
	Keep      bool      // the processes' logs, also when all is well
	Progress  io.Writer // a line every ten seconds; nil: none
}

func (c Config) withDefaults() Config {
	if c.Settle == 0 {
		c.Settle = 2 * time.Minute
	}
	if c.PerSecond == 0 {
		c.PerSecond = 1000
	}
	if c.Processes == 0 {
		c.Processes = 12
	}
	if c.Progress == nil {
		c.Progress = io.Discard
	}
	return c
}

// queue is more steps than ever wait for one process or receiver.
const queue = 10_000

// A world is everything that stands around the processes, and they.
type world struct {
	cfg     Config
	dir     string
	faults  *tally
	history *history
	account *account
	service *service
	hecs    [ackSite + 1]*hecSite
	syslog  *syslogSite
	relp    *syslogSite
	mortals map[string][]*mortal // the receivers, by what happens to them
	slots   []*slot
}

// ackSite is the index of the HEC receiver that acknowledges; to those before
// it processes send by turns.
const ackSite = 2

// Run does all of it and returns the report. Its error says why there is
// none; what the report says is no error. The folder of the processes' logs
// is removed unless there is something to look for in it.
func Run(ctx context.Context, cfg Config) (_ *Report, err error) {
	cfg = cfg.withDefaults()
	w := &world{cfg: cfg, faults: newTally(), history: newHistory(), mortals: map[string][]*mortal{}}
	w.account = newAccount(cfg.Seed, w.history)
	if w.dir, err = os.MkdirTemp("", "slswasm-soak-"); err != nil {
		return nil, err
	}
	keep := cfg.Keep
	defer func() {
		err = errors.Join(err, w.close())
		if !keep {
			err = errors.Join(err, os.RemoveAll(w.dir))
		}
	}()
	if err := w.open(); err != nil {
		return nil, err
	}
	start := time.Now()
	stuck, err := w.run(ctx)
	if err != nil {
		return nil, err
	}
	report, err := w.report(time.Since(start), stuck)
	if keep = keep || err != nil || !report.Good(); !keep {
		report.Dir = ""
	}
	return report, err
}

func (w *world) open() (err error) {
	if w.service, err = startService(w.cfg.Seed, w.faults, w.history); err != nil {
		return err
	}
	for i, name := range []string{"hec 0", "hec 1", "hec with acks"} {
		if w.hecs[i], err = startHEC(w, name, i == ackSite); err != nil {
			return err
		}
		w.mortal(doHECDown, name, w.hecs[i])
	}
	if w.syslog, err = startSyslog(w, "tcp", 5, tcpFaults); err != nil {
		return err
	}
	w.mortal(doSyslogDown, "tcp", w.syslog)
	if w.relp, err = startSyslog(w, "relp", 2, relpFaults); err != nil {
		return err
	}
	w.mortal(doRELPDown, "relp", w.relp)
	module := filepath.Join(w.dir, "soak.wasm")
	wasm, err := guestModule()
	if err == nil {
		err = os.WriteFile(module, wasm, 0o600)
	}
	if err != nil {
		return err
	}
	for i := range w.cfg.Processes {
		slot, err := newSlot(i, w, w.settings(i, module))
		if err != nil {
			return err
		}
		w.slots = append(w.slots, slot)
	}
	return nil
}

// run is the time of faults, the healing and the settling. It returns what
// did not settle; every process has ended then.
func (w *world) run(ctx context.Context) (stuck, err error) {
	ctx, kill := context.WithCancel(ctx)
	defer kill()
	processes, ctx := errgroup.WithContext(ctx)
	faulty, end := context.WithTimeout(ctx, w.cfg.Length)
	defer end()
	finish := make(chan struct{})
	for _, s := range w.slots {
		processes.Go(func() error { return s.run(ctx, faulty, finish) })
	}
	err = w.trouble(faulty)
	w.service.healed.Store(true)
	if err == nil && ctx.Err() == nil {
		settling, cancel := context.WithTimeout(ctx, w.cfg.Settle)
		stuck = w.service.settled(settling)
		cancel()
	}
	if err != nil {
		kill()
	}
	cut := ctx.Err()
	close(finish)
	return stuck, errors.Join(err, processes.Wait(), cut)
}

// close ends what open began; the processes have ended.
func (w *world) close() error {
	for _, list := range w.mortals {
		for _, m := range list {
			m.site.Down()
		}
	}
	if w.service != nil {
		return w.service.Close()
	}
	return nil
}
