// Package yardstick is the program that slswasm is measured against: the same
// way from the Log Service to a receiver as the audit example goes, written by
// hand in Go for this one purpose, as lean as one would write it who needs no
// guests, no consumer group, no checkpoints, no retries and no other receiver.
//
// It shares no code with the product, so that a slow encoder there does not
// move the bar: pulls over plain HTTP with its own signature, lz4 into a kept
// buffer, a walk over the protobuf without copies, the rules and the masks in
// Go, JSON (or syslog) into one buffer, net/http or a TCP connection. TestRules
// holds what it sends against what the audit guest makes, event by event.
package yardstick

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"
)

// A Config says what to carry where.
type Config struct {
	Service  string // host:port of the emulator
	Project  string
	Logstore string
	KeyID    string
	Secret   string
	Shards   int

	HEC    string // host:port; or
	Syslog string // host:port of a TCP receiver that takes octet counting
	Token  string

	Gzip  bool
	Rules bool // the audit example's; without them each log passes as it is
}

// Counts is what went through.
type Counts struct {
	Logs   uint64
	Bytes  uint64 // keys and values
	Events uint64
}

// bodySize is where a body is full, as with the product's sink by default.
const bodySize = 800_000

// Run carries all that there is, each shard by a goroutine of its own.
func Run(ctx context.Context, cfg Config) (Counts, error) {
	var sum Counts
	var mu sync.Mutex
	client := &http.Client{Transport: &http.Transport{
		DisableCompression: true, MaxIdleConnsPerHost: 2 * cfg.Shards, WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10,
	}}
	defer client.CloseIdleConnections()
	group, ctx := errgroup.WithContext(ctx)
	for shard := range cfg.Shards {
		group.Go(func() error {
			l := &lane{cfg: &cfg, client: client, shard: shard}
			err := l.run(ctx)
			mu.Lock()
			defer mu.Unlock()
			sum.Logs += l.Logs
			sum.Bytes += l.Bytes
			sum.Events += l.Events
			return err
		})
	}
	err := group.Wait()
	return sum, err
}

// A lane carries one shard.
type lane struct {
	Counts
	cfg    *Config
	client *http.Client
	shard  int
	conn   net.Conn // of syslog

	packed, raw []byte
	walk        walk
	log         log
	out         []byte
	zip         *gzip.Writer
	zipped      bytes.Buffer
}

func (l *lane) run(ctx context.Context) (err error) {
	if l.cfg.Syslog != "" {
		if l.conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", l.cfg.Syslog); err != nil {
			return err
		}
		defer func() {
			if end := l.confirm(); err == nil {
				err = end
			}
		}()
	}
	cursor, err := l.begin(ctx)
	for err == nil {
		var next string
		if next, err = l.pull(ctx, cursor); err != nil || next == cursor {
			return err
		}
		cursor = next
		err = l.carry(ctx)
	}
	return err
}

// carry sends what was pulled.
func (l *lane) carry(ctx context.Context) error {
	l.walk.start(l.raw)
	for l.next() {
		if len(l.out) >= bodySize {
			if err := l.send(ctx); err != nil {
				return err
			}
		}
	}
	if l.walk.broken {
		return fmt.Errorf("shard %d: a pull is no LogGroupList", l.shard)
	}
	return l.send(ctx)
}

// next writes the next log into the body, unless the rules drop it; false
// where there is none.
func (l *lane) next() bool {
	if !l.walk.next(&l.log) {
		return false
	}
	l.Logs++
	l.Bytes += uint64(l.log.size)
	if l.cfg.Rules && !l.log.judge() {
		return true
	}
	l.Events++
	if l.cfg.Syslog != "" {
		l.out = l.log.appendSyslog(l.out)
	} else {
		l.out = l.log.appendHEC(l.out)
	}
	return true
}

func (l *lane) send(ctx context.Context) error {
	if len(l.out) == 0 {
		return nil
	}
	defer func() { l.out = l.out[:0] }()
	if l.conn != nil {
		_, err := l.conn.Write(l.out)
		return err
	}
	body := l.out
	if l.cfg.Gzip {
		var err error
		if body, err = l.compress(); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+l.cfg.HEC+"/services/collector/event", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Splunk "+l.cfg.Token)
	req.Header.Set("Content-Type", "application/json")
	if l.cfg.Gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := l.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it is only read
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the receiver answers %s", resp.Status)
	}
	return nil
}

func (l *lane) compress() ([]byte, error) {
	l.zipped.Reset()
	if l.zip == nil {
		var err error
		if l.zip, err = gzip.NewWriterLevel(&l.zipped, gzip.BestSpeed); err != nil {
			return nil, err
		}
	} else {
		l.zip.Reset(&l.zipped)
	}
	if _, err := l.zip.Write(l.out); err != nil {
		return nil, err
	}
	if err := l.zip.Close(); err != nil {
		return nil, err
	}
	return l.zipped.Bytes(), nil
}

// confirm ends the connection and waits until the receiver has read it all.
func (l *lane) confirm() error {
	defer l.conn.Close() //nolint:errcheck // what was written is confirmed below
	if err := l.conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, l.conn)
	return err
}
