package hec

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// A collector is OpenTelemetry's, a real HEC receiver with acknowledgement:
// a process that a test may kill, freeze and start again at the same address.
// What it has accepted it hands to arrivals, in the test's own process.
type collector struct {
	path, addr string
	queue      bool // its exporter accepts into memory, as is its default
	arrivals   *arrivals

	cmd    *exec.Cmd // nil: down
	output bytes.Buffer
	exited chan struct{}
}

// startCollector starts one that ends with the test.
func startCollector(t *testing.T, arrivals *arrivals, queue bool) *collector {
	t.Helper()
	c := &collector{path: findCollector(t), addr: freeAddr(t), queue: queue, arrivals: arrivals}
	c.up(t)
	t.Cleanup(c.down)
	return c
}

// findCollector looks for $OTELCOL, and for OpenTelemetry's own distribution
// that has all components.
func findCollector(t *testing.T) string {
	t.Helper()
	for _, candidate := range []string{os.Getenv("OTELCOL"), "otelcol-contrib"} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	t.Skip("SKIPPED: THE OPENTELEMETRY COLLECTOR IS NOT INSTALLED, so nothing here is tested against it (OTELCOL names it; .ci/run shows how it is built)")
	return ""
}

// freeAddr stays free for long enough: the kernel hands out other ports first.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// up starts the process and waits until it listens: its receivers come last.
func (c *collector) up(t *testing.T) {
	t.Helper()
	if c.cmd != nil {
		return
	}
	cmd := exec.Command(c.path, "--config", "testdata/collector/config.yaml") //nolint:gosec // the receiver under test
	cmd.Env = append(os.Environ(), "HEC_ENDPOINT="+c.addr, "HEC_TOKEN="+token, "ARRIVALS_URL="+c.arrivals.url(), "QUEUE="+strconv.FormatBool(c.queue))
	c.output.Reset()
	cmd.Stdout, cmd.Stderr = &c.output, &c.output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait()
	}()
	c.cmd, c.exited = cmd, exited
	if err := listening(t.Context(), c.addr, exited); err != nil {
		c.down()
		t.Fatalf("the collector does not start: %v\n%s", err, &c.output)
	}
}

// listening dials until somebody answers.
func listening(ctx context.Context, addr string, exited <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-again.C:
		case <-exited:
			return errors.New("it has ended")
		case <-ctx.Done():
			return err
		}
	}
}

// down is kill -9: the process has no time for anything.
func (c *collector) down() {
	if c.cmd == nil {
		return
	}
	_ = c.cmd.Process.Kill()
	<-c.exited
	c.cmd = nil
}

// freeze stops the process; the kernel still takes connections for it.
func (c *collector) freeze(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Error(err)
	}
}

// sink makes a sink for the collector that is closed with the test.
func (c *collector) sink(t *testing.T, change ...func(*Config)) *Sink {
	t.Helper()
	cfg := Config{URL: "http://" + c.addr, Token: token, Timeout: 10 * time.Second}
	for _, f := range change {
		f(&cfg)
	}
	s, err := New(cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
