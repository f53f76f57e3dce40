package perf

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/slswasm/slswasm/host/perf/cpu"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks/hec"
)

// A lab is what the ways are measured in.
type lab struct {
	slswasm string // the program
	self    string // the report's own program
	guests  string // folder of modules
	dir     string // for what comes and goes
	emu     Ready
	recv    Ready
	runs    int // so far: each is a consumer group of its own
}

// A measure is one run of one way.
type measure struct {
	Counts
	Rate    float64       // MB per CPU-second
	CPU     time.Duration // user and system
	Elapsed time.Duration
	RSS     int64 // bytes, the most
	Arrival Arrival
}

// Counts is what a run says of itself.
type Counts struct {
	Logs    uint64 `json:"logs"`
	Bytes   uint64 `json:"bytes"` // keys and values
	Events  uint64 `json:"events"`
	Mallocs uint64 `json:"mallocs"` // 0: it does not say
}

// measure runs a way and checks that everything has arrived.
func (l *lab) measure(ctx context.Context, w *way, profile string) (m measure, err error) {
	l.runs++
	if _, err := arrivals(ctx, l.recv); err != nil { // begins anew
		return m, err
	}
	cmd := l.command(ctx, w)
	if profile != "" {
		cmd.Args = append(cmd.Args, "--cpu-profile", profile)
	}
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return m, fmt.Errorf("%s: %w\n%s", w.name(), err, log.Bytes())
	}
	m.Elapsed = time.Since(start)
	m.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	m.RSS = cpu.Peak(cmd.ProcessState)
	if w.yardstick {
		err = json.Unmarshal(out.Bytes(), &m.Counts)
	} else {
		m.Counts, err = lastCounts(log.Bytes())
	}
	if err == nil {
		m.Arrival, err = arrivals(ctx, l.recv)
	}
	if err == nil && m.Arrival.Events != m.Events {
		err = fmt.Errorf("%d events were sent, and %d arrived", m.Events, m.Arrival.Events)
	}
	if err != nil {
		return m, fmt.Errorf("%s: %w", w.name(), err)
	}
	m.Rate = cpu.Of(m.Bytes, m.CPU)
	return m, nil
}

// command is how a way is run.
func (l *lab) command(ctx context.Context, w *way) *exec.Cmd {
	if w.yardstick {
		return l.own(ctx, w, "yardstick", "-shards", strconv.Itoa(w.shards), "-rules="+strconv.FormatBool(w.rules))
	}
	args := []string{"run", "--until", "now", "--endpoint", "http://" + l.emu.Address, "--project", Project, "--logstore", w.logstore(),
		"--group", fmt.Sprintf("bench-%d", l.runs), "--dead-letters", filepath.Join(l.dir, "letters.jsonl"), "--log-format", "json"}
	for _, g := range w.guests {
		args = append(args, "--transform", l.module(g))
	}
	if w.sink == toSyslog {
		args = append(args, "--syslog-url", "tcp://"+l.recv.Syslog, "--syslog-framing", "octet")
	} else {
		args = append(args, "--hec-url", "http://"+l.recv.Address, "--hec-gzip="+strconv.FormatBool(w.sink == toGzip),
			"--hec-nest", hec.DefaultNest()[0])
	}
	cmd := exec.CommandContext(ctx, l.slswasm, args...)
	cmd.Env = append(os.Environ(), "SLS_AK_ID="+slstest.DefaultAccessKeyID, "SLS_AK_KEY="+slstest.DefaultAccessKeySecret,
		"SLSWASM_HEC_TOKEN=bench")
	return cmd
}

// own is how a program of the report's own carries a way's logs.
func (l *lab) own(ctx context.Context, w *way, args ...string) *exec.Cmd {
	args = append(args, "-service", l.emu.Address, "-logstore", string(w.kind), "-gzip="+strconv.FormatBool(w.sink == toGzip))
	if w.sink == toSyslog {
		args = append(args, "-syslog", l.recv.Syslog)
	} else {
		args = append(args, "-hec", l.recv.Address)
	}
	return exec.CommandContext(ctx, l.self, args...)
}

func (l *lab) module(name string) string { return filepath.Join(l.guests, name+".wasm") }

// emptyStore is the logstore without logs.
const emptyStore = "empty"

func (w *way) logstore() string {
	if w.kind == "" {
		return emptyStore
	}
	return string(w.kind)
}

// lastCounts reads what slswasm says at its end.
func lastCounts(log []byte) (Counts, error) {
	var said struct {
		Msg         string
		Pulled      uint64
		Bytes       uint64
		Delivered   uint64
		DeadLetters uint64 `json:"dead_letters"`
	}
	for line := range bytes.Lines(log) {
		if json.Unmarshal(line, &said) == nil && said.Msg == "stopped" {
			if said.DeadLetters > 0 {
				return Counts{}, fmt.Errorf("%d dead letters", said.DeadLetters)
			}
			return Counts{Logs: said.Pulled, Bytes: said.Bytes, Events: said.Delivered}, nil
		}
	}
	return Counts{}, errors.New("it did not say how it ended: " + string(log))
}

// A program is a part of the laboratory that runs beside what is measured.
type program struct {
	cmd  *exec.Cmd
	stop context.CancelFunc
}

// start runs this program with these arguments until close, and returns what
// it says when it is ready.
func (l *lab) start(ctx context.Context, args ...string) (p *program, r Ready, err error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, l.self, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, r, err
	}
	p = &program{cmd, cancel}
	if err := json.NewDecoder(out).Decode(&r); err != nil {
		return nil, r, errors.Join(fmt.Errorf("%s did not start: %w", args[0], err), p.close())
	}
	return p, r, nil
}

// close interrupts the program and waits for its end.
func (p *program) close() error {
	p.stop()
	err := p.cmd.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
