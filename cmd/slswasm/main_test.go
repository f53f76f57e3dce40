package main

import (
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// Two signals at once are one: timeout sends its own to the process, and to the
// group that it is in.
func TestSignals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		after []time.Duration // the first
		leave bool
	}{
		{"one", nil, false},
		{"twice at once", []time.Duration{0}, false},
		{"thrice within the second", []time.Duration{0, 999 * time.Millisecond}, false},
		{"a second one", []time.Duration{time.Second}, true},
		{"a second one after a double", []time.Duration{0, 3 * time.Second}, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			signals, done, left := make(chan os.Signal, 2), make(chan struct{}), make(chan bool, 1)
			stops := 0
			go func() { left <- heed(signals, done, func(os.Signal) { stops++ }) }()
			began := time.Now()
			signals <- syscall.SIGTERM
			for _, d := range c.after {
				time.Sleep(time.Until(began.Add(d))) // of the bubble
				signals <- syscall.SIGTERM
			}
			synctest.Wait()
			close(done)
			if got := <-left; got != c.leave || stops != 1 {
				t.Errorf("%s: left at once: %v, want %v; stopped %d times", c.name, got, c.leave, stops)
			}
		})
	}
}
