package sinks_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slswasm/slswasm/abi"
	"github.com/slswasm/slswasm/sinks"
)

func TestCodeOf(t *testing.T) {
	dial := func(errno syscall.Errno) error {
		return fmt.Errorf("syslog: %w", &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)})
	}
	for _, c := range []struct {
		want string
		err  error
	}{
		{"rejected", rejected("too long")},
		{"400/6", &sinks.Rejected{Reason: "bad", Code: "400/6"}},
		{"503/9", retry(sinks.Coded(errDown, "503/9"), 0)},
		{"403/4", &sinks.Hold{Err: fmt.Errorf("x: %w", sinks.Coded(io.EOF, "403/4"))}},
		{"setting", hold("token")},
		{"other", retry(errDown, 0)},
		{"refused", retry(dial(syscall.ECONNREFUSED), 0)},
		{"network", retry(dial(syscall.EHOSTUNREACH), 0)},
		{"timeout", retry(dial(syscall.ETIMEDOUT), 0)},
		{"timeout", retry(fmt.Errorf("no answer: %w", context.DeadlineExceeded), 0)},
		{"timeout", retry(os.ErrDeadlineExceeded, 0)},
		{"reset", retry(fmt.Errorf("reading: %w", io.ErrUnexpectedEOF), 0)},
		{"reset", retry(dial(syscall.ECONNRESET), 0)},
		{"dns", retry(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "siem"}}, 0)},
		{"tls", &sinks.Hold{Err: x509.UnknownAuthorityError{}}},
		{"tls", &sinks.Hold{Err: &net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}}},
	} {
		if got := sinks.CodeOf(c.err); got != c.want {
			t.Errorf("%v: code %q, want %q", c.err, got, c.want)
		}
	}
}

func TestCodesAreCountedAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &scripted{steps: []step{
			{0, retry(sinks.Coded(errDown, "503/9"), 0)}, {0, retry(sinks.Coded(errDown, "503/9"), 0)},
			{0, hold("token")}, {0, rejected("ugly")},
		}}
		for i := range 100 { // of a receiver that invents codes
			sink.steps = append(sink.steps, step{0, retry(sinks.Coded(errDown, fmt.Sprint(i)), 0)})
		}
		r := sinks.NewRetry(sink, sinks.RetryConfig{}, slog.New(slog.DiscardHandler))
		if err := r.Deliver(t.Context(), numbered(2), new(rejects).add); err != nil {
			t.Fatal(err)
		}
		got := r.Codes()
		if want := []sinks.CodeCount{{Kind: "retry", Code: "503/9", N: 2}, {Kind: "hold", Code: "setting", N: 1}, {Kind: "rejected", Code: "rejected", N: 1}}; !slices.Equal(got[:3], want) {
			t.Errorf("%v, want %v first", got[:3], want)
		}
		if last := got[len(got)-1]; len(got) > 35 || last.Code != sinks.OtherCode || int(last.N) != 100-(len(got)-4) {
			t.Errorf("%d codes, the last %v", len(got), last)
		}
	})
}

// What a sink waits for is told while somebody has something for it, and no
// longer: a shard that went to another consumer leaves nothing to wait for.
func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &scripted{steps: []step{
			{0, retry(sinks.Coded(errDown, "503/9"), 0)}, {0, hold("token")}, {1, hold("token")},
		}}
		r := sinks.NewRetry(sink, sinks.RetryConfig{Initial: time.Minute, Hold: time.Hour}, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Deliver(ctx, numbered(2), func(*abi.Event, string) error { return nil }) }()

		began := time.Now()
		synctest.Wait()
		w, waits := r.Waiting()
		if !waits || w.Code != "503/9" || w.Held || !w.Since.Equal(began) || !errors.Is(w.Err, errDown) {
			t.Errorf("after a retry: %+v, %v", w, waits)
		}
		time.Sleep(2 * time.Minute)
		if w, waits = r.Waiting(); !waits || w.Code != "setting" || !w.Held || !w.Since.Equal(began) {
			t.Errorf("held: %+v, %v", w, waits)
		}
		time.Sleep(80 * time.Minute) // one event gets through, and the next is held
		if w, waits = r.Waiting(); !waits || !w.Held || !w.Since.After(began) {
			t.Errorf("held again: %+v, %v", w, waits)
		}
		cancel()
		<-done
		if w, waits = r.Waiting(); waits {
			t.Errorf("nobody waits, and still: %+v", w)
		}
		if err := r.Deliver(t.Context(), numbered(1), nil); err != nil {
			t.Error(err)
		}
	})
}
