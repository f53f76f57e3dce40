package syslog

import (
	"io"
	"net"
	"sync"
	"testing"
)

// TestDeathAfterReading is a receiver that is killed between reading a window
// and writing it down: its kernel ends the connection as it would have done.
func TestDeathAfterReading(t *testing.T) {
	for name, die := range map[string]func(l *net.TCPListener){
		"nobody listens": func(l *net.TCPListener) { _ = l.Close() },
		// The kernel has taken the witness; the receiver never does.
		"reset in the queue": func(l *net.TCPListener) {
			witness, err := l.AcceptTCP()
			if err != nil {
				t.Error(err)
				return
			}
			_ = witness.SetLinger(0)
			_, _ = l.Close(), witness.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				t.Fatal(err)
			}
			var dying sync.WaitGroup
			dying.Go(func() {
				c, err := l.AcceptTCP()
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := io.Copy(io.Discard, c); err != nil {
					t.Error(err)
				}
				if name == "nobody listens" {
					die(l)
					_ = c.Close()
					return
				}
				_ = c.Close()
				die(l)
			})
			addr, _ := l.Addr().(*net.TCPAddr)
			s, err := New(Config{Host: "127.0.0.1", Port: addr.Port}, discardLog())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close() //nolint:errcheck // always nil
			n, err := s.Send(t.Context(), numbered("a", 10))
			dying.Wait()
			wantRetry(t, n, 0, err, "the receiver is gone after its answer")
		})
	}
}
