package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
	"github.com/slswasm/slswasm/sinks/sinktest"
)

// A receiver that is stuck keeps a process that is to stop no longer than
// --drain-timeout, and what was in hand is delivered by the next one.
func TestDrainLimitOfAStuckReceiver(t *testing.T) {
	w := newWorld(t, 4)
	const n = 400
	w.put(numbered(0, n))
	w.pause(10)
	p := w.run(w.toHEC(), "--drain-timeout", "1s", soonFree)
	w.await(10)
	begin := time.Now()
	w.must(p.Process.Signal(syscall.SIGTERM))
	p.end(exitFailed)
	if d := time.Since(begin); d < time.Second || d > 20*time.Second {
		t.Errorf("it took %v to stop", d)
	}
	p.told("the drain timeout is over")
	close(w.resume)
	w.run(w.toHEC(), "--until", "now").end(exitOK)
	w.complete(0, n, true)
}

// A nameServer answers that every name is this machine's, unless gone.
type nameServer struct{ gone atomic.Bool }

// use makes it that of this process until the test ends.
func (s *nameServer) use(t *testing.T) {
	was := net.DefaultResolver
	var queries sync.WaitGroup
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe() // no packets: messages as over TCP
		queries.Go(func() {
			defer ours.Close()
			s.answer(ours)
		})
		return theirs, nil
	}}
	t.Cleanup(func() {
		net.DefaultResolver = was
		queries.Wait()
	})
}

// answer takes one query, as of RFC 1035, and repeats it with its answer.
func (s *nameServer) answer(c net.Conn) {
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return
	}
	query := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, query); err != nil {
		return
	}
	const header = 12
	end := header + bytes.IndexByte(query[header:], 0) + 5 // the name, its type and class
	reply := append([]byte(nil), query[:end]...)
	reply[2], reply[3] = 0x81, 0x80 // an answer, no error
	clear(reply[6:header])
	switch isA := query[end-3] == 1; {
	case s.gone.Load():
		reply[3] |= 3 // no such name
	case isA:
		reply[7] = 1
		reply = append(reply, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1)
	}
	_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...))
}

// The receiver's name stops resolving in the middle of a run: that is told,
// with the name, tried again, and costs no event. At the start it is an error.
func TestReceiversNameStopsResolving(t *testing.T) {
	var names nameServer
	names.use(t)
	hec, err := sinktest.StartHEC(sinktest.HECOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer hec.Close()
	syslog, err := sinktest.StartSyslog(sinktest.SyslogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer syslog.Close()
	_, hecPort, _ := net.SplitHostPort(strings.TrimPrefix(hec.URL(), "http://"))
	for name, c := range map[string]struct {
		flags []string
		count func() int
		cut   func() // breaks the connections that there are
	}{
		sinkHEC: {
			flags: []string{"--hec-url", "http://siem.test:" + hecPort, "--hec-token", "token"},
			count: hec.Count,
			cut: func() {
				hec.Down()
				if err := hec.Up(); err != nil {
					t.Error(err)
				}
			},
		},
		sinkSyslog: {
			flags: []string{"--syslog-url", "tcp://siem.test:" + strconv.Itoa(syslog.Port())},
			count: syslog.Count,
			cut:   func() {},
		},
	} {
		t.Run(name, func(t *testing.T) {
			names.gone.Store(false)
			var settings sinkSettings
			app := cli.App{Flags: settings.flags(), Action: func(*cli.Context) error { return nil }}
			if err := app.Run(append([]string{"slswasm"}, c.flags...)); err != nil {
				t.Fatal(err)
			}
			opened, err := settings.open(sinks.RetryConfig{}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			sink := opened[0].Sink
			defer sink.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			if err := sink.Check(ctx); err != nil {
				t.Fatal(err)
			}
			told := &telling{found: make(chan struct{}), text: "lookup siem.test"}
			r := sinks.NewRetry(sink, sinks.RetryConfig{Initial: time.Millisecond, Max: 10 * time.Millisecond}, slog.New(slog.NewTextHandler(told, nil)))
			deliver := func() {
				t.Helper()
				events := make([]abi.Event, 10)
				for i := range events {
					events[i].Fields = []abi.Field{{Key: []byte("n"), Value: []byte(strconv.Itoa(i))}}
				}
				if err := r.Deliver(ctx, events, nil); err != nil {
					t.Error(err)
				}
			}
			deliver()
			names.gone.Store(true)
			c.cut()
			if err := sink.Check(ctx); err == nil || !strings.Contains(err.Error(), "siem.test") {
				t.Errorf("a check without the name: %v", err)
			}
			var delivering sync.WaitGroup
			delivering.Go(deliver)
			select {
			case <-told.found:
			case <-ctx.Done():
				t.Error("the log does not name what cannot be resolved")
			}
			names.gone.Store(false)
			delivering.Wait()
			if s := r.Stats(); s.Delivered != 20 || s.Retries == 0 || c.count() != 20 {
				t.Errorf("%+v, %d arrived", s, c.count())
			}
		})
	}
}

// A telling log says when it holds a text.
type telling struct {
	text  string
	once  sync.Once
	found chan struct{}
}

func (l *telling) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(l.text)) {
		l.once.Do(func() { close(l.found) })
	}
	return len(b), nil
}
