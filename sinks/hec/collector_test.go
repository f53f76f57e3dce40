package hec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A collector is OpenTelemetry's, a real HEC receiver with acknowledgement:
// a process that a test may kill, freeze and start again at the same address.
// What it has accepted it hands to arrivals, in the test's own process.
type collector struct {
	path, addr string
	arrivals   *arrivals
	env        []string // for its configuration

	cmd    *exec.Cmd // nil: down
	output bytes.Buffer
	exited chan struct{}
}

// Settings of the collector's configuration.
const (
	queued = "QUEUE=true" // its exporter takes what it gets into memory, as is its default
	noAcks = "ACK={}"
)

// startCollector starts one that ends with the test.
func startCollector(t *testing.T, arrivals *arrivals, settings ...string) *collector {
	t.Helper()
	c := &collector{path: findCollector(t), addr: freeAddr(t), arrivals: arrivals}
	c.env = append(os.Environ(), "HEC_ENDPOINT="+c.addr, "HEC_TOKEN="+token, "ARRIVALS_URL="+arrivals.url(), "QUEUE=false", "ACK={extension: ack}")
	c.env = append(c.env, settings...)
	if err := c.up(t.Context()); err != nil {
		t.Fatal(err)
	}
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
func (c *collector) up(ctx context.Context) error {
	if c.cmd != nil {
		return nil
	}
	cmd := exec.Command(c.path, "--config", "testdata/collector/config.yaml") //nolint:gosec // the receiver under test
	cmd.Env = c.env
	c.output.Reset()
	cmd.Stdout, cmd.Stderr = &c.output, &c.output
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait()
	}()
	c.cmd, c.exited = cmd, exited
	err := listening(ctx, c.addr, exited)
	if err != nil {
		c.down()
		err = fmt.Errorf("the collector does not start: %w\n%s", err, &c.output)
	}
	return err
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
	s.polling = polling{first: time.Millisecond, longest: 20 * time.Millisecond}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// acks waits for acknowledgements, and not for long: those that a dead
// collector owes never come.
func acks(c *Config) { c.Ack, c.AckTimeout = true, 300*time.Millisecond }

// TestCheckCollector: what is set up wrong is found before the first event.
func TestCheckCollector(t *testing.T) {
	findCollector(t) // or skip once
	arrivals := startArrivals(t)
	with, without := startCollector(t, arrivals), startCollector(t, arrivals, noAcks)
	for name, c := range map[string]struct {
		collector *collector
		change    func(*Config)
		want      string // a part of the error
	}{
		"well":             {with, func(*Config) {}, ""},
		"acks":             {with, acks, ""},
		"wrong token":      {with, func(c *Config) { c.Token = "wrong" }, `answered 401 "provided authorization does not match expected scheme or token"; check --hec-token`},
		"no acks":          {without, func(*Config) {}, ""},
		"acks, but no one": {without, acks, "asked for acknowledgements: the receiver answered 400"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.collector.sink(t, c.change).Check(t.Context())
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	if n := len(arrivals.all()); n != 0 {
		t.Errorf("the checks left %d events", n)
	}
}
