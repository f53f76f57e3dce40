package soak

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/slswasm/slswasm/host/slstest"
)

// Intervals of the processes under test: as short as they can be, so that
// much happens in little time.
const (
	groupTimeout = 2 * time.Second
	heartbeat    = 300 * time.Millisecond
	drainTimeout = time.Second
	hecTimeout   = time.Second
	// How long a process may take to stop before that is a fault of its own.
	stopLimit = drainTimeout + 20*time.Second
)

// leftWith counts the processes that ended by themselves, by what they ended
// with.
const leftWith = "left with "

// A slot is a place for one process after the other: what a supervisor and a
// machine are to a service. Its methods are called by one goroutine.
type slot struct {
	number  int
	bin     string
	flags   []string // but for those that each life has of its own
	dir     string
	faults  *tally
	history *history
	steps   chan step // what is to happen to it

	log      *os.File
	lives    int
	life     string // name of the one that runs
	cmd      *exec.Cmd
	gone     chan struct{} // closed when cmd has ended
	problems []string
}

func newSlot(number int, w *world, flags []string) (*slot, error) {
	s := &slot{
		number: number, bin: w.cfg.Bin, flags: flags, dir: filepath.Join(w.dir, fmt.Sprintf("p%d", number)),
		faults: w.faults, history: w.history, steps: make(chan step, queue),
	}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	s.log, err = os.Create(s.logPath())
	return s, err
}

func (s *slot) logPath() string { return filepath.Join(s.dir, "log.jsonl") }

func (s *slot) deadLetters() string { return filepath.Join(s.dir, "dead-letters") }

// run keeps a process alive until ctx ends, and lets happen to it what comes
// until quiet ends. The process is then stopped if all is well so far, and
// killed if not.
func (s *slot) run(ctx, quiet context.Context, finish <-chan struct{}) error {
	defer s.log.Close() //nolint:errcheck // for people
	for {
		if err := s.start(); err != nil {
			return err
		}
		again, err := s.watch(ctx, quiet, finish)
		if err != nil || !again {
			return err
		}
	}
}

// watch returns when the process is gone, and says whether there is to be
// another.
func (s *slot) watch(ctx, quiet context.Context, finish <-chan struct{}) (again bool, err error) {
	for {
		steps := s.steps
		if quiet.Err() != nil {
			steps = nil
		}
		select {
		case <-ctx.Done():
			s.kill()
			return false, nil
		case <-finish:
			s.stop()
			return false, nil
		case <-s.gone:
			s.faults.add(leftWith + s.cmd.ProcessState.String())
			_ = wait(ctx, 200*time.Millisecond) // as supervisors do
			return ctx.Err() == nil, nil
		case step := <-steps:
			if over, err := s.do(quiet, step); over || err != nil {
				return true, err
			}
		}
	}
}

// do lets one thing happen, and says whether the process ended by it.
func (s *slot) do(quiet context.Context, what step) (over bool, err error) {
	s.faults.add(what.do)
	switch what.do {
	case doKill:
		s.history.befell(s.life, causeKill)
		s.kill()
		return true, nil
	case doRestart:
		s.history.befell(s.life, causeStop)
		s.stop()
		return true, nil
	case doReload:
		return false, ignoreGone(s.cmd.Process.Signal(syscall.SIGHUP))
	case doFreeze, doLong:
		s.history.befell(s.life, causeFreeze)
		if err := freeze(s.cmd.Process); err != nil {
			return false, ignoreGone(err)
		}
		_ = wait(quiet, what.length) // it is thawed when the faults end
		return false, ignoreGone(thaw(s.cmd.Process))
	}
	return false, fmt.Errorf("%q cannot happen to a process", what.do)
}

func ignoreGone(err error) error {
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// start starts the next life.
func (s *slot) start() error {
	s.lives++
	s.life = fmt.Sprintf("p%d-%d", s.number, s.lives)
	fmt.Fprintf(s.log, "{\"soak\":\"life %s\"}\n", s.life)
	args := append([]string{
		"run", "--consumer", s.life, "--hec-event-host", s.life, "--syslog-hostname", s.life,
		"--dead-letters", filepath.Join(s.deadLetters(), "dead-letters.jsonl"),
	}, s.flags...)
	s.cmd = exec.Command(s.bin, args...)
	for _, v := range os.Environ() { // a developer's own settings are not those of the soak
		if !strings.HasPrefix(v, "SLS") && !strings.HasPrefix(v, "HTTP_PROXY=") && !strings.HasPrefix(v, "http_proxy=") {
			s.cmd.Env = append(s.cmd.Env, v)
		}
	}
	s.cmd.Env = append(s.cmd.Env, "SLS_AK_ID="+slstest.DefaultAccessKeyID, "SLS_AK_KEY="+slstest.DefaultAccessKeySecret, "SLSWASM_HEC_TOKEN="+token)
	s.cmd.Stderr = s.log
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", s.bin, err)
	}
	s.gone = make(chan struct{})
	go func(cmd *exec.Cmd, gone chan struct{}) { // whoever ends the process waits for gone
		defer close(gone)
		_ = cmd.Wait() // ProcessState says how it ended
	}(s.cmd, s.gone)
	return nil
}

func (s *slot) kill() {
	_ = s.cmd.Process.Kill() // it may be gone by itself
	<-s.gone
}

// stop asks the process to end. When it does not, that is a problem.
func (s *slot) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	limit := time.NewTimer(stopLimit)
	defer limit.Stop()
	select {
	case <-s.gone:
	case <-limit.C:
		s.problems = append(s.problems, fmt.Sprintf("%s had not stopped %v after SIGTERM", s.life, stopLimit))
		s.kill()
	}
}

// settings are the flags that all lives in a slot have. What differs from slot
// to slot is where it delivers: to two collectors, to one with
// acknowledgement, over plain syslog or over RELP.
func (w *world) settings(slot int, module string) []string {
	flags := []string{
		"--endpoint", "http://" + w.service.Addr(), "--project", project, "--logstore", strings.Join(logstores, ","), "--group", group,
		"--heartbeat-interval", heartbeat.String(), "--group-timeout", groupTimeout.String(), "--drain-timeout", drainTimeout.String(),
		"--fetch-interval", "100ms", "--commit-interval", "200ms", "--pull-count", strconv.Itoa(1 + slot%3),
		"--transform", module, "--time-limit", "150ms", "--compile-cache", filepath.Join(w.dir, "compiled"),
		"--sink", "hec", "--sink", "syslog", "--hec-max-body", "64KiB", "--hec-timeout", hecTimeout.String(),
		"--syslog-payload", "json", "--syslog-timeout", "1s",
		"--retry-initial", "50ms", "--retry-max", "500ms", "--hold", "200ms",
	}
	if slot%3 == 2 {
		flags = append(flags, "--hec-url", w.hecs[ackSite].URL(), "--hec-ack", "--hec-ack-timeout", "1500ms", "--zstd")
	} else {
		flags = append(flags, "--hec-url", w.hecs[slot%ackSite].URL(), "--hec-url", w.hecs[(slot+1)%ackSite].URL())
	}
	if slot%2 == 1 {
		return append(flags, "--syslog-url", w.relp.URL(), "--hec-gzip")
	}
	return append(flags, "--syslog-url", w.syslog.URL(), "--syslog-framing", "octet")
}
