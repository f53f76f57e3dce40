package syslog

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A daemon is a real receiver of Debian in the foreground, with its own
// configuration, that writes each MSG as a line of a file, with an empty one
// before it, so that one which a kill cuts stays alone.
type daemon struct {
	name    string
	config  func(d daemonFiles) string
	args    func(d daemonFiles) []string
	environ func() []string // nil: ours
}

type daemonFiles struct {
	dir, conf, out, cert, key string
	input                     string // of rsyslog, where several fit
	port                      int
	cfg                       Config
}

// rsyslog writes what it has read before it goes on: its queues have no thread
// of their own, and its files no buffer.
var rsyslog = daemon{
	name: "rsyslogd",
	config: func(d daemonFiles) string {
		return fmt.Sprintf(`
global(workDirectory=%q maxMessageSize="128k" defaultNetstreamDriverCAFile=%q defaultNetstreamDriverCertFile=%q defaultNetstreamDriverKeyFile=%q)
main_queue(queue.type="Direct")
%s
template(name="line" type="string" string="\n%%msg%%\n")
action(type="omfile" file=%q template="line" asyncWriting="off" flushOnTXEnd="on")
`, d.dir, d.cfg.CAFile, d.cert, d.key, rsyslogInput(d), d.out)
	},
	args: func(d daemonFiles) []string {
		args := []string{"-n", "-f", d.conf, "-i", filepath.Join(d.dir, "pid")}
		if modules := os.Getenv("RSYSLOGD_MODULES"); modules != "" {
			args = append(args, "-M", modules)
		}
		return args
	},
	environ: func() []string {
		if modules := os.Getenv("RSYSLOGD_MODULES"); modules != "" { // librelp was unpacked with them
			return append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Dir(modules))
		}
		return nil
	},
}

// rsyslogInput is the input of rsyslog for the settings of the sink.
func rsyslogInput(d daemonFiles) string {
	listen := func(module, options string) string {
		return fmt.Sprintf("module(load=%q %s)\ninput(type=%q address=\"127.0.0.1\" port=\"%d\" ", module, options, module, d.port)
	}
	switch {
	case d.cfg.Protocol == TLS:
		return listen("imtcp", `StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon"`) + ")"
	case d.cfg.Protocol == UDP:
		return listen("imudp", "") + ")"
	case d.cfg.Protocol == RELP:
		return listen("imrelp", "") + `maxDataSize="128k")`
	case d.cfg.Protocol == RELPTLS: // with certificates on both sides
		return listen("imrelp", "") + fmt.Sprintf(`maxDataSize="128k" tls="on" tls.authMode="certvalid" tls.caCert=%q tls.myCert=%q tls.myPrivKey=%q)`,
			d.cfg.CAFile, d.cert, d.key)
	case d.input != "":
		return listen(d.input, "") + ")"
	}
	return listen("imtcp", "") + ")"
}

var syslogNG = daemon{
	name: "syslog-ng",
	config: func(d daemonFiles) string {
		source := fmt.Sprintf(`syslog(transport("tcp") ip("127.0.0.1") port(%d) max-connections(20) log-iw-size(20) log-fetch-limit(1))`, d.port)
		switch {
		case d.cfg.Protocol == TLS:
			source = fmt.Sprintf(`syslog(transport("tls") ip("127.0.0.1") port(%d) max-connections(20) log-iw-size(20) log-fetch-limit(1) tls(cert-file(%q) key-file(%q) peer-verify(optional-untrusted)))`, d.port, d.cert, d.key)
		case d.cfg.Framing == LF: // syslog() takes octets only
			source = fmt.Sprintf(`network(transport("tcp") flags(syslog-protocol) ip("127.0.0.1") port(%d) max-connections(20) log-iw-size(20) log-fetch-limit(1))`, d.port)
		}
		return fmt.Sprintf(`@version: 3.35
options { min-iw-size-per-reader(1); };
source s { %s; };
destination d { file(%q template("\n$MSG\n")); };
log { source(s); destination(d); flags(flow-control); };
`, source, d.out)
	},
	args: func(d daemonFiles) []string {
		in := func(name string) string { return filepath.Join(d.dir, name) }
		return []string{"-F", "--no-caps", "-f", d.conf, "-R", in("persist"), "-c", in("ctl"), "-p", in("pid")}
	},
}

