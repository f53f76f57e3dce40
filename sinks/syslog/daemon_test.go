package syslog

import (
	"bytes"
	"context"
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
// configuration, that writes each MSG as a line of a file.
type daemon struct {
	name   string
	config func(d daemonFiles) string
	args   func(d daemonFiles) []string
}

type daemonFiles struct {
	dir, conf, out, cert, key string
	port                      int
	cfg                       Config
}

var rsyslog = daemon{
	name: "rsyslogd",
	config: func(d daemonFiles) string {
		driver := ""
		if d.cfg.Protocol == TLS {
			driver = `StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon"`
		}
		return fmt.Sprintf(`
global(workDirectory=%q defaultNetstreamDriverCAFile=%q defaultNetstreamDriverCertFile=%q defaultNetstreamDriverKeyFile=%q)
module(load="imtcp" %s)
input(type="imtcp" address="127.0.0.1" port="%d")
template(name="line" type="string" string="%%msg%%\n")
action(type="omfile" file=%q template="line")
`, d.dir, d.cfg.CAFile, d.cert, d.key, driver, d.port, d.out)
	},
	args: func(d daemonFiles) []string {
		args := []string{"-n", "-f", d.conf, "-i", filepath.Join(d.dir, "pid")}
		if modules := os.Getenv("RSYSLOGD_MODULES"); modules != "" {
			args = append(args, "-M", modules)
		}
		return args
	},
}

var syslogNG = daemon{
	name: "syslog-ng",
	config: func(d daemonFiles) string {
		source := fmt.Sprintf(`syslog(transport("tcp") ip("127.0.0.1") port(%d))`, d.port)
		switch {
		case d.cfg.Protocol == TLS:
			source = fmt.Sprintf(`syslog(transport("tls") ip("127.0.0.1") port(%d) tls(cert-file(%q) key-file(%q) peer-verify(optional-untrusted)))`, d.port, d.cert, d.key)
		case d.cfg.Framing == LF: // syslog() takes octets only
			source = fmt.Sprintf(`network(transport("tcp") flags(syslog-protocol) ip("127.0.0.1") port(%d))`, d.port)
		}
		return fmt.Sprintf(`@version: 3.35
source s { %s; };
destination d { file(%q template("$MSG\n")); };
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
// (apt-get download rsyslog rsyslog-gnutls, dpkg -x), with $RSYSLOGD_MODULES.
func (d daemon) find(t *testing.T) string {
	t.Helper()
	variable := map[string]string{"rsyslogd": "RSYSLOGD", "syslog-ng": "SYSLOG_NG"}[d.name]
	for _, candidate := range []string{os.Getenv(variable), d.name, "/usr/sbin/" + d.name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	t.Skipf("SKIPPED: %s IS NOT INSTALLED, so nothing here is tested against it (%s names another place)", d.name, variable)
	return ""
}

// run starts the daemon and returns a function that stops it and returns the
// lines that it wrote.
func (d daemon) run(t *testing.T, files daemonFiles) (stop func() []string) {
	t.Helper()
	path := d.find(t)
	if err := os.WriteFile(files.conf, []byte(d.config(files)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, d.args(files)...) //nolint:gosec // the daemon under test
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	stop = sync.OnceValue(func() []string {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := <-exited; err != nil {
			t.Logf("%s: %v\n%s", d.name, err, &output)
		}
		b, err := os.ReadFile(files.out)
		if err != nil {
			t.Error(err)
		}
		return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	})
	t.Cleanup(func() { stop() })
	waitForPort(t, files.port)
	return stop
}

// waitForPort asks until somebody listens: a daemon does not say when.
func waitForPort(t *testing.T, port int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatal(err)
		}
	}
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

// TestDaemons sends 20,000 messages through the barrier to real receivers and
// finds each of them once in the file.
func TestDaemons(t *testing.T) {
	const windows, window = 40, 500
	ca := newAuthority(t)
	cert, key := ca.issue(t, time.Now().Add(time.Hour))
	for _, d := range []daemon{rsyslog, syslogNG} {
		for name, cfg := range map[string]Config{
			"tcp, lf":    {Framing: LF},
			"tcp, octet": {Framing: Octet},
			"tls":        {Protocol: TLS, CAFile: ca.file},
		} {
			t.Run(d.name+", "+name, func(t *testing.T) {
				dir := t.TempDir()
				cfg.Host, cfg.Port = "127.0.0.1", freePort(t)
				stop := d.run(t, daemonFiles{
					dir: dir, conf: filepath.Join(dir, "conf"), out: filepath.Join(dir, "out"),
					cert: cert, key: key, port: cfg.Port, cfg: cfg,
				})
				s, err := New(cfg, discardLog())
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close() //nolint:errcheck // always nil
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
				wantOnce(t, stop(), windows, window)
			})
		}
	}
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
