package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/aliyun/aliyun-log-go-sdk/producer"
	gokit "github.com/go-kit/kit/log"
	"github.com/gogo/protobuf/proto"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slswasm/slswasm/host/guest/guesttest"
	"github.com/slswasm/slswasm/host/slstest"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"slswasm": main})
}

const (
	testProject  = "e2e-project"
	testLogstore = "e2e-logstore"
	testToken    = "e2e-token"
	patience     = 4 * time.Minute // for what always comes, on a slow machine

	// soonFree is the flag of a group whose members die in the test. Others
	// keep their shards however busy the machine is.
	soonFree = "--group-timeout=2s"
)

// A world is what stands around the processes of slswasm: the service, where
// they pull, and the receiver, where they deliver.
type world struct {
	t       *testing.T
	ctx     context.Context
	service *slstest.Server
	hec     *sinktest.HECReceiver
	audit   string // path of the guest

	mu      sync.Mutex
	arrived map[string][]map[string]string // events by the field "id"
	count   int
	more    chan struct{} // closed at the next arrival
	pauseAt int           // arrivals after which the receiver stops, until
	resume  chan struct{} // is closed
}

func newWorld(t *testing.T, shards int) *world {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	w := &world{t: t, ctx: ctx, arrived: map[string][]map[string]string{}, more: make(chan struct{}), audit: filepath.Join(t.TempDir(), "audit.wasm")}
	w.must(os.WriteFile(w.audit, guesttest.BuildSmall(t, "audit"), 0o600))
	var err error
	w.service, err = slstest.New(slstest.Config{Projects: []slstest.Project{{
		Name: testProject, Logstores: []slstest.Logstore{{Name: testLogstore, Shards: shards}},
	}}})
	w.must(err)
	w.must(w.service.Start(""))
	t.Cleanup(func() { w.service.Close() })
	w.hec, err = sinktest.StartHEC(sinktest.HECOptions{Token: testToken, OnEvent: w.take})
	w.must(err)
	t.Cleanup(func() { w.hec.Close() })
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) take(e *sinktest.HECEvent) { w.takeJSON(e.Event) }

func (w *world) takeJSON(text []byte) {
	var fields map[string]string
	if err := json.Unmarshal(text, &fields); err != nil {
		w.t.Errorf("event %.200q: %v", text, err)
		return
	}
	w.mu.Lock()
	w.arrived[fields["id"]] = append(w.arrived[fields["id"]], fields)
	w.count++
	close(w.more)
	w.more = make(chan struct{})
	pause, resume := w.count == w.pauseAt, w.resume
	w.mu.Unlock()
	if pause {
		<-resume
	}
}

// pause makes the receiver stop in the middle of a request, after n arrivals.
func (w *world) pause(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pauseAt, w.resume = n, make(chan struct{})
}

// await waits until different logs have arrived in this number.
func (w *world) await(different int) {
	w.t.Helper()
	for {
		w.mu.Lock()
		n, more := len(w.arrived), w.more
		w.mu.Unlock()
		if n >= different {
			return
		}
		select {
		case <-more:
		case <-w.ctx.Done():
			w.t.Fatalf("%d of %d logs arrived", n, different)
		}
	}
}

// put sends logs with the SDK's own producer, which spreads them over the
// shards by their source.
func (w *world) put(logs []*sls.Log) {
	w.t.Helper()
	config := producer.GetDefaultProducerConfig()
	config.Endpoint = w.service.Endpoint()
	config.HTTPClient = w.service.Client()
	config.CredentialsProvider = sls.NewStaticCredentialsProvider(slstest.DefaultAccessKeyID, slstest.DefaultAccessKeySecret, "")
	config.Logger, config.DisableRuntimeMetrics = gokit.NewNopLogger(), true // the metrics race with the end
	config.LingerMs = 100
	config.MaxBatchCount = 20   // many log groups
	config.MaxIoWorkerCount = 1 // its client races with itself when it is used first
	p, err := producer.NewProducer(config)
	w.must(err)
	before := w.service.Logs(testProject, testLogstore)
	p.Start()
	for i, l := range logs {
		source := "10.0.0." + strconv.Itoa(i%16)
		w.must(p.HashSendLog(testProject, testLogstore, source, "e2e", source, l))
	}
	// All of it is there before the producer is closed, which races with its
	// own start.
	w.must(w.service.Await(w.ctx, func() bool {
		return w.service.Logs(testProject, testLogstore) == before+len(logs)
	}))
	p.SafeClose()
}

// numbered makes logs that are told apart by the field "id".
func numbered(from, n int) []*sls.Log {
	logs := make([]*sls.Log, n)
	for i := range logs {
		logs[i] = newLog("id", strconv.Itoa(from+i), "verb", "get", "padding", fmt.Sprintf("%0200d", from+i))
	}
	return logs
}

func newLog(keysAndValues ...string) *sls.Log {
	l := &sls.Log{Time: proto.Uint32(1760000000)}
	for i := 0; i < len(keysAndValues); i += 2 {
		l.Contents = append(l.Contents, &sls.LogContent{Key: &keysAndValues[i], Value: &keysAndValues[i+1]})
	}
	return l
}