// find looks for the daemon: $RSYSLOGD or $SYSLOG_NG, the path, /usr/sbin.
// Debian installs one of the two only; the other can be unpacked beside it
// (apt-get download rsyslog rsyslog-gnutls rsyslog-relp librelp0, dpkg -x),
// with $RSYSLOGD_MODULES.
func (d daemon) find(t *testing.T, files daemonFiles) string {
	t.Helper()
	variable := map[string]string{"rsyslogd": "RSYSLOGD", "syslog-ng": "SYSLOG_NG"}[d.name]
	for _, candidate := range []string{os.Getenv(variable), d.name, "/usr/sbin/" + d.name} {
		if path, err := exec.LookPath(candidate); err == nil {
			if files.cfg.acknowledges() {
				findRELP(t)
			}
			return path
		}
	}
	t.Skipf("SKIPPED: %s IS NOT INSTALLED, so nothing here is tested against it (%s names another place)", d.name, variable)
	return ""
}

func findRELP(t *testing.T) {
	t.Helper()
	where := filepath.Join(cmp.Or(os.Getenv("RSYSLOGD_MODULES"), "/usr/lib/*/rsyslog"), "imrelp.so")
	if found, _ := filepath.Glob(where); len(found) == 0 {
		t.Skipf("SKIPPED: %s IS NOT INSTALLED (Debian: rsyslog-relp), so RELP is not tested against rsyslog", where)
	}
}

// A process is a daemon that runs. It ends with the test.
type process struct {
	t      *testing.T
	d      daemon
	cmd    *exec.Cmd
	output bytes.Buffer
	exited chan error
	ended  sync.Once
}

// start starts the daemon and waits until it listens.
func (d daemon) start(t *testing.T, files daemonFiles) *process {
	t.Helper()
	path := d.find(t, files)
	if err := os.WriteFile(files.conf, []byte(d.config(files)), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, d: d, cmd: exec.Command(path, d.args(files)...), exited: make(chan error, 1)} //nolint:gosec // the daemon under test
	if d.environ != nil {
		p.cmd.Env = d.environ()
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.exited <- p.cmd.Wait() }()
	t.Cleanup(p.stop)
	waitForPort(t, files.cfg.Protocol, files.port)
	return p
}

// stop lets the daemon write what it has.
func (p *process) stop() { p.end(syscall.SIGTERM) }

// kill lets it do nothing more.
func (p *process) kill() { p.end(syscall.SIGKILL) }

func (p *process) end(how syscall.Signal) {
	p.ended.Do(func() {
		if err := p.cmd.Process.Signal(how); err != nil {
			p.t.Error(err)
		}
		if err := <-p.exited; err != nil && how != syscall.SIGKILL {
			p.t.Logf("%s: %v", p.d.name, err)
		}
		if p.t.Failed() {
			p.t.Logf("%s said %.2000s", p.d.name, &p.output)
		}
	})
}

// waitForPort asks until somebody listens: a daemon does not say when.
func waitForPort(t *testing.T, protocol string, port int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := listens(protocol, fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatal(err)
		}
	}
}

func listens(protocol, addr string) error {
	if protocol != UDP {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err
	}
	c, err := net.ListenPacket("udp", addr)
	if err == nil {
		return errors.Join(errors.New("nobody has the port"), c.Close())
	}
	return nil // the daemon has it
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing was accepted
	return l.Addr().(*net.TCPAddr).Port
}

// A realReceiver is a daemon and how to reach it.
type realReceiver struct {
	daemon    daemon
	input     string
	cfg       Config
	cert, key string
}

