package shard

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"github.com/slswasm/slswasm/host/slstest"
)

// dated is a client of the service, whose answers tell its time, or not.
func (w *world) dated(tell bool) *http.Client {
	service := w.InProcess().Transport
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := service.RoundTrip(r)
		if err == nil && tell {
			resp.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
		}
		return resp, err
	})}
}

// This machine's clock jumps by an hour, to either side and back, in the
// middle of a run.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	for _, v4 := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newSilentWorld(t, 2)
			var book logBook
			cfg := w.config("a")
			cfg.Endpoint, cfg.HTTPClient, cfg.Logger = "http://log.example", w.dated(true), slog.New(slog.NewTextHandler(&book, nil))
			cfg.AuthV4, cfg.Region = v4, "cn-test"
			cfg.HeartbeatInterval, cfg.FetchInterval = time.Second, time.Second
			s, err := Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			var off atomic.Int64
			s.client.clock.local = func() time.Time { return time.Now().Add(time.Duration(off.Load())) }
			var r receiver
			c := w.start(s, r.handle)
			for _, jump := range []time.Duration{0, time.Hour, -time.Hour, 0} {
				off.Store(int64(jump))
				w.putLogs(slstest.AnyShard, 10)
				time.Sleep(2 * cfg.Timeout)
				if r.count() != w.total() || !w.caughtUp() || w.holds("a") != 2 {
					t.Errorf("%v off: %d of %d logs, %d shards held", jump, r.count(), w.total(), w.holds("a"))
				}
			}
			c.stop()
			if err := c.wait(t); err != nil {
				t.Error(err)
			}
			w.check(1, &r)
			log := book.String()
			if n := strings.Count(log, "clock is not the Log Service's"); n != 3 || !strings.Contains(log, "ahead=1h0m0s") || !strings.Contains(log, "ahead=-1h0m0s") {
				t.Errorf("%d warnings, want one for each jump: %s", n, log)
			}
			if strings.Contains(log, "failed") || strings.Contains(log, "lost") {
				t.Errorf("more than warnings about the clock: %s", log)
			}
		})
	}
}

// A service that refuses the date and does not tell its own stops the run
// after the patience for refusals, with an error that names the clock.
func TestClockUnknown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newSilentWorld(t, 2)
		cfg := w.config("a")
		cfg.Endpoint, cfg.HTTPClient, cfg.Timeout = "http://log.example", w.dated(false), time.Hour
		cfg.HeartbeatInterval, cfg.FetchInterval = time.Second, time.Second
		s, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		s.client.clock.local = func() time.Time { return time.Now().Add(time.Hour) }
		c := w.start(s, (&receiver{}).handle)
		from := time.Now()
		<-c.done
		if code(c.err) != sls.REQUEST_TIME_TOO_SKEWED || !strings.Contains(c.err.Error(), "set this machine's clock") {
			t.Errorf("Run returned %v", c.err)
		}
		if d := time.Since(from); d < running.refused || d > 2*running.refused {
			t.Errorf("it went on for %v", d)
		}
	})
}

// A Date that lies costs one more request a call, and no more.
func TestClockLies(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	cfg := newSilentWorld(t, 1).config("a")
	cfg.Endpoint = "http://log.example"
	cfg.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		lie := time.Now().Add(time.Duration(calls.Add(1)) * time.Hour)
		return answerOf(r, 400, `{"errorCode":"RequestTimeTooSkewed","errorMessage":"no"}`, "Date", lie.UTC().Format(http.TimeFormat)), nil
	})}
	cfg.Logger = slog.New(slog.DiscardHandler)
	_, err := Open(t.Context(), cfg)
	if code(err) != sls.REQUEST_TIME_TOO_SKEWED || calls.Load() != 2 {
		t.Errorf("%d calls: %v", calls.Load(), err)
	}
}

// Calls that were refused together are tried again together, and warn once.
func TestClockOfConcurrentCalls(t *testing.T) {
	t.Parallel()
	c := clock{local: time.Now}
	var out bytes.Buffer
	answer := answerOf(nil, 400, "", "Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
	var all sync.WaitGroup
	errs := make(chan error, 8)
	log := slog.New(slog.NewTextHandler(&out, nil))
	for range 8 {
		all.Go(func() {
			if !c.correct(answer, 0, log) {
				errs <- errors.New("not tried again")
			}
		})
	}
	all.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("%d lines", n)
	}
	if c.correct(answer, c.offset(), log) || c.correct(answerOf(nil, 400, ""), 0, log) {
		t.Error("tried again without news")
	}
}