// toSyslog starts a syslog receiver, and returns the flags that lead to it.
func (w *world) toSyslog() []string {
	w.t.Helper()
	r, err := sinktest.StartSyslog(sinktest.SyslogOptions{
		Framing:   sinktest.FrameOctet,
		OnMessage: func(m *sinktest.SyslogMessage) { w.takeJSON(m.Msg) },
	})
	w.must(err)
	w.t.Cleanup(func() {
		if err := r.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return []string{
		"--sink", "syslog", "--syslog-host", r.Host(), "--syslog-port", strconv.Itoa(r.Port()),
		"--syslog-framing", "octet", "--syslog-payload", "json",
	}
}

// A process is slswasm run, on its own.
type process struct {
	*exec.Cmd
	w   *world
	log processLog
}

// A processLog keeps what a process writes, and lets tests wait for it.
type processLog struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed at the next write
}

func (l *processLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
	return l.text.Write(b)
}

// state returns what there is, and a channel that is closed when there is
// more.
func (l *processLog) state() (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more == nil {
		l.more = make(chan struct{})
	}
	return l.text.String(), l.more
}

// told waits until the process has written this.
func (p *process) told(text string) {
	p.w.t.Helper()
	for {
		log, more := p.log.state()
		if strings.Contains(log, text) {
			return
		}
		select {
		case <-more:
		case <-p.w.ctx.Done():
			p.w.t.Fatalf("the process did not say %q", text)
		}
	}
}

// signalUntilTold sends a signal again and again until the process has written
// this.
func (p *process) signalUntilTold(s os.Signal, text string) {
	p.w.t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		log, more := p.log.state()
		if strings.Contains(log, text) {
			return
		}
		select {
		case <-more:
		case <-again.C:
			_ = p.Process.Signal(s) // it may have ended meanwhile
		case <-p.w.ctx.Done():
			p.w.t.Fatalf("the process did not say %q", text)
		}
	}
}

// toHEC are the flags that lead to the receiver of this world.
func (w *world) toHEC() []string {
	return []string{"--sink", "hec", "--hec-url", w.hec.URL(), "--hec-max-body", "32KiB"}
}

// run starts a process that passes everything through the audit guest, which
// lets logs like these through unchanged.
func (w *world) run(to []string, flags ...string) *process {
	w.t.Helper()
	return w.start(slices.Concat([]string{
		"run", "--endpoint", "http://" + w.service.Addr(), "--project", testProject, "--logstore", testLogstore,
		"--group", "e2e", "--heartbeat-interval", "300ms", "--group-timeout", "60s", "--fetch-interval", "50ms",
		"--transform", w.audit, "--dead-letters", filepath.Join(w.t.TempDir(), "dead.jsonl"),
	}, to, flags)...)
}

// start starts a process with the credentials of this world; what is left of
// it ends with the test.
func (w *world) start(args ...string) *process {
	w.t.Helper()
	return w.startCommand(args, func(p *process) {
		p.Env = append(os.Environ(), "SLS_AK_ID="+slstest.DefaultAccessKeyID, "SLS_AK_KEY="+slstest.DefaultAccessKeySecret,
			"SLSWASM_HEC_TOKEN="+testToken)
	})
}

func (w *world) startCommand(args []string, prepare func(*process)) *process {
	w.t.Helper()
	p := &process{w: w, Cmd: exec.CommandContext(w.ctx, "slswasm", args...)}
	prepare(p)
	p.Stderr = &p.log
	w.must(p.Start())
	w.t.Cleanup(func() {
		if p.ProcessState == nil {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
		if w.t.Failed() {
			log, _ := p.log.state()
			w.t.Logf("log of process %d:\n%s", p.Process.Pid, log)
		}
	})
	return p
}

// end waits for the process and checks its exit code.
func (p *process) end(code int) {
	p.w.t.Helper()
	err := p.Wait()
	if got := p.ProcessState.ExitCode(); got != code {
		p.w.t.Fatalf("exit code %d, want %d: %v", got, code, err)
	}
}

func (p *process) kill() {
	p.w.t.Helper()
	p.w.must(p.Process.Signal(syscall.SIGKILL))
	_ = p.Wait() // it says "killed"
}

// complete checks that these logs arrived, and how often.
func (w *world) complete(from, n int, repeats bool) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	missing, again := 0, 0
	for i := from; i < from+n; i++ {
		switch got := len(w.arrived[strconv.Itoa(i)]); {
		case got == 0:
			missing++
		case got > 1:
			again += got - 1
		}
	}
	if missing > 0 || (again > 0 && !repeats) {
		w.t.Errorf("of %d logs %d are missing and %d arrived again", n, missing, again)
	}
	w.t.Logf("%d logs, %d repeated", n, again)
}

func (w *world) different() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.arrived)
}

// shared waits until two consumers hold shards.
func (w *world) shared() {
	w.t.Helper()
	w.must(w.service.Await(w.ctx, func() bool {
		group, ok := w.service.Group(testProject, testLogstore, "e2e")
		if !ok {
			return false
		}
		holding := 0
		for _, shards := range group.Consumers {
			if len(shards) > 0 {
				holding++
			}
		}
		return holding == 2
	}))
}