// realReceivers are those that can confirm, by what they are told apart.
func realReceivers(t *testing.T) map[string]realReceiver {
	ca := newAuthority(t)
	cert, key := ca.issue(t, time.Now().Add(time.Hour))
	secure := Config{Protocol: TLS, CAFile: ca.file}
	mutual := Config{Protocol: RELPTLS, CAFile: ca.file, CertFile: cert, KeyFile: key}
	all := map[string]realReceiver{
		"rsyslog, imtcp, lf":     {daemon: rsyslog, cfg: Config{Framing: LF}},
		"rsyslog, imtcp, octet":  {daemon: rsyslog, cfg: Config{Framing: Octet}},
		"rsyslog, imptcp, lf":    {daemon: rsyslog, input: "imptcp", cfg: Config{Framing: LF}},
		"rsyslog, imptcp, octet": {daemon: rsyslog, input: "imptcp", cfg: Config{Framing: Octet}},
		"rsyslog, tls":           {daemon: rsyslog, cfg: secure},
		"rsyslog, relp":          {daemon: rsyslog, cfg: Config{Protocol: RELP}},
		"rsyslog, relp+tls":      {daemon: rsyslog, cfg: mutual},
		"syslog-ng, lf":          {daemon: syslogNG, cfg: Config{Framing: LF}},
		"syslog-ng, octet":       {daemon: syslogNG, cfg: Config{Framing: Octet}},
		"syslog-ng, tls":         {daemon: syslogNG, cfg: secure},
	}
	for name, r := range all {
		r.cert, r.key = cert, key
		all[name] = r
	}
	return all
}

// prepare gives the receiver a port and files of its own.
func (r realReceiver) prepare(t *testing.T) daemonFiles {
	t.Helper()
	dir := t.TempDir()
	r.cfg.Host, r.cfg.Port = "127.0.0.1", freePort(t)
	return daemonFiles{
		dir: dir, conf: filepath.Join(dir, "conf"), out: filepath.Join(dir, "out"),
		cert: r.cert, key: r.key, input: r.input, port: r.cfg.Port, cfg: r.cfg,
	}
}

// written are the lines in the daemon's file.
func (f daemonFiles) written(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile(f.out)
	if err != nil {
		t.Fatal(err)
	}
	return strings.FieldsFunc(string(b), func(r rune) bool { return r == '\n' })
}

// TestDaemons sends 20,000 messages to each real receiver and finds each of
// them once in the file.
func TestDaemons(t *testing.T) {
	const windows, window = 40, 500
	for name, r := range realReceivers(t) {
		t.Run(name, func(t *testing.T) {
			files := r.prepare(t)
			p := r.daemon.start(t, files)
			s, err := New(files.cfg, discardLog())
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			var all sync.WaitGroup
			for g := range 4 {
				all.Go(func() {
					for w := g; w < windows; w += 4 {
						if n, err := s.Send(t.Context(), numbered(fmt.Sprintf("window %d message", w), window)); n != window || err != nil {
							t.Errorf("window %d: %d, %v", w, n, err)
						}
					}
				})
			}
			all.Wait()
			t.Logf("%d messages confirmed in %v", windows*window, time.Since(begin))
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			p.stop()
			wantOnce(t, files.written(t), windows, window)
		})
	}
}

// TestDaemonUDP sends what a socket's buffer holds: nothing confirms more.
func TestDaemonUDP(t *testing.T) {
	r := realReceiver{daemon: rsyslog, cfg: Config{Protocol: UDP}}
	files := r.prepare(t)
	p := r.daemon.start(t, files)
	s, err := New(files.cfg, discardLog())
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Send(t.Context(), numbered("window 0 message", 100)); n != 100 || err != nil {
		t.Fatal(n, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for ctx.Err() == nil {
		if b, _ := os.ReadFile(files.out); bytes.Count(b, []byte("\n")) >= 100 {
			break
		}
		<-again.C
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	p.stop()
	wantOnce(t, files.written(t), 1, 100)
}

func wantOnce(t *testing.T, lines []string, windows, window int) {
	t.Helper()
	seen := map[string]int{}
	for _, line := range lines {
		seen[strings.TrimSpace(line)]++
	}
	bad := 0
	for w := range windows {
		for i := range window {
			if n := seen[fmt.Sprintf("window %d message %d", w, i)]; n != 1 {
				bad++
			}
		}
	}
	if bad > 0 || len(lines) != windows*window {
		t.Errorf("%d lines; %d messages are not there exactly once", len(lines), bad)
	}
}
