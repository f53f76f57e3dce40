package main

import (
	"fmt"
	"io"
	"time"

	"github.com/docker/go-units"
	"github.com/schollz/progressbar/v3"

	"github.com/slswasm/slswasm/host"
)

const barSteps = 1000

// showProgress draws a bar on a terminal, with the rate and the time left,
// while a bounded run goes on. The returned function ends it.
func showProgress(w io.Writer, bounded bool, progress func() host.Progress) (stop func()) {
	if !bounded || !isTerminal(w) {
		return func() {}
	}
	bar := progressbar.NewOptions(barSteps,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetElapsedTime(true),
		progressbar.OptionSetWidth(30),
		progressbar.OptionClearOnFinish(),
	)
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		start := time.Now()
		for {
			select {
			case <-quit:
				_ = bar.Clear()
				return
			case <-tick.C:
				p := progress()
				rate := float64(p.Bytes) / time.Since(start).Seconds()
				bar.Describe(fmt.Sprintf("%d logs, %s/s", p.Logs, units.HumanSize(rate)))
				_ = bar.Set(int(p.Done * barSteps))
			}
		}
	}()
	return func() { close(quit); <-done }
}
